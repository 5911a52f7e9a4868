import { lowerQuartile } from "./forecast-percentile.ts";
import { cheapestNanoUsdPerHour, jointFamilies, limitedGroups, servedGroup } from "./joint-families.ts";
import type { Active } from "./ladder-program.ts";
import { type HeldCommitment, type PlanningCase, type Product, TERM_MONTHS } from "./planning-case.ts";
import type { ProgramBuilder } from "./program-builder.ts";
import { worthOf, worthOfHeld } from "./worth.ts";

/** At most so large a part of all commitments ends in one month. */
const MOST_ENDING_SHARE = 1 / 6;
const HALF_YEAR = 6;

/**
 * The guard rails as rows, in worth on demand of an hour (dollars):
 *
 * 1. Three-year commitments, held and bought, are in each month at most the 25th percentile of the forecast of the twelve
 *    months from then on: of each group of families that share demand, and of those that a savings plan serves together.
 *    Where more is held already, no more is bought.
 * 2. What ends in one month is at most a sixth of all that is active half a year before, to within the smallest unit that may
 *    end then; where that is beyond the horizon, of what is active in the mean of its last year. So a first purchase waits for
 *    five more of its size, and a ladder of six rungs may run out. What is held and ends then is counted first; where it is
 *    more than a sixth of what is held, as much may end beside it as is a sixth of what is bought.
 */
export function addGuardRails(
  planning: PlanningCase,
  builder: ProgramBuilder,
  bought: readonly Int32Array[],
  actives: readonly Active[],
): void {
  const { months, products, held } = planning;
  const worths = products.map((product) => worthOf(planning, product) / 1e6);
  const worth = (p: number) => worths[p] as number;
  const activeHeld = (m: number, which: (one: HeldCommitment) => boolean) =>
    held.reduce(
      (sum, one) =>
        which(one) && m >= one.startMonth && m < one.endMonth ? sum + worthOfHeld(planning, one) / 1e6 : sum,
      0,
    );

  const joint = jointFamilies(planning);
  for (const group of limitedGroups(planning)) {
    const within = (families: readonly number[]) => families.every((f) => group.includes(f));
    const counts = (one: Product | HeldCommitment) =>
      one.term === "3y" &&
      (one.kind === "reserved" ? group.includes(one.family) : within(servedGroup(joint, one.rates)));
    const parts = joint.filter(within);
    for (let m = 0; m < months; m++) {
      const demand = (milliUnits: readonly number[]) =>
        parts.reduce((sum, one) => sum + cheapestNanoUsdPerHour(planning, one, milliUnits), 0);
      const most = Math.max(0, lowerQuartile(planning, m, demand) / 1e9 - activeHeld(m, counts));
      const row = builder.row(Number.NEGATIVE_INFINITY, most);
      for (const { products: of, columns } of actives) {
        const first = of[0] as number;
        if (counts(products[first] as Product)) builder.entry(row, columns[m] as number, worth(first));
      }
    }
  }

  // What all that is active is worth: a column a month, and one for the mean of the last year.
  const all = Array.from({ length: months }, (_, m) => {
    const column = builder.column({});
    const row = builder.row(0, 0);
    builder.entry(row, column, 1);
    for (const { products: of, columns } of actives) builder.entry(row, columns[m] as number, -worth(of[0] as number));
    return { column, held: activeHeld(m, () => true) };
  });
  const year = all.slice(-12);
  const lastYear = {
    column: builder.column({}),
    held: year.reduce((sum, { held: one }) => sum + one, 0) / year.length,
  };
  const mean = builder.row(0, 0);
  builder.entry(mean, lastYear.column, year.length);
  for (const { column } of year) builder.entry(mean, column, -1);

  const lastEnd = months - 1 + Math.max(0, ...products.map(({ term }) => TERM_MONTHS[term]));
  for (let end = HALF_YEAR; end <= lastEnd; end++) {
    const ending = products.flatMap((product, p) => {
      const m = end - TERM_MONTHS[product.term];
      return m >= 0 && m < months ? [{ column: (bought[p] as Int32Array)[m] as number, worth: worth(p) }] : [];
    });
    if (ending.length === 0) continue;
    const oneUnit = Math.min(...ending.map((one) => one.worth));
    const heldEnding = held.reduce(
      (sum, one) => (one.endMonth === end ? sum + worthOfHeld(planning, one) / 1e6 : sum),
      0,
    );
    // Within the horizon a month; beyond it its last year, so that no purchase of the last month makes room.
    const before = all[end - HALF_YEAR] ?? lastYear;
    const most = Math.max(0, MOST_ENDING_SHARE * before.held - heldEnding) + (1 - MOST_ENDING_SHARE) * oneUnit;
    const row = builder.row(Number.NEGATIVE_INFINITY, most);
    // Below 0: a purchase that a plan need not look at.
    for (const { column, worth: each } of ending) if (column >= 0) builder.entry(row, column, each);
    builder.entry(row, before.column, -MOST_ENDING_SHARE);
  }
}
