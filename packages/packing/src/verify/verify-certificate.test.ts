import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Certificate, CertificateClass, CertificateOffer, OfferProof } from "../bound/certificate.ts";
import {
  choices,
  finishBy,
  type Open,
  type OpenCertificate,
  type Row,
  TAMPERED,
  TAMPERED_AND_FINISHED,
  type Tamper,
  type Texts,
} from "./tampering.test-input.ts";
import type { RefusalReason, Verdict } from "./verdict.ts";
import { verifyCertificate } from "./verify-certificate.ts";

const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");
const finish = finishBy(sha256);

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
