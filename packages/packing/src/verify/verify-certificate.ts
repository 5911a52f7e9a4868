import { compareClaim } from "./compare-claim.ts";
import { deriveBlocks } from "./derive-blocks.ts";
import { deriveBound } from "./derive-bound.ts";
import { FormatError } from "./fields.ts";
import type { SearchLimits } from "./find-better-pattern.ts";
import { proveOffers } from "./prove-offers.ts";
import { type ReadCase, readCase } from "./read-case.ts";
import { type Claim, readCertificate } from "./read-certificate.ts";
import { JsonError } from "./read-json.ts";
import type { Refusal, Verdict } from "./verdict.ts";

export interface VerifyInput {
  readonly typesText: string;
  readonly instancesText: string;
  readonly certificateText: string;
  /** SHA-256 of a text's UTF-8 bytes in lower-case hexadecimal. */
  readonly sha256: (text: string) => string;
  /** What one exact proof may cost. */
  readonly limits?: SearchLimits;
}

/** Shown of many: who reads a refused certificate needs the kind of fault, not each instance of it. */
const MOST_REFUSALS = 50;

/**
 * Whether a certificate is true of two files, by this folder alone: it shares no code with what makes certificates.
 *
 * Everything is derived again from the files and compared, each z is proven anew, and the bound that follows must be the
 * claimed one to the nano-dollar. Integers only. Later steps rest on earlier ones, so the first step that refuses (of the
 * blocks' proofs, the first block) is the last; it gives all its refusals, up to 50.
 */
export function verifyCertificate(input: VerifyInput): Verdict {
  const read = readTexts(input);
  if ("refusals" in read) return refuse(read.refusals);
  const { claim, given } = read;
  const steps: readonly (() => readonly Refusal[])[] = [
    () => compareHashes(input, claim),
    () => compareClaim(claim, deriveBlocks(given)),
    ...claim.blocks.map((block) => () => proveOffers(block, input.limits)),
    () => compareBounds(claim),
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

function readTexts(input: VerifyInput): { claim: Claim; given: ReadCase } | { refusals: readonly Refusal[] } {
  let object = "types.json or instances.json";
  try {
    const given = readCase(input.typesText, input.instancesText);
    object = "certificate.json";
    return { given, claim: readCertificate(input.certificateText) };
  } catch (error) {
    if (!(error instanceof JsonError || error instanceof FormatError)) throw error;
    return { refusals: [{ reason: "malformed", object, because: error.message }] };
  }
}

function compareHashes({ typesText, instancesText, sha256 }: VerifyInput, claim: Claim): readonly Refusal[] {
  return (
    [
      ["types.json", sha256(typesText), claim.typesSha256],
      ["instances.json", sha256(instancesText), claim.instancesSha256],
    ] as const
  ).flatMap(([object, actual, claimed]) =>
    actual === claimed ? [] : [{ reason: "hash_differs", object, because: `is ${actual}, claimed is ${claimed}` }],
  );
}

function compareBounds(claim: Claim): readonly Refusal[] {
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
    const derived = deriveBound(block);
    compare(`blocks[${index}].lowerBound`, block.lowerBound, derived);
    sum += derived;
  });
  compare("lowerBound", claim.lowerBound, sum);
  return refusals;
}
