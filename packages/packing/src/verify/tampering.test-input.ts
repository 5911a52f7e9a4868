/** Kinds of tampering with a certificate or its inputs: what a verifier must refuse, and by which reasons. */
import type { Certificate, OfferProof } from "../bound/certificate.ts";
import type { RefusalReason } from "./verdict.ts";

/** Drops readonly all the way down, for tampering. */
export type Open<T> = T extends object ? { -readonly [K in keyof T]: Open<T[K]> } : T;
export type OpenCertificate = Open<Certificate>;

export interface Row {
  [field: string]: unknown;
}

/** The three files, parsed. */
export interface Texts {
  types: Row[];
  instances: Row[];
  certificate: OpenCertificate;
}

/** Numbers for choices, the same for the same seed. */
export function choices(seed: number) {
  let state = seed >>> 0;
  return (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function boundOf({ classes, offers }: OpenCertificate["blocks"][number]): bigint {
  const worth = classes.reduce((sum, { dual, demand }) => sum + BigInt(dual) * BigInt(demand), 0n);
  const bounds = offers.flatMap(({ priceMicroUsdPerHour, proof }) =>
    proof.kind === "dominated" || BigInt(proof.z) <= 0n
      ? []
      : [(worth * BigInt(priceMicroUsdPerHour) * 1000n) / BigInt(proof.z)],
  );
  const [least = 0n] = bounds.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return least;
}

/** Fills in hashes and bounds, as somebody would who tampers with the rest and knows the format. */
export const finishBy =
  (sha256: (text: string) => string) =>
  ({ types, instances, certificate }: Texts): Texts => {
    certificate.inputs = {
      typesSha256: sha256(JSON.stringify(types)),
      instancesSha256: sha256(JSON.stringify(instances)),
    };
    let sum = 0n;
    for (const block of certificate.blocks) {
      const bound = boundOf(block);
      block.lowerBound = String(bound);
      sum += bound;
    }
    certificate.lowerBound = String(sum);
    return { types, instances, certificate };
  };

/** Tampers and says what must be said of it; undefined where there is nothing to tamper with. */
export type Tamper = (texts: Texts, draw: (below: number) => number) => readonly RefusalReason[] | undefined;

function pick<T>(from: readonly T[], draw: (below: number) => number): T | undefined {
  return from[draw(Math.max(1, from.length))];
}

const blockOf = ({ certificate }: Texts, draw: (below: number) => number) => pick(certificate.blocks, draw);
const offersOf = ({ certificate }: Texts) => certificate.blocks.flatMap(({ offers }) => offers);
const classesOf = ({ certificate }: Texts) => certificate.blocks.flatMap(({ classes }) => classes);
const add = (text: string, more: number) => String(BigInt(text) + BigInt(more));

function proofs<K extends OfferProof["kind"]>(texts: Texts, kind: K) {
  return offersOf(texts)
    .map(({ proof }) => proof)
    .filter((proof): proof is Open<Extract<OfferProof, { kind: K }>> => proof.kind === kind);
}

/** The liar corrects hashes and bounds afterwards, so that nothing else gives the lie away. */
export const TAMPERED_AND_FINISHED: Readonly<Record<string, Tamper>> = {
  "a dual raised without its z, where a pattern holds it": (texts, draw) => {
    const block = blockOf(texts, draw);
    const proof = pick(block?.offers.map((offer) => offer.proof).filter((one) => one.kind === "exact") ?? [], draw);
    const index = proof?.kind === "exact" ? proof.pattern[0]?.[0] : undefined;
    const one = index === undefined ? undefined : block?.classes[index];
    if (one === undefined) return undefined;
    one.dual = add(one.dual, 1 + draw(5));
    return ["pattern_worth_differs", "relaxation_differs", "z_not_proven"];
  },
  "all duals scaled without their z": (texts) => {
    if (offersOf(texts).every(({ proof }) => proof.kind === "dominated" || proof.z === "0")) return undefined;
    if (proofs(texts, "exact").every(({ z }) => z === "0")) return undefined;
    for (const one of classesOf(texts)) one.dual = String(BigInt(one.dual) * 2n);
    return ["pattern_worth_differs", "relaxation_differs"];
  },
  "an exact z lowered by one unit": (texts, draw) => {
    const proof = pick(
      proofs(texts, "exact").filter(({ z }) => z !== "0"),
      draw,
    );
    if (proof === undefined) return undefined;
    proof.z = add(proof.z, -1);
    return ["pattern_worth_differs"];
  },
  "an exact z lowered with a worse pattern to show for it": (texts, draw) => {
    const block = blockOf(texts, draw);
    const proof = pick(block?.offers.map((offer) => offer.proof).filter((one) => one.kind === "exact") ?? [], draw);
    if (block === undefined || proof?.kind !== "exact") return undefined;
    const taken = proof.pattern.find(([index]) => block.classes[index]?.dual !== "0");
    if (taken === undefined) return undefined;
    proof.z = String(BigInt(proof.z) - BigInt(block.classes[taken[0]]?.dual ?? 0));
    taken[1]--;
    proof.pattern = proof.pattern.filter(([, count]) => count > 0);
    return ["z_not_proven"];
  },
  "an exact z raised by one unit": (texts, draw) => {
    const proof = pick(proofs(texts, "exact"), draw);
    if (proof === undefined) return undefined;
    proof.z = add(proof.z, 1);
    return ["pattern_worth_differs"];
  },
  "a relaxed z lowered by one unit": (texts, draw) => {
    const proof = pick(
      proofs(texts, "relaxed").filter(({ z }) => z !== "0"),
      draw,
    );
    if (proof === undefined) return undefined;
    proof.z = add(proof.z, -1);
    return ["relaxation_differs"];
  },
  "a relaxed z raised by one unit": (texts, draw) => {
    const proof = pick(proofs(texts, "relaxed"), draw);
    if (proof === undefined) return undefined;
    proof.z = add(proof.z, 1);
    return ["relaxation_differs"];
  },
  "a multiplier raised": (texts, draw) => {
    const offer = pick(
      offersOf(texts).filter(({ proof, volumes }) => proof.kind === "relaxed" && volumes > 0),
      draw,
    );
    if (offer?.proof.kind !== "relaxed") return undefined;
    const before = offer.proof.multipliers.volumes;
    // So high that nothing is worth it: the capacity's price is what remains, and that is another.
    offer.proof.multipliers.volumes = add(before, 10 ** 9);
    return ["relaxation_differs"];
  },
  "a pattern with more than fits": (texts, draw) => {
    const offer = pick(
      offersOf(texts).filter(({ proof }) => proof.kind === "exact" && proof.pattern.length > 0),
      draw,
    );
    const taken = offer?.proof.kind === "exact" ? offer.proof.pattern[0] : undefined;
    if (taken === undefined) return undefined;
    taken[1] += 100;
    return ["pattern_does_not_fit"];
  },
  "a pattern of a class that there is not": (texts, draw) => {
    const proof = pick(proofs(texts, "exact"), draw);
    if (proof === undefined) return undefined;
    proof.pattern.push([1_000, 1]);
    return ["pattern_does_not_fit"];
  },
  "a pattern that names a class twice": (texts, draw) => {
    const proof = pick(
      proofs(texts, "exact").filter(({ pattern }) => pattern.length > 0),
      draw,
    );
    if (proof === undefined) return undefined;
    proof.pattern.push([proof.pattern[0]?.[0] ?? 0, 1]);
    return ["pattern_does_not_fit"];
  },
  "a class that may not go to the offer's zone in its pattern": (texts, draw) => {
    for (const { classes, offers } of texts.certificate.blocks) {
      const offer = pick(
        offers.filter(({ proof }) => proof.kind === "exact"),
        draw,
      );
      const index = classes.findIndex(({ zones }) => offer !== undefined && !zones.includes(offer.zone));
      if (offer?.proof.kind !== "exact" || index < 0) continue;
      offer.proof.pattern = [[index, 1]];
      return ["pattern_does_not_fit"];
    }
    return undefined;
  },
  "a class dropped": (texts, draw) => {
    const block = blockOf(texts, draw);
    if (block === undefined) return undefined;
    block.classes.splice(draw(block.classes.length), 1);
    return ["class_missing"];
  },
  "a class twice": (texts, draw) => {
    const block = blockOf(texts, draw);
    const one = pick(block?.classes ?? [], draw);
    if (block === undefined || one === undefined) return undefined;
    block.classes.push({ ...one });
    return ["class_twice"];
  },
  "a class that there is not": (texts, draw) => {
    const block = blockOf(texts, draw);
    const one = pick(block?.classes ?? [], draw);
    if (block === undefined || one === undefined) return undefined;
    block.classes.push({ ...one, memoryMib: one.memoryMib + 1_000 });
    return ["class_unknown"];
  },
  "a class of another size": (texts, draw) => {
    const one = pick(classesOf(texts), draw);
    if (one === undefined) return undefined;
    one.cpuMilli += 1_000;
    return ["class_unknown", "class_missing"];
  },
  "a class of other zones": (texts, draw) => {
    const one = pick(classesOf(texts), draw);
    if (one === undefined) return undefined;
    one.zones = [...one.zones, "z"];
    return ["class_unknown", "class_missing"];
  },
  "demand raised in the certificate": (texts, draw) => {
    const one = pick(classesOf(texts), draw);
    if (one === undefined) return undefined;
    one.demand++;
    return ["demand_differs"];
  },
  "demand lowered in the instances": (texts, draw) => {
    const { instances } = texts;
    if (instances.length < 2) return undefined;
    instances.splice(draw(instances.length), 1);
    return ["demand_differs", "class_unknown", "zones_differ"];
  },
  "an instance of another size": (texts, draw) => {
    const row = pick(texts.instances, draw);
    if (row === undefined) return undefined;
    row.cpuMilli = 5_000;
    return ["demand_differs", "class_unknown", "class_missing"];
  },
  "an instance of another zone": (texts, draw) => {
    const row = pick(texts.instances, draw);
    if (row === undefined) return undefined;
    delete row.zones;
    row.zone = "z";
    return ["zones_differ"];
  },
  "a price in the certificate": (texts, draw) => {
    const offer = pick(offersOf(texts), draw);
    if (offer === undefined) return undefined;
    offer.priceMicroUsdPerHour++;
    return ["price_differs"];
  },
  "a price in the types": (texts, draw) => {
    const row = pick(
      texts.types.filter(({ name }) => offersOf(texts).some(({ type }) => type === name)),
      draw,
    );
    if (row === undefined) return undefined;
    if ("price" in row) row.price = 77.25;
    else row.priceMicroUsdPerHour = 77_250_000;
    return ["price_differs"];
  },
  "a capacity in the certificate": (texts, draw) => {
    const offer = pick(offersOf(texts), draw);
    const dimension = pick(["cpuMilli", "memoryMib", "volumes", "instances"] as const, draw);
    if (offer === undefined || dimension === undefined) return undefined;
    offer[dimension]++;
    return ["capacity_differs"];
  },
  "a capacity in the types": (texts, draw) => {
    const row = pick(
      texts.types.filter(({ name }) => offersOf(texts).some(({ type }) => type === name)),
      draw,
    );
    if (row === undefined) return undefined;
    row.cpuMilli = 1 + Number(row.cpuMilli);
    return ["capacity_differs"];
  },
  "an offer dropped": (texts, draw) => {
    const block = pick(
      texts.certificate.blocks.filter(({ offers }) => offers.length > 0),
      draw,
    );
    if (block === undefined) return undefined;
    block.offers.splice(draw(block.offers.length), 1);
    return ["offer_missing"];
  },
  "an offer that there is not": (texts, draw) => {
    const block = pick(
      texts.certificate.blocks.filter(({ offers }) => offers.length > 0),
      draw,
    );
    const offer = pick(block?.offers ?? [], draw);
    if (block === undefined || offer === undefined) return undefined;
    block.offers.push({ ...offer, type: "other" });
    return ["offer_unknown"];
  },
  "an offer twice": (texts, draw) => {
    const block = pick(
      texts.certificate.blocks.filter(({ offers }) => offers.length > 0),
      draw,
    );
    const offer = pick(block?.offers ?? [], draw);
    if (block === undefined || offer === undefined) return undefined;
    block.offers.push({ ...offer });
    return ["offer_twice"];
  },
  "an offer in a zone where it is not": (texts, draw) => {
    const offer = pick(offersOf(texts), draw);
    if (offer === undefined) return undefined;
    offer.zone = "z";
    return ["offer_unknown", "offer_missing"];
  },
  "an offer dominated by itself": (texts, draw) => {
    const offer = pick(offersOf(texts), draw);
    if (offer === undefined) return undefined;
    offer.proof = { kind: "dominated", by: offer.type };
    return ["not_dominated"];
  },
  "an offer dominated by one that there is not": (texts, draw) => {
    const offer = pick(offersOf(texts), draw);
    if (offer === undefined) return undefined;
    offer.proof = { kind: "dominated", by: "other" };
    return ["not_dominated"];
  },
  "an offer dominated by a dearer one": (texts) => {
    const offers = offersOf(texts);
    for (const offer of offers) {
      const dearer = offers.find(
        (one) => one.zone === offer.zone && one.priceMicroUsdPerHour > offer.priceMicroUsdPerHour,
      );
      if (dearer === undefined) continue;
      offer.proof = { kind: "dominated", by: dearer.type };
      return ["not_dominated"];
    }
    return undefined;
  },
  "blocks that were joined": ({ certificate }) => {
    const [first, second, ...others] = certificate.blocks;
    if (first === undefined || second === undefined) return undefined;
    certificate.blocks = [
      {
        zones: [...first.zones, ...second.zones].sort(),
        classes: [...first.classes, ...second.classes],
        offers: [...first.offers, ...second.offers],
        lowerBound: "0",
      },
      ...others,
    ];
    return ["zones_differ"];
  },
  "a block dropped": ({ certificate }, draw) => {
    certificate.blocks.splice(draw(certificate.blocks.length), 1);
    return ["zones_differ"];
  },
};

/** Nothing is corrected afterwards. */
export const TAMPERED: Readonly<Record<string, Tamper>> = {
  "the bound raised by one unit": ({ certificate }) => {
    certificate.lowerBound = add(certificate.lowerBound, 1);
    return ["bound_does_not_follow"];
  },
  "the bound lowered by one unit": ({ certificate }) => {
    if (certificate.lowerBound === "0") return undefined;
    certificate.lowerBound = add(certificate.lowerBound, -1);
    return ["bound_does_not_follow"];
  },
  "a block's bound raised by one unit, and the whole with it": ({ certificate }, draw) => {
    const block = pick(certificate.blocks, draw);
    if (block === undefined) return undefined;
    block.lowerBound = add(block.lowerBound, 1);
    certificate.lowerBound = add(certificate.lowerBound, 1);
    return ["bound_does_not_follow"];
  },
  "a block's bound lowered by one unit": ({ certificate }, draw) => {
    const block = pick(
      certificate.blocks.filter(({ lowerBound }) => lowerBound !== "0"),
      draw,
    );
    if (block === undefined) return undefined;
    block.lowerBound = add(block.lowerBound, -1);
    return ["bound_does_not_follow"];
  },
  "the hash of the types": ({ certificate: { inputs } }) => {
    inputs.typesSha256 = "0".repeat(64);
    return ["hash_differs"];
  },
  "the hash of the instances": ({ certificate: { inputs } }) => {
    inputs.instancesSha256 = inputs.typesSha256;
    return ["hash_differs"];
  },
  "an input that says the same in other bytes": ({ types }) => {
    types.forEach((row) => {
      row.comment = "the same";
    });
    return ["hash_differs"];
  },
};
