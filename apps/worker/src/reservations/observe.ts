import {
  type Database,
  listCommitmentsBetween,
  listMachineRuns,
  listOnDemandPrices,
  listPriceBooksInForce,
  listRateBooks,
  type PlanPriceBook,
  type RateBookRow,
} from "@berth/db";
import type { PlanningInput, PlanRateBook } from "@berth/planner";

const HOUR_MS = 3_600_000;
/** A year: a season is in it once. */
const MOST_HOURS = 8_760;
/** Of a plan: as long as the longest term. */
const MONTHS = 36;

/** What ran in the last year, to the hour that has ended; what is held from then on; what can be bought. */
export async function observeReservations(
  database: Database,
  now: Date,
): Promise<{ readonly input: PlanningInput; readonly priceBooks: readonly PlanPriceBook[] }> {
  const untilHour = Math.floor(now.getTime() / HOUR_MS);
  const until = new Date(untilHour * HOUR_MS);
  const since = new Date((untilHour - MOST_HOURS) * HOUR_MS);
  const [runs, commitments, prices, rateBooks, inForce] = await Promise.all([
    listMachineRuns(database, since, until),
    listCommitmentsBetween(database, until, new Date(8.64e15)),
    listOnDemandPrices(database),
    listRateBooks(database, ["reserved_instances", "ec2_instance_savings_plan", "compute_savings_plan"]),
    listPriceBooksInForce(database),
  ]);
  const first = runs.reduce((least, { startedMs }) => Math.min(least, startedMs), until.getTime());
  const fromHour = Math.max(untilHour - MOST_HOURS, Math.ceil(first / HOUR_MS));
  const regions = new Set(runs.map(({ region }) => region));
  const isPlan = (book: RateBookRow): book is RateBookRow & PlanRateBook => book.kind !== "reserved_instances";
  return {
    input: {
      fromHour,
      hours: untilHour - fromHour,
      months: MONTHS,
      runs,
      commitments,
      prices,
      reservedBooks: rateBooks.filter(({ kind }) => kind === "reserved_instances"),
      rateBooks: rateBooks.filter(isPlan),
      withheld: rateBooks
        .filter(({ region, estimates }) => regions.has(region) && estimates.length > 0)
        .map(estimatesOf),
    },
    priceBooks: inForce
      .filter(({ region }) => regions.has(region))
      .map(({ id, kind, region, version, source }) => ({ id, kind, region, version, source })),
  };
}

function estimatesOf({ id, region, kind, version, estimates }: RateBookRow): string {
  const offers = estimates.map(({ term, offeringClass, paymentOption }) =>
    [term, offeringClass, paymentOption].filter((word) => word !== null).join(" "),
  );
  const told = [...new Set(offers)].toSorted().join(", ");
  return `${id}: ${estimates.length} rates of ${kind} of ${region}, version ${version}, are estimates, and none is offered: ${told}.`;
}
