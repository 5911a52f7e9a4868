import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Certificate, CertificateClass, CertificateOffer, OfferProof } from "../bound/certificate.ts";
import type { RefusalReason, Verdict } from "./verdict.ts";
import { verifyCertificate } from "./verify-certificate.ts";

const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");

/** Drops readonly all the way down, for tampering. */
type Open<T> = T extends object ? { -readonly [K in keyof T]: Open<T[K]> } : T;
type OpenCertificate = Open<Certificate>;

interface Row {
  [field: string]: unknown;
}

interface Texts {
  types: Row[];
  instances: Row[];
  certificate: OpenCertificate;
}

function verdictOf({ types, instances, certificate }: Texts): Verdict {
  return verifyCertificate({
    typesText: JSON.stringify(types),
    instancesText: JSON.stringify(instances),
    certificateText: JSON.stringify(certificate),
    sha256,
  });
}

function reasonsOf(verdict: Verdict): readonly RefusalReason[] {
  return verdict.verified ? [] : [...new Set(verdict.refusals.map(({ reason }) => reason))];
}

// Random cases, in both formats.

interface Facts {
  readonly types: readonly {
    readonly price: number;
    readonly cpu: number;
    readonly memory: number;
    readonly volumes: number;
    readonly slots: number;
    readonly zones: readonly string[];
  }[];
  readonly instances: readonly {
    readonly cpu: number;
    readonly memory: number;
    readonly volumes: number;
    readonly zones: readonly string[];
  }[];
  readonly isKarpenters: boolean;
}

const ZONES = ["a", "b", "c"];
const someZones = fc.subarray(ZONES, { minLength: 1 });

const facts: fc.Arbitrary<Facts> = fc.record({
  types: fc.array(
    fc.record({
      price: fc.oneof(fc.integer({ min: 1, max: 3_000_000 }), fc.constant(0), fc.constant(192_000)),
      cpu: fc.integer({ min: 0, max: 40 }),
      memory: fc.integer({ min: 0, max: 60 }),
      volumes: fc.nat({ max: 6 }),
      slots: fc.integer({ min: 0, max: 5 }),
      zones: someZones,
    }),
    { minLength: 1, maxLength: 5 },
  ),
  instances: fc.array(
    fc.record({
      cpu: fc.constantFrom(1, 4, 9),
      memory: fc.constantFrom(3, 8, 16),
      volumes: fc.constantFrom(1, 2),
      // None: anywhere.
      zones: fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...ZONES).map((zone) => [zone]) },
        { weight: 1, arbitrary: fc.constantFrom(["a", "b"], ["b", "a"], ["b", "c"], []) },
      ),
    }),
    { minLength: 1, maxLength: 9 },
  ),
  isKarpenters: fc.boolean(),
});

function filesOf({ types, instances, isKarpenters }: Facts): Pick<Texts, "types" | "instances"> {
  return {
    types: types.map(({ price, cpu, memory, volumes, slots, zones }, index) =>
      isKarpenters
        ? {
            name: `t${index}`,
            cpuMilli: cpu + 7,
            memMiB: memory + 5,
            pods: slots,
            reservedCpuMilli: 7,
            reservedMemMiB: 5,
            price: price / 1e6,
            zones,
          }
        : {
            name: `t${index}`,
            priceMicroUsdPerHour: price,
            cpuMilli: cpu,
            memoryMib: memory,
            volumes,
            instances: slots,
            zones,
          },
    ),
    instances: instances.map(({ cpu, memory, volumes, zones }, index) => ({
      name: `i${index}`,
      cpuMilli: cpu,
      ...(isKarpenters ? { memMiB: memory } : { memoryMib: memory, volumes, cluster: "c", tenant: "t" }),
      ...(zones.length === 1 ? { zone: zones[0] } : zones.length > 1 && !isKarpenters ? { zones } : {}),
    })),
  };
}

// An honest maker, slow and plain: its z are found by trying every set.

