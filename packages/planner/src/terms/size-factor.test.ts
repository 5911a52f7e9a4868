import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FAMILIES_OF_FIXED_SIZE, quarterUnits } from "./size-factor.ts";

const read = (file: string) =>
  JSON.parse(readFileSync(new URL(`../../../../data/aws/${file}`, import.meta.url), "utf8"));
const data = read("normalization-factors.json");
const { factors, byRule, metal, metalByRule } = data as Record<string, Record<string, number>>;

describe("normalization factors", () => {
  it.each(Object.entries({ ...factors, ...byRule }))("of size %s are AWS's", (size, factor) => {
    expect(quarterUnits(`m9z.${size}`)).toBe(factor * 4);
  });

  it.each(Object.entries({ ...metal, ...metalByRule }))("of %s are AWS's", (type, factor) => {
    expect(quarterUnits(type)).toBe(factor * 4);
  });

  it("are there for every machine type that has a price", () => {
    const { regions } = read("prices-ondemand.json") as { regions: Record<string, Record<string, number>> };
    const types = new Set(Object.values(regions).flatMap((prices) => Object.keys(prices)));
    expect(types.size).toBeGreaterThan(800);
    expect([...types].filter((type) => quarterUnits(type) === undefined)).toEqual([]);
  });

  it("are no use between sizes of the families that AWS excepts", () => {
    expect([...FAMILIES_OF_FIXED_SIZE].toSorted()).toEqual(data.fixedSize);
  });

  it("of a metal size that names its virtual size are that size's", () => {
    expect(quarterUnits("m7i.metal-48xl")).toBe(quarterUnits("m7i.48xlarge"));
  });

  it.each([
    "m7i",
    "m7i.",
    ".large",
    "m7i.huge",
    "m7i.metal",
    "m7i.0xlarge",
    "m7i.constructor",
    "constructor.metal",
    "M7I.large",
  ])("are none of %s", (type) => {
    expect(quarterUnits(type)).toBeUndefined();
  });
});
