import { describe, expect, it } from "vitest";
import { readPriceList } from "./price-list.ts";

const known = { last: new Map([["m7i.large", 100_800]]), inUse: ["m7i.large"] };
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
      expect(readPriceList(text, { last: new Map(), inUse: [] })).toMatchObject({ error: [{ rule: "no_prices" }] });
    }
  });

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
