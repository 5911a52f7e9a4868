/** Why a certificate is refused. One closed list: the command prints it, tests share it. */
export const REFUSAL_REASONS = [
  /** A text is not JSON, or not of its format: `object` names the file and the place. */
  "malformed",
  /** The certificate speaks of other files. */
  "hash_differs",
  "zones_differ",
  "class_missing",
  "class_unknown",
  "class_twice",
  "demand_differs",
  "offer_missing",
  "offer_unknown",
  "offer_twice",
  "price_differs",
  "capacity_differs",
  /** The certificate values commitments that the file does not have, or leaves some out. */
  "commitments_differ",
  /** The pattern of an exact proof breaks a capacity, a demand or a zone, or names no class. */
  "pattern_does_not_fit",
  /** The pattern fits and is not worth z. */
  "pattern_worth_differs",
  /** A better pattern exists. */
  "z_not_proven",
  "relaxation_differs",
  /** The offer named as better costs more, has less of something, is not there, or leads back to the offer itself. */
  "not_dominated",
  /** Amounts that the tables of a proof cannot hold exactly. */
  "amounts_too_large",
  /** The budget of a proof was spent: it may be right, and was not shown to be. */
  "proof_too_long",
  "bound_does_not_follow",
] as const;

export type RefusalReason = (typeof REFUSAL_REASONS)[number];

export interface Refusal {
  readonly reason: RefusalReason;
  /** What it concerns, as `certificate.json blocks[0].classes[3].demand` or `m5.xlarge in us-east-1a`. */
  readonly object: string;
  /** What was found and what was expected. */
  readonly because: string;
}

export type Verdict =
  | { readonly verified: true; readonly lowerBoundNanoUsdPerHour: bigint }
  | { readonly verified: false; readonly refusals: readonly Refusal[] };