/** Numbers for the maker's choices, the same for the same seed. */
function choices(seed: number) {
  let state = seed >>> 0;
  return (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function classesIn({ instances, types, isKarpenters }: Facts, draw: (below: number) => number): CertificateClass[] {
  const everywhere = [...new Set(types.flatMap(({ zones }) => zones))].sort();
  const classes = new Map<string, Open<CertificateClass>>();
  for (const { cpu, memory, volumes, zones } of instances) {
    const named = zones.length === 1 ? zones : zones.length > 1 && !isKarpenters ? [...zones].sort() : everywhere;
    const one = { cpuMilli: cpu, memoryMib: memory, volumes: isKarpenters ? 0 : volumes, zones: [...named] };
    const key = JSON.stringify(one);
    const dual = draw(4) === 0 ? 0 : draw(2) === 0 ? 1 + draw(9) : cpu * 30_000 + memory * 4_000 + draw(20_000);
    const known = classes.get(key) ?? { ...one, demand: 0, dual: String(dual) };
    known.demand++;
    classes.set(key, known);
  }
  return [...classes.values()];
}

/** Zones that classes join, by merging until nothing changes. */
function zoneGroups(classes: readonly CertificateClass[]): string[][] {
  const groupOf = new Map(classes.flatMap(({ zones }) => zones).map((zone) => [zone, zone]));
  for (let changed = true; changed; ) {
    changed = false;
    for (const { zones } of classes) {
      const first = zones.map((zone) => groupOf.get(zone) ?? zone).sort()[0] ?? "";
      for (const zone of zones) {
        if (groupOf.get(zone) === first) continue;
        groupOf.set(zone, first);
        changed = true;
      }
    }
  }
  const names = [...new Set(groupOf.values())].sort();
  return names.map((name) => [...groupOf.keys()].filter((zone) => groupOf.get(zone) === name).sort());
}

interface Thing {
  readonly sizes: readonly bigint[];
  readonly most: number;
  readonly value: bigint;
}

function bestByTrying(things: readonly Thing[], room: readonly bigint[]): { value: bigint; counts: number[] } {
  const [thing, ...others] = things;
  if (thing === undefined) return { value: 0n, counts: [] };
  let best = { value: -1n, counts: [] as number[] };
  for (let count = 0; count <= thing.most; count++) {
    const left = room.map((amount, d) => amount - BigInt(count) * (thing.sizes[d] ?? 0n));
    if (left.some((amount) => amount < 0n)) break;
    const rest = bestByTrying(others, left);
    const value = rest.value + BigInt(count) * thing.value;
    if (value > best.value) best = { value, counts: [count, ...rest.counts] };
  }
  return best;
}

type Offer = Omit<CertificateOffer, "proof">;

function exactProof(offer: Offer, classes: readonly CertificateClass[]): OfferProof {
  const { value, counts } = bestByTrying(
    classes.map((one) => ({
      sizes: [BigInt(one.cpuMilli), BigInt(one.memoryMib), BigInt(one.volumes), 1n],
      most: one.zones.includes(offer.zone) ? one.demand : 0,
      value: BigInt(one.dual),
    })),
    [BigInt(offer.cpuMilli), BigInt(offer.memoryMib), BigInt(offer.volumes), BigInt(offer.instances)],
  );
  const pattern = counts.flatMap((count, index) => (count > 0 ? [[index, count] as const] : []));
  return { kind: "exact", z: String(value), pattern };
}

function relaxedProof(offer: Offer, classes: readonly CertificateClass[], draw: (below: number) => number): OfferProof {
  const multiplier = (most: number) => (draw(3) === 0 ? 0 : draw(most));
  const multipliers = {
    cpuMilli: multiplier(30_000),
    memoryMib: multiplier(5_000),
    volumes: multiplier(9_000),
    instances: multiplier(9_000),
  };
  const unit = (): readonly [number, number] | undefined => (draw(4) === 0 ? undefined : [1 + draw(6), 1 + draw(3)]);
  const [cpuUnitMilli, memoryUnitMib] = [unit(), unit()];
  const cells = (amount: number, by: readonly [number, number] | undefined) =>
    by === undefined ? 0n : (BigInt(amount) * BigInt(by[1])) / BigInt(by[0]);
  const { value } = bestByTrying(
    classes
      .filter(({ zones }) => zones.includes(offer.zone))
      .map((one) => {
        const worth =
          BigInt(one.dual) -
          BigInt(multipliers.cpuMilli * one.cpuMilli) -
          BigInt(multipliers.memoryMib * one.memoryMib) -
          BigInt(multipliers.volumes * one.volumes) -
          BigInt(multipliers.instances);
        return {
          sizes: [cells(one.cpuMilli, cpuUnitMilli), cells(one.memoryMib, memoryUnitMib)],
          most: one.demand,
          value: worth > 0n ? worth : 0n,
        };
      }),
    [cells(offer.cpuMilli, cpuUnitMilli), cells(offer.memoryMib, memoryUnitMib)],
  );
  const capacity = (["cpuMilli", "memoryMib", "volumes", "instances"] as const).reduce(
    (sum, dimension) => sum + BigInt(multipliers[dimension]) * BigInt(offer[dimension]),
    0n,
  );
  return {
    kind: "relaxed",
    z: String(capacity + value),
    multipliers: {
      cpuMilli: String(multipliers.cpuMilli),
      memoryMib: String(multipliers.memoryMib),
      volumes: String(multipliers.volumes),
      instances: String(multipliers.instances),
    },
    cpuUnitMilli,
    memoryUnitMib,
  };
}

function isBetter(better: Offer, worse: Offer): boolean {
  return (
    better.zone === worse.zone &&
    better.priceMicroUsdPerHour <= worse.priceMicroUsdPerHour &&
    (["cpuMilli", "memoryMib", "volumes", "instances"] as const).every((d) => better[d] >= worse[d])
  );
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
function finish({ types, instances, certificate }: Texts): Texts {
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
}

function honest(
  given: Facts,
  seed: number,
  kinds: readonly OfferProof["kind"][] = ["exact", "relaxed", "dominated"],
): Texts {
  const draw = choices(seed);
  const all = classesIn(given, draw);
  // Half of the relaxed offers have multipliers and units in common.
  const alike = draw(1_000_000);
  const blocks = zoneGroups(all).map((zones) => {
    const classes = all.filter((one) => one.zones.some((zone) => zones.includes(zone)));
    const offers: CertificateOffer[] = [];
    given.types.forEach(({ price, cpu, memory, volumes, slots, zones: offeredIn }, index) => {
      for (const zone of offeredIn.filter((one) => zones.includes(one))) {
        const offer = {
          type: `t${index}`,
          zone,
          priceMicroUsdPerHour: price,
          cpuMilli: cpu,
          memoryMib: memory,
          volumes: given.isKarpenters ? 0 : volumes,
          instances: slots,
        };
        const better = offers.find((one) => isBetter(one, offer));
        const proof: OfferProof =
          kinds.includes("dominated") && better !== undefined && draw(3) > 0
            ? { kind: "dominated", by: better.type }
            : kinds.includes("exact") && (draw(2) === 0 || !kinds.includes("relaxed"))
              ? exactProof(offer, classes)
              : relaxedProof(offer, classes, draw(2) === 0 ? choices(alike) : draw);
        offers.push({ ...offer, proof });
      }
    });
    return { zones, classes, offers, lowerBound: "" };
  });
  const certificate: Certificate = {
    version: 1,
    unit: "nano_usd_per_hour",
    inputs: { typesSha256: "", instancesSha256: "" },
    blocks,
    lowerBound: "",
  };
  return finish({ ...filesOf(given), certificate: structuredClone(certificate) as OpenCertificate });
}

const RUNS = { numRuns: 100 };

describe("an honest certificate", () => {
  test("is verified, whatever the duals, and the verdict is its bound", () => {
    fc.assert(
      fc.property(facts, fc.nat(), (given, seed) => {
        const texts = honest(given, seed);
        expect(verdictOf(texts)).toEqual({
          verified: true,
          lowerBoundNanoUsdPerHour: BigInt(texts.certificate.lowerBound),
        });
      }),
      { numRuns: 300 },
    );
  });

  test("of duals that are all 0 bounds by 0", () => {
    fc.assert(
      fc.property(facts, fc.nat(), (given, seed) => {
        const texts = honest(given, seed, ["exact"]);
        for (const block of texts.certificate.blocks) {
          for (const one of block.classes) one.dual = "0";
          for (const { proof } of block.offers) if (proof.kind === "exact") proof.z = "0";
        }
        expect(verdictOf(finish(texts))).toEqual({ verified: true, lowerBoundNanoUsdPerHour: 0n });
      }),
      RUNS,
    );
  });

  test("is never above the price of a fleet that holds the instances", () => {
    // One machine an instance, each the dearest that there is: no plan is worse.
    fc.assert(
      fc.property(facts, fc.nat(), (given, seed) => {
        const texts = honest(given, seed);
        const verdict = verdictOf(texts);
        if (!verdict.verified) throw new Error("refused");
        const prices = texts.certificate.blocks.flatMap(({ classes, offers }) =>
          classes.map((one) => {
            const fitting = offers
              .filter(({ zone }) => one.zones.includes(zone))
              .filter(
                (offer) =>
                  offer.instances > 0 &&
                  (["cpuMilli", "memoryMib", "volumes"] as const).every((d) => offer[d] >= one[d]),
              )
              .map(({ priceMicroUsdPerHour }) => BigInt(priceMicroUsdPerHour) * 1000n * BigInt(one.demand));
            return fitting.reduce<bigint | undefined>(
              (least, price) => (least === undefined || price < least ? price : least),
              undefined,
            );
          }),
        );
        fc.pre(prices.every((price) => price !== undefined));
        const oneEach = prices.reduce<bigint>((sum, price) => sum + (price ?? 0n), 0n);
        expect(verdict.lowerBoundNanoUsdPerHour <= oneEach).toBe(true);
      }),
      RUNS,
    );
  });
});

/** Tampers and says what must be said of it; undefined where there is nothing to tamper with. */
type Tamper = (texts: Texts, draw: (below: number) => number) => readonly RefusalReason[] | undefined;

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
const TAMPERED_AND_FINISHED: Readonly<Record<string, Tamper>> = {
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
const TAMPERED: Readonly<Record<string, Tamper>> = {
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
    inputs.typesSha256 = sha256("other");
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

let made: readonly Texts[] | undefined;

/** 200 honest certificates, made once for all who tamper: making them takes longer than refusing them. */
function certificates(): readonly Texts[] {
  made ??= fc.sample(facts, { numRuns: 200, seed: 5 }).map((given, seed) => honest(given, seed));
  return made;
}

function refusesEach(tampers: Readonly<Record<string, Tamper>>, after: (texts: Texts) => Texts): void {
  test.each(Object.entries(tampers))("%s is refused", (_, tamper) => {
    let tampered = 0;
    for (const [seed, one] of certificates().entries()) {
      const texts = structuredClone(one);
      const reasons = tamper(texts, choices(seed));
      if (reasons === undefined) continue;
      tampered++;
      const found = reasonsOf(verdictOf(after(texts)));
      expect(found.length).toBeGreaterThan(0);
      expect(reasons).toEqual(expect.arrayContaining([...found]));
    }
    expect(tampered).toBeGreaterThan(10);
  });
}

describe("tampering by one who corrects hashes and bounds afterwards", () =>
  refusesEach(TAMPERED_AND_FINISHED, finish));
describe("tampering", () => refusesEach(TAMPERED, (texts) => texts));

describe("a text that is not of its format is refused as malformed", () => {
  const given: Facts = {
    types: [{ price: 192_000, cpu: 10, memory: 20, volumes: 3, slots: 4, zones: ["a"] }],
    instances: [{ cpu: 1, memory: 3, volumes: 1, zones: ["a"] }],
    isKarpenters: false,
  };
  const good = honest(given, 1, ["exact"]);
  const texts = {
    typesText: JSON.stringify(good.types),
    instancesText: JSON.stringify(good.instances),
    certificateText: JSON.stringify(good.certificate),
  };

  function faultOf(changed: Partial<typeof texts>): string {
    const verdict = verifyCertificate({ ...texts, ...changed, sha256 });
    if (verdict.verified) return "verified";
    expect(verdict.refusals.map(({ reason }) => reason)).toEqual(["malformed"]);
    return verdict.refusals[0]?.because ?? "";
  }
  const inCertificate = (from: string | RegExp, to: string) => {
    const certificateText = texts.certificateText.replace(from, to);
    expect(certificateText).not.toBe(texts.certificateText);
    return faultOf({ certificateText });
  };
  const inTypes = (from: string | RegExp, to: string) => faultOf({ typesText: texts.typesText.replace(from, to) });
  const inInstances = (from: string | RegExp, to: string) =>
    faultOf({ instancesText: texts.instancesText.replace(from, to) });

  test("the case itself is verified", () => {
    expect(faultOf({})).toBe("verified");
  });

  test.each([
    "",
    "{",
    "[]",
    "null",
    "nonsense",
    '{"version":1}',
    `${texts.certificateText} x`,
    `\uFEFF${texts.certificateText}`,
    "[".repeat(1_000),
  ])("certificate of other text, %#", (certificateText) => {
    expect(faultOf({ certificateText })).not.toBe("verified");
  });

  test("a field twice", () => {
    expect(inCertificate('"demand":1', '"demand":7,"demand":1')).toContain('the field "demand" is there twice');
    expect(inCertificate('"demand":1', '"d\\u0065mand":7,"demand":1')).toContain('the field "demand" is there twice');
    expect(inTypes('"cpuMilli":10', '"cpuMilli":1000,"cpuMilli":10')).toContain("twice");
    expect(inInstances('"cpuMilli":1', '"cpuMilli":9,"cpuMilli":1')).toContain("twice");
  });

  test("a field that is not known, or missing", () => {
    expect(inCertificate('"demand":1', '"demand":1,"note":1')).toContain("blocks[0].classes[0].note is not known");
    expect(inCertificate('"demand":1,', "")).toContain("blocks[0].classes[0].demand is missing");
    expect(inTypes('"volumes":3,', "")).toContain("types.json [0].volumes is missing");
    expect(inInstances('"volumes":1,', "")).toContain("instances.json [0].volumes is missing");
  });

  test("numbers that are negative, not whole, too large, or, in the certificate, written with an exponent", () => {
    for (const number of ["-1", "1.5", "9007199254740992", "1e3", '"1"', "-0", "01"]) {
      expect(inCertificate('"demand":1', `"demand":${number}`)).not.toBe("verified");
      if (number === "1e3") continue;
      expect(inTypes('"cpuMilli":10', `"cpuMilli":${number}`)).not.toBe("verified");
      expect(inInstances('"cpuMilli":1', `"cpuMilli":${number}`)).not.toBe("verified");
    }
  });

  test("amounts that are no whole decimal >= 0", () => {
    for (const amount of ['"-1"', '"1.5"', '"0x1"', '""', '" 1"', '"01"', '"1e3"', "1", `"${"9".repeat(41)}"`]) {
      expect(inCertificate(/"dual":"\d+"/, `"dual":${amount}`)).toContain("dual");
      expect(inCertificate(/"z":"\d+"/, `"z":${amount}`)).toContain("z");
      expect(inCertificate(/"lowerBound":"\d+"/, `"lowerBound":${amount}`)).toContain("lowerBound");
    }
  });

  test("another version, unit or kind of proof", () => {
    expect(inCertificate('"version":1', '"version":2')).toContain("version");
    expect(inCertificate("nano_usd_per_hour", "micro_usd_per_hour")).toContain("unit");
    expect(inCertificate('"exact"', '"trusted"')).toContain("kind");
  });

  test("a type offered twice in a zone, an instance named twice, an instance with both zone and zones", () => {
    expect(faultOf({ typesText: JSON.stringify([...good.types, ...good.types]) })).toContain("a second time");
    expect(faultOf({ instancesText: JSON.stringify([...good.instances, ...good.instances]) })).toContain("twice");
    expect(inInstances('"zone":"a"', '"zone":"a","zones":["a"]')).toContain("both");
  });
});

test("whole numbers of the input files count as what they are, however they are written", () => {
  const given: Facts = {
    types: [{ price: 192_000, cpu: 10, memory: 20, volumes: 3, slots: 4, zones: ["a"] }],
    instances: [{ cpu: 1, memory: 3, volumes: 1, zones: ["a"] }],
    isKarpenters: false,
  };
  const { types, instances, certificate } = honest(given, 1);
  const typesText = JSON.stringify(types).replace('"cpuMilli":10', '"cpuMilli":1.0e1');
  const instancesText = JSON.stringify(instances).replace('"memoryMib":3', '"memoryMib":3.00');
  certificate.inputs = { typesSha256: sha256(typesText), instancesSha256: sha256(instancesText) };
  const certificateText = JSON.stringify(certificate);
  expect(verifyCertificate({ typesText, instancesText, certificateText, sha256 })).toMatchObject({ verified: true });
});

describe("Karpenter's format", () => {
  const certify = (types: Row[], price: number): Texts => {
    const given: Facts = {
      types: [{ price, cpu: 10, memory: 20, volumes: 0, slots: 4, zones: ["a"] }],
      instances: [{ cpu: 1, memory: 3, volumes: 0, zones: ["a"] }],
      isKarpenters: true,
    };
    return finish({ ...honest(given, 1), types });
  };
  const row = { name: "t0", cpuMilli: 17, memMiB: 25, pods: 4, reservedCpuMilli: 7, reservedMemMiB: 5, zones: ["a"] };

  test.each([
    ["0.1", 100_000],
    ["0.0425", 42_500],
    ["4.032", 4_032_000],
    ["1.0080000000", 1_008_000],
    ["32", 32_000_000],
    ["1.5e-1", 150_000],
    ["0.1234567", 123_456],
    ["0.29999999999999999", 299_999],
  ])("a price of $ %s is %i micro-dollars: the digits count, rounded down", (price, micro) => {
    const texts = certify([{ ...row }], micro);
    const typesText = JSON.stringify(texts.types).replace('"t0"', `"t0","price":${price}`);
    texts.certificate.inputs.typesSha256 = sha256(typesText);
    const verdict = verifyCertificate({
      typesText,
      instancesText: JSON.stringify(texts.instances),
      certificateText: JSON.stringify(texts.certificate),
      sha256,
    });
    expect(verdict).toMatchObject({ verified: true });
  });

  test("what is reserved is taken off, and may be left out", () => {
    const { reservedCpuMilli: _, reservedMemMiB: __, ...bare } = row;
    expect(verdictOf(certify([{ ...bare, price: 0.1, cpuMilli: 10, memMiB: 20 }], 100_000))).toMatchObject({
      verified: true,
    });
    expect(reasonsOf(verdictOf(certify([{ ...row, price: 0.1, reservedCpuMilli: 8 }], 100_000)))).toEqual([
      "capacity_differs",
    ]);
    expect(reasonsOf(verdictOf(certify([{ ...row, price: 0.1, reservedCpuMilli: 18 }], 100_000)))).toEqual([
      "capacity_differs",
    ]);
  });
});

test("an exact proof whose search is cut short is refused", () => {
  const instances = Array.from({ length: 40 }, (_, index) => ({
    cpu: 3 + ((index * 7) % 20),
    memory: 5 + ((index * 11) % 23),
    volumes: 1,
    zones: ["a"],
  }));
  const given: Facts = {
    types: [{ price: 1, cpu: 20, memory: 28, volumes: 3, slots: 2, zones: ["a"] }],
    instances,
    isKarpenters: false,
  };
  const texts = honest(given, 3, ["exact"]);
  const input = {
    typesText: JSON.stringify(texts.types),
    instancesText: JSON.stringify(texts.instances),
    certificateText: JSON.stringify(texts.certificate),
    sha256,
  };
  expect(verifyCertificate(input).verified).toBe(true);
  expect(reasonsOf(verifyCertificate({ ...input, limits: { nodes: 0, cells: 1 } }))).toEqual(["proof_too_long"]);
});
