import { compareClaim } from "./compare-claim.ts";
import { deriveBlocks } from "./derive-blocks.ts";
import { deriveBound } from "./derive-bound.ts";
import { FormatError } from "./fields.ts";
import type { SearchLimits } from "./find-better-pattern.ts";
import { lowerPrice, type PriceOf } from "./price-steps.ts";
import { proveOffers } from "./prove-offers.ts";
import { type ReadCase, readCase } from "./read-case.ts";
import { type Claim, readCertificate } from "./read-certificate.ts";
import { type ReadCommitment, readCommitments } from "./read-commitments.ts";
import { JsonError } from "./read-json.ts";
import type { Refusal, Verdict } from "./verdict.ts";

export interface VerifyInput {
  readonly typesText: string;
  readonly instancesText: string;
  /** undefined: nothing is paid for already. */
  readonly commitmentsText?: string | undefined;
  readonly certificateText: string;
  /** SHA-256 of a text's UTF-8 bytes in lower-case hexadecimal. */
  readonly sha256: (text: string) => string;
  /** What one exact proof may cost. */
  readonly limits?: SearchLimits;
}

/** Shown of many: who reads a refused certificate needs the kind of fault, not each instance of it. */
const MOST_REFUSALS = 50;

/**
 * Whether a certificate is true of its files, by this folder alone: it shares no code with what makes certificates.
 *
 * Everything is derived again from the files and compared, each z is proven anew, and the bound that follows must be the
 * claimed one to the nano-dollar. Integers only. Later steps rest on earlier ones, so the first step that refuses (of the
 * blocks' proofs, the first block) is the last; it gives all its refusals, up to 50.
 */
export function verifyCertificate(input: VerifyInput): Verdict {
  const read = readTexts(input);
  if ("refusals" in read) return refuse(read.refusals);
  const { claim, given, commitments } = read;
  const priceOf = lowerPrice(
    commitments,
    claim.commitments.map(({ value }) => value),
  );
  const steps: readonly (() => readonly Refusal[])[] = [
    () => compareHashes(input, claim),
    () => compareCommitments(claim, commitments),
    () => compareClaim(claim, deriveBlocks(given)),
    ...claim.blocks.map((block) => () => proveOffers(block, priceOf, input.limits)),
    () => compareBounds(claim, commitments, priceOf),
  ];
  for (const step of steps) {
    const refusals = step();
    if (refusals.length > 0) return refuse(refusals);
  }
  return { verified: true, lowerBoundNanoUsdPerHour: claim.lowerBound };
}

function refuse(refusals: readonly Refusal[]): Verdict {
  return { verified: false, refusals: refusals.slice(0, MOST_REFUSALS) };
}

interface Read {
  readonly claim: Claim;
  readonly given: ReadCase;
  readonly commitments: readonly ReadCommitment[];
}

function readTexts(input: VerifyInput): Read | { refusals: readonly Refusal[] } {
  let object = "types.json or instances.json";
  try {
    const given = readCase(input.typesText, input.instancesText);
    object = "commitments.json";
    const commitments = input.commitmentsText === undefined ? [] : readCommitments(input.commitmentsText, given.types);
    object = "certificate.json";
    return { given, commitments, claim: readCertificate(input.certificateText) };
  } catch (error) {
    if (!(error instanceof JsonError || error instanceof FormatError)) throw error;
    return { refusals: [{ reason: "malformed", object, because: error.message }] };
  }
}

function compareHashes(input: VerifyInput, claim: Claim): readonly Refusal[] {
  const { typesText, instancesText, commitmentsText, sha256 } = input;
  const commitments = commitmentsText === undefined ? undefined : sha256(commitmentsText);
  return (
    [
      ["types.json", sha256(typesText), claim.typesSha256],
      ["instances.json", sha256(instancesText), claim.instancesSha256],
      ["commitments.json", commitments, claim.commitmentsSha256],
    ] as const
  ).flatMap(([object, actual, claimed]) =>
    actual === claimed
      ? []
      : [{ reason: "hash_differs", object, because: `is ${actual ?? "none"}, claimed is ${claimed ?? "none"}` }],
  );
}

function compareCommitments(claim: Claim, commitments: readonly ReadCommitment[]): readonly Refusal[] {
  const namesOf = (all: readonly { readonly name: string }[]) => JSON.stringify(all.map(({ name }) => name));
  if (namesOf(claim.commitments) === namesOf(commitments)) return [];
  const because = `has ${namesOf(claim.commitments)}, the file gives ${namesOf(commitments)}`;
  return [{ reason: "commitments_differ", object: "commitments", because }];
}

/** The bound of the case: the blocks' in sum, less what the units of all commitments are worth; no less than 0. */
function compareBounds(claim: Claim, commitments: readonly ReadCommitment[], priceOf: PriceOf): readonly Refusal[] {
  let sum = 0n;
  const refusals: Refusal[] = [];
  const compare = (object: string, claimed: bigint, derived: bigint) => {
    if (claimed === derived) return;
    refusals.push({
      reason: "bound_does_not_follow",
      object,
      because: `claimed is ${claimed}, what follows is ${derived}`,
    });
  };
  claim.blocks.forEach((block, index) => {
    const derived = deriveBound(block, priceOf);
    compare(`blocks[${index}].lowerBound`, block.lowerBound, derived);
    sum += derived;
  });
  commitments.forEach(({ units }, index) => {
    sum -= BigInt(units) * (claim.commitments[index]?.value ?? 0n);
  });
  compare("lowerBound", claim.lowerBound, sum > 0n ? sum : 0n);
  return refusals;
}
