import { seededRandom } from "@berth/domain";
import { describe, expect, it } from "vitest";
import { durationCurve } from "./duration-curve.ts";
import { forecast, type Outlook } from "./forecast.ts";
import { representativeHours } from "./representative-hours.ts";

const GOES_ON: Outlook = {
  name: "goes on",
  weight: 1,
  growthPercentPerMonth: 0,
  churnPercentPerMonth: 0,
  toPercent: 100,
  overMonths: 0,
  season: false,
};

function hourly(seed: number, demands: number, hours: number): Float64Array[] {
  const random = seededRandom(seed);
  return Array.from({ length: demands }, () => Float64Array.from({ length: hours }, () => random.integer(50_000)));
}

describe("representative hours", () => {
  it("are so many at most, 730 in all, and add up to the demand of the month within a thousandth of a unit an hour", () => {
    for (let seed = 0; seed < 20; seed++) {
      const month = hourly(seed, 1 + (seed % 3), 730);
      const segments = representativeHours(month, 0, 730, 24, [1, 2, 3]);
      expect(segments.length).toBeLessThanOrEqual(24);
      expect(segments.reduce((sum, { hours }) => sum + hours, 0)).toBe(730);
      month.forEach((values, d) => {
        const sum = segments.reduce((total, { hours, milliUnits }) => total + hours * (milliUnits[d] as number), 0);
        expect(Math.abs(sum - values.reduce((total, value) => total + value, 0))).toBeLessThanOrEqual(730 / 2);
      });
    }
  });

  it("lose nothing where demand has no more levels than there are segments", () => {
    const month = [Float64Array.from({ length: 730 }, (_, h) => (h % 5) * 7_000)];
    const curve = durationCurve(representativeHours(month, 0, 730, 5, [1]), ([units = 0]) => units);
    expect(curve.map(({ milliUnits }) => milliUnits)).toEqual([28_000, 21_000, 14_000, 7_000, 0]);
    expect(curve.at(-1)?.hours).toBe(730);
    expect(curve[0]?.hours).toBe(146);
  });

  it("are the same hours for every demand: two that are never high together are not added up to a peak", () => {
    const month = [0, 1].map((d) => Float64Array.from({ length: 730 }, (_, h) => (h % 2 === d ? 10_000 : 0)));
    const segments = representativeHours(month, 0, 730, 8, [1, 1]);
    expect(segments.map(({ milliUnits }) => milliUnits.reduce((sum, one) => sum + one, 0))).toEqual([10_000, 10_000]);
  });

  it("of more months than one are scaled to the hours of one", () => {
    const segments = representativeHours(hourly(1, 1, 2_190), 0, 2_190, 7, [1]);
    expect(segments.reduce((sum, { hours }) => sum + hours, 0)).toBe(730);
  });
});

describe("a forecast", () => {
  const flat = [new Float64Array(12 * 730).fill(10_000)];
  const options = { months: 24, segments: 4, windowMonths: 3, worth: [1] };
  const unitsOf = (outlook: Partial<Outlook>, of = flat) =>
    forecast(of, [{ ...GOES_ON, ...outlook }], options)[0]?.months.map(([segment]) => segment?.milliUnits[0] ?? -1) ??
    [];

  it("goes on as the last months were", () => {
    expect(unitsOf({})).toEqual(Array.from({ length: 24 }, () => 10_000));
  });

  it("grows by what comes less what leaves, month after month", () => {
    expect(unitsOf({ growthPercentPerMonth: 3, churnPercentPerMonth: 1 }).slice(0, 3)).toEqual([
      10_200, 10_404, 10_612,
    ]);
  });

  it("goes to its share in a straight line, and stays there", () => {
    expect(unitsOf({ toPercent: 60, overMonths: 4 }).slice(0, 6)).toEqual([9_000, 8_000, 7_000, 6_000, 6_000, 6_000]);
  });

  it("with a season has the months of the last year again, and without a year of history does not", () => {
    const year = [Float64Array.from({ length: 12 * 730 }, (_, h) => 1_000 * (1 + Math.floor(h / 730)))];
    expect(unitsOf({ season: true }, year).slice(0, 13)).toEqual([
      ...Array.from({ length: 12 }, (_, m) => 1_000 * (m + 1)),
      1_000,
    ]);
    const short = [Float64Array.from({ length: 730 }, () => 5_000)];
    expect(unitsOf({ season: true }, short)[7]).toBe(5_000);
  });

  it("of less than a month of hours is refused", () => {
    expect(() => forecast([new Float64Array(729)], [GOES_ON], options)).toThrow("a whole month");
  });
});
