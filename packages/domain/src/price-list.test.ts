import { describe, expect, it } from "vitest";
import { type KnownPrices, readPriceList } from "./price-list.ts";

const NOTHING = { last: new Map(), elsewhere: new Map(), inUse: [] };
const known = { ...NOTHING, last: new Map([["m7i.large", 100_800]]), inUse: ["m7i.large"] };
const read = (text: string) => readPriceList(text, known);
const rulesOf = (text: string) => {
  const result = read(text);
  return result.ok ? [] : result.error.map(({ machineType, rule }) => `${machineType} ${rule}`);
};

describe("a price list", () => {
  it("is machine types with their prices in dollars, to the micro-dollar", () => {
    const result = read("m7i.large 0.1008\r\n\n  u-24tb1.metal\t218.4  \nc7g.medium 0.036250\n");
    expect(result.ok && [...result.value]).toEqual([
      ["m7i.large", 100_800],
      ["u-24tb1.metal", 218_400_000],
      ["c7g.medium", 36_250],
    ]);
  });

  it.each([
    ["0", "price_not_positive"],
    ["0.000000", "price_not_positive"],
    ["-0.1", "price_not_positive"],
    ["NaN", "not_a_price"],
    ["Infinity", "not_a_price"],
    ["-Infinity", "not_a_price"],
    ["1e-7", "not_a_price"],
    ["0.00000001", "not_a_price"],
    ["null", "not_a_price"],
    ["2000.01", "price_too_high"],
    ["100.8", "price_jumped"],
    ["0.0001", "price_jumped"],
  ])("with %s for a type is refused by the type and the rule", (amount, rule) => {
    expect(rulesOf(`m7i.large ${amount}`)).toEqual([`m7i.large ${rule}`]);
  });

  it("that is empty is refused, and would price nothing", () => {
    for (const text of ["", " \n\t\r\n"]) {
      expect(readPriceList(text, NOTHING)).toMatchObject({ error: [{ rule: "no_prices" }] });
    }
  });

  it("of a type without a price so far is held against other regions and against its family", () => {
    const rulesOfNew = (text: string) => {
      const elsewhere = new Map([["r7i.large", [120_000, 250_000]]] as const);
      const result = readPriceList(text, { ...NOTHING, elsewhere });
      return result.ok ? [] : result.error.map(({ machineType, rule }) => `${machineType} ${rule}`);
    };
    expect(rulesOfNew("r7i.large 0.3")).toEqual([]);
    expect(rulesOfNew("r7i.large 250")).toEqual(["r7i.large price_jumped"]);
    expect(rulesOfNew("r7i.large 25")).toEqual(["r7i.large price_jumped"]);
    expect(rulesOfNew("r7i.large 0.00012")).toEqual(["r7i.large price_jumped"]);
    expect(rulesOfNew("x8i.96xlarge 22.275\nx8i.large 0.1")).toEqual([]);
    expect(rulesOfNew("z9.2xlarge 403.2\nz9.large 0.1008\nz9a.large 200")).toEqual(["z9.2xlarge price_jumped"]);
  });

  it("that mends a slip is taken where other regions say that it is one", () => {
    const at = (elsewhere: KnownPrices["elsewhere"]) =>
      readPriceList("m7i.large 0.1008", { ...NOTHING, last: new Map([["m7i.large", 100_800_000]]), elsewhere });
    expect(at(new Map([["m7i.large", [96_000, 140_000]]])).ok).toBe(true);
    expect(at(new Map()).ok).toBe(false);
    expect(at(new Map([["m7i.large", [96_000, 100_800_000]]])).ok).toBe(false);
  });

  it.each(["banana", "constructor", "m7i.", ".large", "m7i.large.x", "__proto__.large"])(
    "%s is no machine type",
    (machineType) => expect(rulesOf(`m7i.large 0.1\n${machineType} 0.1`)).toEqual([`${machineType} malformed_line`]),
  );

  it("may change a price by less than a thousand times", () => {
    expect(rulesOf("m7i.large 100.799")).toEqual([]);
    expect(rulesOf("m7i.large 0.000101")).toEqual([]);
  });

  it("that lacks a type in use, names one twice, or has lines of another kind tells of each", () => {
    expect(rulesOf("m6i.large 0.1\nm6i.large 0.1\nm5 a b\nM5 1\nc5.large")).toEqual([
      "m6i.large duplicate_type",
      "m5 malformed_line",
      "M5 malformed_line",
      "c5.large malformed_line",
      "m7i.large price_missing",
    ]);
  });

  it("with a refused price of a type in use is not told to lack it too", () => {
    expect(rulesOf("m7i.large 0")).toEqual(["m7i.large price_not_positive"]);
  });
});
