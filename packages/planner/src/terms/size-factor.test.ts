import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { quarterUnits } from "./size-factor.ts";

const { factors, byRule, metal } = JSON.parse(
  readFileSync(new URL("../../../../data/aws/normalization-factors.json", import.meta.url), "utf8"),
) as Record<"factors" | "byRule" | "metal", Record<string, number>>;

describe("normalization factors", () => {
  it.each(Object.entries({ ...factors, ...byRule }))("of size %s are AWS's", (size, factor) => {
    expect(quarterUnits(`m9z.${size}`)).toBe(factor * 4);
  });

  it.each(Object.entries(metal))("of %s are AWS's", (type, factor) => {
    expect(quarterUnits(type.replace("*", "6tb1"))).toBe(factor * 4);
  });

  it("of a metal size that names its virtual size are that size's", () => {
    expect(quarterUnits("m7i.metal-48xl")).toBe(quarterUnits("m7i.48xlarge"));
  });

  it.each(["m7i", "m7i.", ".large", "m7i.huge", "m7i.metal", "m7i.0xlarge", "M7I.large"])("are none of %s", (type) => {
    expect(quarterUnits(type)).toBeUndefined();
  });
});
