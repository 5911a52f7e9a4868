import { classKey, type DerivedBlock, offerKey } from "./derive-blocks.ts";
import type { Claim, ClaimedBlock, ClaimedOffer } from "./read-certificate.ts";
import type { Refusal } from "./verdict.ts";

/** Every field of the certificate that speaks of the input files, against what they say. */
export function compareClaim(claim: Claim, derived: readonly DerivedBlock[]): readonly Refusal[] {
  const zonesOf = (blocks: readonly { readonly zones: readonly string[] }[]) =>
    JSON.stringify(blocks.map(({ zones }) => zones));
  if (zonesOf(claim.blocks) !== zonesOf(derived)) {
    const because = `has ${zonesOf(claim.blocks)}, the files give ${zonesOf(derived)}`;
    return [{ reason: "zones_differ", object: "blocks", because }];
  }
  return derived.flatMap((block, index) => {
    const claimed = claim.blocks[index];
    return claimed === undefined ? [] : [...compareClasses(claimed, block, index), ...compareOffers(claimed, block)];
  });
}

function compareClasses(claimed: ClaimedBlock, { demand }: DerivedBlock, block: number): readonly Refusal[] {
  const refusals: Refusal[] = [];
  const seen = new Set<string>();
  claimed.classes.forEach((one, index) => {
    const key = classKey(one);
    const object = `blocks[${block}].classes[${index}]`;
    const expected = demand.get(key);
    if (expected === undefined) {
      refusals.push({ reason: "class_unknown", object, because: `the files have no instance of ${key}` });
    } else if (seen.has(key)) {
      refusals.push({ reason: "class_twice", object, because: `${key} was there before` });
    } else if (one.demand !== expected) {
      refusals.push({ reason: "demand_differs", object, because: `has ${one.demand}, the files give ${expected}` });
    }
    seen.add(key);
  });
  for (const key of demand.keys()) {
    if (seen.has(key)) continue;
    refusals.push({ reason: "class_missing", object: `blocks[${block}].classes`, because: `no class is ${key}` });
  }
  return refusals;
}

function compareOffers(claimed: ClaimedBlock, { offers }: DerivedBlock): readonly Refusal[] {
  const refusals: Refusal[] = [];
  const seen = new Set<string>();
  for (const offer of claimed.offers) {
    const key = offerKey(offer.type, offer.zone);
    const object = nameOffer(offer);
    const expected = offers.get(key);
    if (expected === undefined) {
      refusals.push({ reason: "offer_unknown", object, because: "the files have no such type there" });
      continue;
    }
    if (seen.has(key)) refusals.push({ reason: "offer_twice", object, because: "was there before" });
    seen.add(key);
    if (offer.priceMicroUsdPerHour !== expected.priceMicroUsdPerHour) {
      const because = `has ${offer.priceMicroUsdPerHour}, the files give ${expected.priceMicroUsdPerHour}`;
      refusals.push({ reason: "price_differs", object, because });
    }
    for (const dimension of ["cpuMilli", "memoryMib", "volumes", "instances"] as const) {
      if (offer[dimension] === expected[dimension]) continue;
      const because = `has ${dimension} ${offer[dimension]}, the files give ${expected[dimension]}`;
      refusals.push({ reason: "capacity_differs", object, because });
    }
  }
  for (const key of offers.keys()) {
    if (!seen.has(key)) refusals.push({ reason: "offer_missing", object: key, because: "no offer of the block is it" });
  }
  return refusals;
}

export function nameOffer({ type, zone }: Pick<ClaimedOffer, "type" | "zone">): string {
  return `${type} in ${zone}`;
}
