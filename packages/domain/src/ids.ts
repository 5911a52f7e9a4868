import { err, ok, type Result } from "./result.ts";

/** Prefix of each kind of id. An id is `<prefix>_<26 characters>`, a TypeID: base32 of a UUIDv7, so ids sort by age. */
export const ID_PREFIXES = {
  organization: "org",
  project: "prj",
  apiKey: "key",
  member: "mem",
  invitation: "inv",
  cluster: "cl",
  release: "rel",
  component: "cmp",
  instance: "ins",
  credential: "crd",
  operation: "op",
  event: "evt",
  auditEvent: "aud",
  kube: "kub",
  pool: "pool",
  machine: "mac",
  launch: "lch",
  decision: "dec",
  priceBook: "pbk",
  commitment: "cmt",
  reservationPlan: "rsp",
  reservationPurchase: "rpu",
  priceReading: "prd",
  rebalancePlan: "rbp",
  packingStudy: "stu",
  request: "req",
  run: "run",
} as const;

export type IdKind = keyof typeof ID_PREFIXES;

/** An id of one kind: the brand keeps a project's id from passing as a cluster's. */
export type Id<K extends IdKind> = string & { readonly __kind: K };

export type OrganizationId = Id<"organization">;
export type ProjectId = Id<"project">;
export type ApiKeyId = Id<"apiKey">;
export type MemberId = Id<"member">;
export type InvitationId = Id<"invitation">;
export type ClusterId = Id<"cluster">;
export type ReleaseId = Id<"release">;
export type ComponentId = Id<"component">;
export type InstanceId = Id<"instance">;
export type CredentialId = Id<"credential">;
export type OperationId = Id<"operation">;
export type EventId = Id<"event">;
export type KubeId = Id<"kube">;
export type PoolId = Id<"pool">;
export type MachineId = Id<"machine">;
export type LaunchId = Id<"launch">;
export type DecisionId = Id<"decision">;
export type PriceBookId = Id<"priceBook">;
export type CommitmentId = Id<"commitment">;
export type ReservationPlanId = Id<"reservationPlan">;
export type ReservationPurchaseId = Id<"reservationPurchase">;
export type PriceReadingId = Id<"priceReading">;
export type RebalancePlanId = Id<"rebalancePlan">;
export type PackingStudyId = Id<"packingStudy">;
export type RunId = Id<"run">;

/** Makes new ids. Chance and time stay outside the pure packages, so this is an argument. */
export interface IdSource {
  next<K extends IdKind>(kind: K): Id<K>;
}

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
// 128 bits in 26 characters of five leave two spare bits: the first character is at most 7.
const SUFFIX = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;

export interface InvalidId {
  readonly kind: "invalid_id";
  readonly expected: string;
}

/** Whether the text is a well-formed id of this kind; says nothing of whether such a thing exists. */
export function isId<K extends IdKind>(kind: K, text: string): text is Id<K> {
  const prefix = `${ID_PREFIXES[kind]}_`;
  return text.startsWith(prefix) && SUFFIX.test(text.slice(prefix.length));
}

export function parseId<K extends IdKind>(kind: K, text: string): Result<Id<K>, InvalidId> {
  return isId(kind, text) ? ok(text) : err({ kind: "invalid_id", expected: `${ID_PREFIXES[kind]}_…` });
}

/** The id of a UUID given as 32 hexadecimal digits, dashes allowed. Throws when it is none: only our own sources call this. */
export function idFromUuid<K extends IdKind>(kind: K, uuid: string): Id<K> {
  const hex = uuid.replaceAll("-", "");
  if (!/^[0-9a-fA-F]{32}$/.test(hex)) throw new TypeError("a UUID has 32 hexadecimal digits");
  let value = BigInt(`0x${hex}`);
  let suffix = "";
  for (let position = 0; position < 26; position++) {
    suffix = ALPHABET.charAt(Number(value & 31n)) + suffix;
    value >>= 5n;
  }
  return `${ID_PREFIXES[kind]}_${suffix}` as Id<K>;
}

/** The 26 characters after the prefix: lower-case letters and digits, so a legal part of a DNS name. */
export function suffixOf(id: string): string {
  return id.slice(id.indexOf("_") + 1);
}
