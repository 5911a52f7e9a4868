import { nameOffer } from "./compare-claim.ts";
import { findBetterPattern, type SearchLimits } from "./find-better-pattern.ts";
import type { PriceOf } from "./price-steps.ts";
import { whyNotDominated } from "./prove-dominated.ts";
import { type RelaxedOffer, relaxationsOf } from "./prove-relaxed.ts";
import type { ClaimedBlock, ClaimedClass, ClaimedOffer, ExactProof } from "./read-certificate.ts";
import type { Refusal, RefusalReason } from "./verdict.ts";

/** Proves each z of a block, zone by zone; gives what could not be proven. The first proof that takes too long is the last. */
export function proveOffers(
  block: ClaimedBlock,
  priceOf: PriceOf,
  limits: SearchLimits | undefined,
): readonly Refusal[] {
  const refusals: Refusal[] = [];
  for (const zone of block.zones) {
    const offers = block.offers.filter((offer) => offer.zone === zone);
    const classes = block.classes.filter((one) => one.zones.includes(zone));
    refusals.push(...proveDominated(offers, classes, priceOf), ...proveRelaxed(offers, classes));
    for (const offer of offers) {
      refusals.push(...proveExact(offer, block.classes, limits));
      if (refusals.some(({ reason }) => reason === "proof_too_long")) return refusals;
    }
  }
  return refusals;
}

function proveDominated(
  offers: readonly ClaimedOffer[],
  classes: readonly ClaimedClass[],
  priceOf: PriceOf,
): readonly Refusal[] {
  const byType = new Map(offers.map((offer) => [offer.type, offer]));
  return offers.flatMap((offer) => {
    const because = whyNotDominated(offer, byType, classes, priceOf);
    return because === undefined ? [] : [refusal("not_dominated", offer, because)];
  });
}

function proveRelaxed(offers: readonly ClaimedOffer[], classes: readonly ClaimedClass[]): readonly Refusal[] {
  const relaxed = offers.filter((offer): offer is RelaxedOffer => offer.proof.kind === "relaxed");
  const values = relaxationsOf(relaxed, classes);
  return relaxed.flatMap((offer, index) => {
    const value = values[index] ?? "proof_too_long";
    if (typeof value === "string") return [refusal(value, offer, "its table was not made")];
    if (value === offer.proof.z) return [];
    return [refusal("relaxation_differs", offer, `z is ${offer.proof.z}, the relaxation's value ${value}`)];
  });
}

function proveExact(
  offer: ClaimedOffer,
  classes: readonly ClaimedClass[],
  limits: SearchLimits | undefined,
): readonly Refusal[] {
  const { proof } = offer;
  if (proof.kind !== "exact") return [];
  const unfit = whyPatternDoesNotFit(offer, proof, classes);
  if (unfit !== undefined) return [refusal("pattern_does_not_fit", offer, unfit)];
  const worth = sumOf(proof, classes, ({ dual }) => dual);
  if (worth !== proof.z) {
    return [refusal("pattern_worth_differs", offer, `z is ${proof.z}, the pattern is worth ${worth}`)];
  }
  const local = classes.filter((one) => one.zones.includes(offer.zone));
  const better = findBetterPattern(local, offer, proof.z, limits);
  switch (better.outcome) {
    case "none":
      return [];
    case "found":
      return [refusal("z_not_proven", offer, `z is ${proof.z}, a pattern is worth ${better.worth}`)];
    default:
      return [refusal(better.outcome, offer, "its search ended early")];
  }
}

function whyPatternDoesNotFit(
  offer: ClaimedOffer,
  proof: ExactProof,
  classes: readonly ClaimedClass[],
): string | undefined {
  const seen = new Set<number>();
  for (const { classIndex, count } of proof.pattern) {
    const one = classes[classIndex];
    if (one === undefined) return `there is no class ${classIndex}`;
    if (seen.has(classIndex)) return `class ${classIndex} is there twice`;
    seen.add(classIndex);
    if (!one.zones.includes(offer.zone)) return `class ${classIndex} may not go there`;
    if (count < 1 || count > one.demand)
      return `class ${classIndex} is there ${count} times, its demand is ${one.demand}`;
  }
  const takes = {
    cpuMilli: sumOf(proof, classes, (one) => BigInt(one.cpuMilli)),
    memoryMib: sumOf(proof, classes, (one) => BigInt(one.memoryMib)),
    volumes: sumOf(proof, classes, (one) => BigInt(one.volumes)),
    instances: sumOf(proof, classes, () => 1n),
  };
  for (const dimension of ["cpuMilli", "memoryMib", "volumes", "instances"] as const) {
    if (takes[dimension] > offer[dimension]) return `takes ${takes[dimension]} ${dimension} of ${offer[dimension]}`;
  }
  return undefined;
}

function sumOf({ pattern }: ExactProof, classes: readonly ClaimedClass[], of: (one: ClaimedClass) => bigint): bigint {
  return pattern.reduce((sum, { classIndex, count }) => {
    const one = classes[classIndex];
    return one === undefined ? sum : sum + BigInt(count) * of(one);
  }, 0n);
}

function refusal(reason: RefusalReason, offer: ClaimedOffer, because: string): Refusal {
  return { reason, object: nameOffer(offer), because };
}
