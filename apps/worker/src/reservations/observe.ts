import {
  type Database,
  listCommitmentsBetween,
  listKubes,
  listLoadHours,
  listMachineRuns,
  listOnDemandPrices,
  listPriceBooksInForce,
  listRateBooks,
  type PlanPriceBook,
  type RateBookRow,
  type StudyStore,
  sqlTransaction,
} from "@berth/db";
import type { KubeId } from "@berth/domain";
import type { PlanRateBook } from "@berth/planner";
import { toStudyFleet } from "../studies/study-fleet.ts";
import type { PlanTask } from "./make-plan.ts";
import type { KubeFleet } from "./pack-kubes.ts";

const HOUR_MS = 3_600_000;
/** A year: a season is in it once. */
const MOST_HOURS = 8_760;
/** Of a plan: as long as the longest term. */
const MONTHS = 36;
/** More than any installation has. */
const KUBES_READ = 10_000;

/**
 * What ran in the last year, to the hour that has ended, and what its instances asked for; what is held from then on; what can be
 * bought, all as of one moment, so that the books that are named are those whose rates are used. And each kube as it is now.
 */
export async function observeReservations(
  database: Database,
  fleets: Pick<StudyStore, "findFleet">,
  now: Date,
): Promise<{ readonly task: PlanTask; readonly priceBooks: readonly PlanPriceBook[] }> {
  const untilHour = Math.floor(now.getTime() / HOUR_MS);
  const until = new Date(untilHour * HOUR_MS);
  const since = new Date((untilHour - MOST_HOURS) * HOUR_MS);
  const { kubes, runs, loads, commitments, prices, rateBooks, inForce } = await sqlTransaction(
    database,
    async (tx) => ({
      kubes: await listKubes(tx, { order: "ascending", limit: KUBES_READ }),
      runs: await listMachineRuns(tx, since, until),
      loads: await listLoadHours(tx, since, until),
      commitments: await listCommitmentsBetween(tx, until, new Date(8.64e15)),
      prices: await listOnDemandPrices(tx),
      rateBooks: await listRateBooks(tx, ["reserved_instances", "ec2_instance_savings_plan", "compute_savings_plan"]),
      inForce: await listPriceBooksInForce(tx),
    }),
    { isolation: "repeatable read" },
  );
  const first = runs.reduce((least, { startedMs }) => Math.min(least, startedMs), until.getTime());
  const fromHour = Math.max(untilHour - MOST_HOURS, Math.ceil(first / HOUR_MS));
  const paid = kubes.rows.filter(({ isStatic }) => !isStatic);
  const regions = new Set([...runs, ...paid].map(({ region }) => region));
  const isPlan = (book: RateBookRow): book is RateBookRow & PlanRateBook => book.kind !== "reserved_instances";
  const recorded: PlanTask["recorded"] = {
    fromHour,
    hours: untilHour - fromHour,
    months: MONTHS,
    runs,
    loads,
    commitments,
    prices,
    reservedBooks: rateBooks.filter(({ kind }) => kind === "reserved_instances"),
    rateBooks: rateBooks.filter(isPlan),
    withheld: rateBooks.filter(({ region, estimates }) => regions.has(region) && estimates.length > 0).map(estimatesOf),
  };
  return {
    task: { recorded, kubes: await fleetsOf(fleets, paid) },
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

/** A kube that is gone meanwhile has no fleet. */
async function fleetsOf(
  fleets: Pick<StudyStore, "findFleet">,
  kubes: readonly { readonly id: string; readonly region: string }[],
): Promise<KubeFleet[]> {
  const found: KubeFleet[] = [];
  for (const { id, region } of kubes) {
    const fleet = await fleets.findFleet(id as KubeId);
    if (fleet !== undefined) found.push({ kubeId: id, region, fleet: toStudyFleet(fleet) });
  }
  return found;
}
