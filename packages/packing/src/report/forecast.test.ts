import fc from "fast-check";
import { expect, test } from "vitest";
import { type DailyMean, reachedOn, trendOf } from "./forecast.ts";

const line = (days: number, from: number, slope: number, noise: (day: number) => number = () => 0): DailyMean[] =>
  Array.from({ length: days }, (_, day) => ({ day: 20_000 + day, value: from + slope * day + noise(day) }));

test("a straight line goes on as it is, with no doubt", () => {
  const trend = trendOf(line(10, 100, 5));
  expect(trend?.slope).toBeCloseTo(5, 9);
  const { expected, low, high } = trend?.on(20_040) ?? { expected: 0, low: 0, high: 0 };
  for (const value of [expected, low, high]) expect(value).toBeCloseTo(300, 6);
});

test("fewer than seven days say nothing", () => {
  expect(trendOf(line(6, 100, 5))).toBeUndefined();
  expect(trendOf([])).toBeUndefined();
  expect(trendOf(line(7, 100, 5))).toBeDefined();
});

test("the interval holds the line, grows with the distance, and is never below zero", () => {
  const days = fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { minLength: 7, maxLength: 60 });
  fc.assert(
    fc.property(days, (values) => {
      const trend = trendOf(values.map((value, day) => ({ day: 20_000 + day, value })));
      if (trend === undefined) throw new Error("there are enough days");
      const widthOf = (day: number) => {
        const { expected, low, high } = trend.on(day);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(expected + 1e-6);
        expect(high).toBeGreaterThanOrEqual(expected - 1e-6);
        return high - expected;
      };
      const last = 20_000 + values.length;
      if (trend.slope >= 0) expect(widthOf(last + 90)).toBeGreaterThanOrEqual(widthOf(last + 30) - 1e-6);
    }),
  );
});

test("of noisy lines, about 95 of 100 next days fall into the interval", () => {
  let state = 1;
  const uniform = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  let held = 0;
  const trials = 2000;
  for (let trial = 0; trial < trials; trial++) {
    const values = line(14, 1000, 3, () => 20 * normal());
    const next = values.at(-1) as DailyMean;
    const { low, high } = trendOf(values.slice(0, -1))?.on(next.day) ?? { low: 1, high: 0 };
    if (next.value >= low && next.value <= high) held += 1;
  }
  expect(held / trials).toBeGreaterThan(0.93);
  expect(held / trials).toBeLessThan(0.97);
});

test("a limit is reached where the line crosses it, and never by one that falls", () => {
  const growing = trendOf(line(10, 100, 5));
  const falling = trendOf(line(10, 100, -5));
  if (growing === undefined || falling === undefined) throw new Error("there are enough days");
  expect(reachedOn(growing, 200, 20_009, 365)).toEqual({ expectedOn: 20_020, earliestOn: 20_020 });
  expect(reachedOn(growing, 200, 20_009, 5)).toEqual({ expectedOn: undefined, earliestOn: undefined });
  expect(reachedOn(falling, 200, 20_009, 365)).toEqual({ expectedOn: undefined, earliestOn: undefined });
  expect(reachedOn(growing, 10, 20_009, 365).expectedOn).toBe(20_010);
});

test("doubt brings the earliest day before the expected one", () => {
  const noisy = trendOf(line(14, 100, 5, (day) => (day % 2 === 0 ? 8 : -8)));
  if (noisy === undefined) throw new Error("there are enough days");
  const { expectedOn = 0, earliestOn = 0 } = reachedOn(noisy, 300, 20_013, 365);
  expect(earliestOn).toBeLessThan(expectedOn);
});
