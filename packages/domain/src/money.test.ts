import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { microUsdFromAmount, moneyFromMicroUsd, roundedToMicroUsd } from "./money.ts";

describe("an amount of money", () => {
  it.each([
    ["12", 12_000_000],
    ["12.5", 12_500_000],
    ["0.000001", 1],
    ["0", 0],
    ["1.500000000000", 1_500_000],
    ["999999999.999999", 999_999_999_999_999],
  ])("%s is read exactly", (text, microUsd) => expect(microUsdFromAmount(text)).toBe(microUsd));

  it.each([
    "",
    "-1",
    "+1",
    ".5",
    "5.",
    "1e3",
    "0x1",
    "1,5",
    " 1",
    "1\n",
    "NaN",
    "0.0000001",
    "1000000000",
    "1.0000000000000",
  ])("%j is refused", (text) => expect(microUsdFromAmount(text)).toBeUndefined());

  it("is read as what it was written from", () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 31 - 1 }), (microUsd) => {
        expect(microUsdFromAmount(moneyFromMicroUsd(microUsd).amount)).toBe(microUsd);
      }),
    );
  });
});

describe("a price of more places than six", () => {
  it.each([
    ["0.0932464", "0.093246"],
    ["0.09324649", "0.093246"],
    ["0.0932465000", "0.093247"],
    ["0.9999995", "1.000000"],
    ["0.0000004", "0.000000"],
  ])("%s is rounded to %s, half up", (text, rounded) => expect(roundedToMicroUsd(text)).toBe(rounded));

  it.each(["0.1", "0.100000", "-0.1234567", "NaN", "", "1e-7"])("%j is left as it is", (text) =>
    expect(roundedToMicroUsd(text)).toBe(text),
  );
});
