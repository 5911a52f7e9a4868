import { describe, expect, it } from "vitest";
import { amountOf, canonicalQuantity, formatAmount } from "./quantities.ts";

describe("a quantity", () => {
  it.each([
    ["1000m", "1"],
    ["0.5", "500m"],
    ["1024Mi", "1Gi"],
    ["1536Mi", "1536Mi"],
    ["0.5Gi", "512Mi"],
    ["1000", "1k"],
    ["1500", "1500"],
    ["0", "0"],
    ["100000Ki", "100000Ki"],
    ["1e3", "1e3"],
  ])("%s is written as %s", (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  it("that is none is refused", () => {
    expect(canonicalQuantity("abc")).toBeUndefined();
  });

  it("of cpu counts in thousandths, rounded up, and of anything else in units", () => {
    expect([
      amountOf("cpu", "1.5"),
      amountOf("cpu", "100u"),
      amountOf("memory", "1Ki"),
      amountOf("pods", undefined),
    ]).toEqual([1500, 1, 1024, 0]);
    expect([formatAmount("requests.cpu", 1500), formatAmount("memory", 2 ** 31), formatAmount("pods", 3)]).toEqual([
      "1500m",
      "2Gi",
      "3",
    ]);
  });
});
