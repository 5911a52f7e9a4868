import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CaseInstance, CaseType } from "./packing-case.ts";
import { readCase } from "./read-case.ts";

const TYPE = {
  name: "m",
  priceMicroUsdPerHour: 200_000,
  cpuMilli: 4000,
  memoryMib: 16_000,
  volumes: 20,
  instances: 16,
  zones: ["a", "b"],
};
const INSTANCE = { name: "i", cluster: "c", tenant: "t", cpuMilli: 500, memoryMib: 2048, volumes: 1, zone: "a" };
const KARPENTER_TYPE = {
  name: "m",
  cpuMilli: 4000,
  memMiB: 16_384,
  pods: 16,
  reservedCpuMilli: 380,
  reservedMemMiB: 2000,
  price: 0.192,
  zones: ["a", "b"],
};
const KARPENTER_POD = { name: "i", cpuMilli: 500, memMiB: 2048, zone: "a" };

function caseOf(types: unknown, instances: unknown) {
  const result = readCase(types, instances);
  if (!result.ok) throw new Error(result.error.map(({ field, rule }) => `${field} ${rule}`).join("\n"));
  return result.value;
}

function faultsOf(types: unknown, instances: unknown): string[] {
  const result = readCase(types, instances);
  return result.ok ? [] : result.error.map(({ field, rule }) => `${field} ${rule}`);
}

const without = (record: object, name: string) =>
  Object.fromEntries(Object.entries(record).filter(([key]) => key !== name));
const ofType = (over: object) => faultsOf([{ ...TYPE, ...over }], []);
const ofInstance = (over: object) => faultsOf([TYPE], [{ ...INSTANCE, ...over }]);

