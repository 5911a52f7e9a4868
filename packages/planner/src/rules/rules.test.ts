import { describe, expect, it } from "vitest";
import { HOURS, type ReservedProduct } from "../ladder/planning-case.ts";
import { floorRule } from "./floor-rule.ts";
import type { Market, Past } from "./policy.ts";
import { quantileRule, quantileUnits } from "./quantile-rule.ts";
import { skiRental } from "./ski-rental.ts";

const product = (term: "1y" | "3y", hourlyMicroUsd: number): ReservedProduct => ({
  kind: "reserved",
  name: term,
  family: 0,
  term,
  offeringClass: "standard",
  paymentOption: "no_upfront",
  upfrontMicroUsd: 0,
  hourlyMicroUsd,
});
const MARKET: Market = {
  family: { name: "a", unit: "m7i.xlarge", onDemandMicroUsdPerHour: 200_000, sizes: [] },
  products: [product("1y", 120_000), product("3y", 80_000)],
};

function past(months: number, units: (hour: number) => number, held: Past["held"] = []): Past {
  return { hours: Int32Array.from({ length: months * HOURS }, (_, h) => units(h)), held };
}
const heldUnits = (units: number, startMonth: number, endMonth: number): Past["held"] => [
  { kind: "reserved", name: "held", family: 0, term: "1y", units, hourlyMicroUsd: 0, startMonth, endMonth },
];

describe("the quantile rule", () => {
  it("buys the most units of which the last is used in at least rho of the hours", () => {
    // 10 in 60 % of the hours, 4 in the others: with a discount of 40 % the sixth decile from below decides.
    const hours = Int32Array.from({ length: 10 }, (_, h) => (h < 6 ? 10 : 4));
    expect(quantileUnits(hours, 0.6)).toBe(10);
    expect(quantileUnits(hours, 0.61)).toBe(4);
    expect(quantileUnits(hours, 0)).toBe(10);
    expect(quantileUnits(hours, 1)).toBe(4);
    expect(quantileUnits(new Int32Array(0), 0.5)).toBe(0);
  });

  it("looks a year back and counts what is held", () => {
    const grown = past(14, (h) => (h < 2 * HOURS ? 100 : 10), heldUnits(3, -2, 10));
    expect(quantileRule(0)(MARKET, grown)).toEqual([7, 0]);
    expect(quantileRule(1)(MARKET, grown)).toEqual([0, 7]);
    expect(
      quantileRule(0)(
        MARKET,
        past(1, () => 10, heldUnits(3, -12, 0)),
      ),
    ).toEqual([10, 0]);
  });
});

describe("the floor rule", () => {
  it("buys what was used in every hour", () => {
    expect(
      floorRule(0)(
        MARKET,
        past(12, (h) => (h === 500 ? 2 : 9)),
      ),
    ).toEqual([2, 0]);
    expect(
      floorRule(0)(
        MARKET,
        past(12, (h) => (h === 500 ? 2 : 9), heldUnits(4, -1, 11)),
      ),
    ).toEqual([0, 0]);
  });
});

describe("ski-rental", () => {
  it("buys a unit once its trailing spending reaches the reservation's price, and not before", () => {
    // 0.6 of 12 months are 7.2 months of on demand.
    expect(
      skiRental(0)(
        MARKET,
        past(7, () => 5),
      ),
    ).toEqual([0, 0]);
    expect(
      skiRental(0)(
        MARKET,
        past(8, () => 5),
      ),
    ).toEqual([5, 0]);
    // 0.4 of 36 months are 14.4.
    expect(
      skiRental(1)(
        MARKET,
        past(14, () => 5),
      ),
    ).toEqual([0, 0]);
    expect(
      skiRental(1)(
        MARKET,
        past(15, () => 5),
      ),
    ).toEqual([0, 5]);
  });

  it("does not count spending twice that a unit was bought for", () => {
    expect(
      skiRental(0)(
        MARKET,
        past(9, () => 5, heldUnits(5, -1, 11)),
      ),
    ).toEqual([0, 0]);
    expect(
      skiRental(0)(
        MARKET,
        past(9, () => 6, heldUnits(5, -1, 11)),
      ),
    ).toEqual([1, 0]);
  });

  it("counts hours of each unit by themselves: one that runs half of the time takes twice as long", () => {
    expect(
      skiRental(0)(
        MARKET,
        past(12, (h) => (h % 2 === 0 ? 5 : 3)),
      ),
    ).toEqual([3, 0]);
  });
});