describe("readCase", () => {
  it("reads our format", () => {
    expect(caseOf([TYPE], [INSTANCE, { ...without(INSTANCE, "zone"), name: "j", zones: ["b", "a"] }])).toEqual({
      types: [TYPE],
      instances: [
        { ...without(INSTANCE, "zone"), zones: ["a"] },
        { ...without(INSTANCE, "zone"), name: "j", zones: ["a", "b"] },
      ],
    });
  });

  it("reads the Karpenter harness's format: allocatable is capacity less reservations, pods is the cap", () => {
    const { types, instances } = caseOf([KARPENTER_TYPE], [KARPENTER_POD]);
    expect(types).toEqual([
      {
        name: "m",
        priceMicroUsdPerHour: 192_000,
        cpuMilli: 3620,
        memoryMib: 14_384,
        volumes: 0,
        instances: 16,
        zones: ["a", "b"],
      },
    ]);
    expect(instances).toEqual([
      { name: "i", cluster: undefined, tenant: undefined, cpuMilli: 500, memoryMib: 2048, volumes: 0, zones: ["a"] },
    ]);
  });

  it("takes reservations of the Karpenter format that are not there for 0, and leaves at least 0", () => {
    const plain = without(without(KARPENTER_TYPE, "reservedCpuMilli"), "reservedMemMiB");
    const all = { ...KARPENTER_TYPE, name: "n", reservedCpuMilli: 5000, reservedMemMiB: 20_000 };
    expect(caseOf([plain, all], []).types).toMatchObject([
      { cpuMilli: 4000, memoryMib: 16_384 },
      { cpuMilli: 0, memoryMib: 0 },
    ]);
  });

  it.each([
    [0.192, 192_000],
    [0.000001, 1],
    [0.1 + 0.2, undefined],
    [2.3456789, undefined],
    [0.0000015, undefined],
    [999.999999, 999_999_999],
    [1000, 1_000_000_000],
  ])("takes %d dollars for %s micro-dollars", (price, micro) => {
    const faults = faultsOf([{ ...KARPENTER_TYPE, price }], []);
    if (micro === undefined) {
      expect(faults).toEqual([`types[0].price must be a whole number of micro-dollars, not ${price}`]);
    } else {
      expect(caseOf([{ ...KARPENTER_TYPE, price }], []).types[0]?.priceMicroUsdPerHour).toBe(micro);
    }
  });

  it("takes every price of whole micro-dollars that is written in dollars", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000_000 }), (micro) => {
        const text = `${Math.floor(micro / 1e6)}.${String(micro % 1e6).padStart(6, "0")}`;
        const read = caseOf([{ ...KARPENTER_TYPE, price: JSON.parse(text) }], []);
        expect(read.types[0]?.priceMicroUsdPerHour).toBe(micro);
      }),
    );
  });

  it("reads whatever it wrote, in any order of zones", () => {
    const amount = fc.integer({ min: 0, max: 1_000_000_000 });
    const zones = fc.shuffledSubarray(["a", "b", "c"], { minLength: 1 });
    const type = fc.record({
      name: fc.string({ minLength: 1 }),
      priceMicroUsdPerHour: fc.integer({ min: 1, max: 1_000_000_000 }),
      cpuMilli: amount,
      memoryMib: amount,
      volumes: fc.nat(1_000_000),
      instances: fc.integer({ min: 1, max: 1_000_000 }),
      zones,
    });
    // Holds everything, everywhere, so that each instance fits somewhere.
    const largest = { ...TYPE, name: "", cpuMilli: 1e9, memoryMib: 1e9, volumes: 1e6, zones: ["a", "b", "c"] };
    const instance = fc.record({
      name: fc.string({ minLength: 1 }),
      cluster: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
      tenant: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
      cpuMilli: amount,
      memoryMib: amount,
      volumes: fc.nat(1_000_000),
      zones,
    });
    const unique = { maxLength: 12, selector: (one: { name: string }) => one.name };
    fc.assert(
      fc.property(fc.uniqueArray(type, unique), fc.uniqueArray(instance, unique), (types, instances) => {
        const all: CaseType[] = [{ ...largest, name: `largest ${types.map((one) => one.name.length)}` }, ...types];
        fc.pre(types.every((one) => one.name !== all[0]?.name));
        const sorted = <T extends CaseType | CaseInstance>(one: T) => ({ ...one, zones: one.zones.toSorted() });
        const written = JSON.stringify([all, instances]);
        const [readTypes, readInstances] = JSON.parse(written);
        expect(caseOf(readTypes, readInstances)).toEqual({ types: all.map(sorted), instances: instances.map(sorted) });
      }),
    );
  });

  it("refuses, and never fails on, anything that JSON can say", () => {
    const near = fc.oneof(
      fc.jsonValue(),
      fc.array(
        fc.oneof(fc.record({ ...mapValues(TYPE), ...mapValues(INSTANCE) }), fc.record(mapValues(KARPENTER_TYPE))),
      ),
    );
    fc.assert(
      fc.property(near, near, (types, instances) => {
        const result = readCase(types, instances);
        if (!result.ok) expect(result.error.length).toBeGreaterThan(0);
      }),
    );
  });

  it("takes an empty list of instances, and an instance without a zone for any zone of the types", () => {
    expect(caseOf([TYPE], []).instances).toEqual([]);
    const free = { name: "x", cpuMilli: 1, memoryMib: 1, volumes: 0 };
    const types = [TYPE, { ...TYPE, name: "n", zones: ["c"] }];
    expect(caseOf(types, [free]).instances).toEqual([
      { ...free, cluster: undefined, tenant: undefined, zones: ["a", "b", "c"] },
    ]);
    const pods = [without(KARPENTER_POD, "zone"), { ...KARPENTER_POD, name: "j", zone: "" }];
    expect(caseOf([KARPENTER_TYPE], pods).instances.map(({ zones }) => zones)).toEqual([
      ["a", "b"],
      ["a", "b"],
    ]);
  });

  it("ignores fields that it does not ask for", () => {
    expect(caseOf([{ ...TYPE, notes: [1], gpus: 8 }], [{ ...INSTANCE, role: "data" }]).instances).toHaveLength(1);
  });

  it.each(["priceMicroUsdPerHour", "cpuMilli", "memoryMib", "volumes", "instances"])(
    "refuses a type whose %s is missing, negative, broken, too large or no number",
    (field) => {
      const least = field === "priceMicroUsdPerHour" || field === "instances" ? 1 : 0;
      const most = field === "volumes" || field === "instances" ? 1_000_000 : 1_000_000_000;
      const rule = `types[0].${field} must be a whole number from ${least} to ${most}`;
      expect(faultsOf([without(TYPE, field)], [])).toEqual([`${rule} and is missing`]);
      for (const value of [-1, least - 1, 0.5, most + 1, 1e300]) {
        expect(ofType({ [field]: value })).toEqual([`${rule}, not ${value}`]);
      }
      expect(ofType({ [field]: "7" })).toEqual([`${rule}, not "7"`]);
      expect(ofType({ [field]: null })).toEqual([`${rule}, not null`]);
      expect(ofType({ [field]: least })).toEqual([]);
      expect(ofType({ [field]: most })).toEqual([]);
    },
  );

  it.each(["cpuMilli", "memoryMib", "volumes"])(
    "refuses an instance whose %s is missing, negative, broken, too large or no number",
    (field) => {
      const rule = `instances[0].${field} must be a whole number from 0 to ${field === "volumes" ? 1e6 : 1e9}`;
      expect(faultsOf([TYPE], [without(INSTANCE, field)])).toEqual([`${rule} and is missing`]);
      for (const value of [-1, 0.5, 1e9 + 1]) expect(ofInstance({ [field]: value })).toEqual([`${rule}, not ${value}`]);
      expect(ofInstance({ [field]: [1] })).toEqual([`${rule}, not a list of 1`]);
      expect(ofInstance({ [field]: 0 })).toEqual([]);
    },
  );

  it.each(["cpuMilli", "memMiB", "pods", "reservedCpuMilli", "reservedMemMiB"])(
    "refuses a type of the Karpenter format whose %s is no whole number from its range",
    (field) => {
      const [fault = ""] = faultsOf([{ ...KARPENTER_TYPE, [field]: -3 }], []);
      expect(fault).toMatch(new RegExp(`^types\\[0\\]\\.${field} must be a whole number from .* not -3$`));
    },
  );

  it.each([0, -0.1, 1000.5, "0.2", null, 1e-9])("refuses a price of %s dollars", (price) => {
    expect(faultsOf([{ ...KARPENTER_TYPE, price }], [])).toEqual([
      `types[0].price must be a number of dollars from 0.000001 to 1000, not ${JSON.stringify(price)}`,
    ]);
  });

  it("refuses a missing price in dollars", () => {
    expect(faultsOf([without(KARPENTER_TYPE, "price")], [])).toEqual([
      "types[0].price must be a number of dollars from 0.000001 to 1000 and is missing",
    ]);
  });

  it.each(["name", "cluster", "tenant", "zone"])("refuses an instance whose %s is no text or an empty one", (field) => {
    const rule = `instances[0].${field} must be a text of 1 to 256 characters`;
    expect(ofInstance({ [field]: "" })).toEqual([`${rule}, not ""`]);
    expect(ofInstance({ [field]: 7 })).toEqual([`${rule}, not 7`]);
    expect(ofInstance({ [field]: "x".repeat(257) })).toEqual([`${rule}, not "${"x".repeat(39)}…`]);
  });

  it("refuses entries without a name", () => {
    expect(faultsOf([without(TYPE, "name")], [without(INSTANCE, "name")])).toEqual([
      "types[0].name must be a text of 1 to 256 characters and is missing",
      "instances[0].name must be a text of 1 to 256 characters and is missing",
    ]);
  });

  it("refuses a name that another has too", () => {
    expect(faultsOf([TYPE, { ...TYPE, name: "n" }, TYPE], [INSTANCE, INSTANCE])).toEqual([
      'types[2].name must be unique: types[0] is "m" too',
      'instances[1].name must be unique: instances[0] is "i" too',
    ]);
  });

  it("refuses a list of zones that is missing, empty, no list, or names one twice or by no text", () => {
    const rule = "types[0].zones must be a list of 1 to 1000 zones";
    expect(faultsOf([without(TYPE, "zones")], [])).toEqual([`${rule} and is missing`]);
    expect(ofType({ zones: [] })).toEqual([`${rule}, not an empty list`]);
    expect(ofType({ zones: "a" })).toEqual([`${rule}, not "a"`]);
    expect(ofType({ zones: ["a", "b", "a"] })).toEqual(['types[0].zones[2] must be listed once: "a"']);
    expect(ofType({ zones: ["a", 1] })).toEqual(["types[0].zones[1] must be a text of 1 to 256 characters, not 1"]);
    expect(faultsOf([TYPE], [{ ...without(INSTANCE, "zone"), zones: [] }])).toEqual([
      "instances[0].zones must be a list of 1 to 1000 zones, not an empty list",
    ]);
  });

  it("refuses a zone of an instance in which no type is sold, in either format", () => {
    expect(ofInstance({ zone: "z" })).toEqual(['instances[0].zone must be a zone of a type, not "z"']);
    expect(faultsOf([TYPE], [{ ...without(INSTANCE, "zone"), zones: ["a", "z"] }])).toEqual([
      'instances[0].zones[1] must be a zone of a type, not "z"',
    ]);
    expect(faultsOf([KARPENTER_TYPE], [{ ...KARPENTER_POD, zone: "z" }])).toEqual([
      'instances[0].zone must be a zone of a type, not "z"',
    ]);
  });

  it("refuses an instance with both zone and zones, and an entry in both formats", () => {
    expect(ofInstance({ zones: ["a"] })).toEqual(["instances[0].zone must be left out where zones is given"]);
    expect(faultsOf([TYPE], [{ ...INSTANCE, memMiB: 5 }])).toEqual([
      "instances[0].memMiB must be left out where memoryMib is given",
    ]);
  });

  it("refuses what is no list, what is no object in it, and no types at all", () => {
    expect(faultsOf({}, null)).toEqual(["types must be a list, not an object", "instances must be a list, not null"]);
    expect(faultsOf([null, 7, []], [])).toEqual([
      "types[0] must be an object, not null",
      "types[1] must be an object, not 7",
      "types[2] must be an object, not an empty list",
    ]);
    expect(faultsOf([], [])).toEqual(["types must have at least one entry"]);
    expect(faultsOf(Array(100_001).fill(TYPE), [])).toEqual(["types must have at most 100000 entries, not 100001"]);
  });

  it("refuses an instance that fits no type in its zones, and says what it lacks", () => {
    const small = { ...TYPE, name: "s", cpuMilli: 8000, memoryMib: 8000 };
    const elsewhere = { ...TYPE, name: "l", memoryMib: 64_000, zones: ["c"] };
    const huge = { ...INSTANCE, memoryMib: 32_000, volumes: 21 };
    const odd = { ...INSTANCE, name: "j", cpuMilli: 8000, memoryMib: 16_000 };
    const there = { ...INSTANCE, name: "k", memoryMib: 32_000, zone: "c" };
    expect(faultsOf([TYPE, small, elsewhere], [huge, odd, there])).toEqual([
      'instances[0] ("i") must fit a type in one of its zones: it wants 32000 MiB of memory, the largest has 16000; ' +
        "it wants 21 volumes, the largest has 20",
      'instances[1] ("j") must fit a type in one of its zones: none has 8000 mCPU, 16000 MiB of memory, 1 volumes at once',
    ]);
  });

  it("refuses an instance that a type would hold but for its reservations", () => {
    expect(faultsOf([KARPENTER_TYPE], [{ ...KARPENTER_POD, memMiB: 14_384 }])).toEqual([]);
    expect(faultsOf([KARPENTER_TYPE], [{ ...KARPENTER_POD, memMiB: 14_385 }])).toHaveLength(1);
  });

  it("tells twenty faults, and how many more there are", () => {
    const bad = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ ...TYPE, name: `t${index}`, volumes: -1 }));
    expect(faultsOf(bad(20), [])).toHaveLength(20);
    expect(faultsOf(bad(21), []).slice(20)).toEqual(["the case has 1 more fault"]);
    expect(faultsOf(bad(57), []).slice(20)).toEqual(["the case has 37 more faults"]);
  });
});

function mapValues(record: object): Record<string, fc.Arbitrary<unknown>> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, fc.oneof(fc.constant(value), fc.jsonValue())]),
  );
}
