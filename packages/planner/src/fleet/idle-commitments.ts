import type { CommitmentFigures } from "../bill/bill.ts";
import { FAMILIES_OF_FIXED_SIZE, familyAndSize, quarterUnits } from "../terms/size-factor.ts";
import type { OwnedCommitment, PlanRateBook } from "./fleet-history.ts";
import { type CommittedFleet, hourOfFleet, likeCommitments } from "./hour-of-fleet.ts";

/** What one more machine of a type would cost, where what is committed to and idle pays for some of it. */
export interface MarginalPrice {
  readonly machineType: string;
  readonly microUsdPerHour: number;
}

/** A machine that is paid for costs this: of two of them the one that is worth more is still to be told. */
const PAID_FOR = 1;

/**
 * What one more machine of each type of the region would really cost: next to nothing where a commitment that nothing uses covers
 * it, a part of its price where one covers a part. Only types for which that is less than their price.
 *
 * What is idle is what the exact bill of an hour like now leaves of each commitment. Regional reserved instances of a family
 * cover any size of it, of a fixed size their own alone; then savings plans, at their rates. Zonal reserved instances make
 * nothing cheaper by themselves: a type has one price in all zones. Of several machines that are launched at once each is priced
 * as the first: the next look counts them as running.
 */
export function marginalPrices(
  committed: CommittedFleet,
  prices: readonly MarginalPrice[],
  nowMs: number,
): MarginalPrice[] {
  const { region, running, rateBooks } = committed;
  const commitments = likeCommitments(committed.commitments, nowMs);
  if (commitments.length === 0) return [];
  const usage = hourOfFleet(running, commitments, rateBooks, nowMs);
  const idleOf = new Map([...usage.reservations, ...usage.plans].map((one) => [one.id, idle(one)]));
  const reserved = new Map<string, number>();
  for (const one of commitments) {
    if (one.kind !== "reserved_instances" || one.zone !== null || one.region !== region) continue;
    const pool = poolOf(one.machineType ?? "");
    // Figures are in unit-hours.
    if (pool !== undefined) reserved.set(pool, (reserved.get(pool) ?? 0) + 4 * (idleOf.get(one.id) ?? 0));
  }
  const plans = commitments
    .filter(({ kind }) => kind !== "reserved_instances")
    .map((plan) => ({ microUsd: 1e6 * (idleOf.get(plan.id) ?? 0), rates: ratesOf(plan, region, rateBooks) }));
  return prices.flatMap(({ machineType, microUsdPerHour }): MarginalPrice[] => {
    const units = quarterUnits(machineType);
    if (units === undefined) return [];
    let left = Math.max(0, 1 - (reserved.get(poolOf(machineType) ?? "") ?? 0) / units);
    for (const { microUsd, rates } of plans) {
      const rate = rates.get(machineType);
      if (rate !== undefined) left = Math.max(0, left - microUsd / rate);
    }
    const rest = Math.max(PAID_FOR, Math.ceil(microUsdPerHour * left));
    return rest < microUsdPerHour ? [{ machineType, microUsdPerHour: rest }] : [];
  });
}

/** Normalized unit-hours, or dollars of a savings plan, that nothing used in the hour. A share of a price, and no money. */
function idle({ purchased, used }: CommitmentFigures): number {
  const over = purchased.over * used.under - used.over * purchased.under;
  return Number(over) / Number(purchased.under * used.under);
}

/** Micro-dollars an hour under the plan, by machine type of the region. */
function ratesOf(
  { kind, region: only, family, term, paymentOption }: OwnedCommitment,
  region: string,
  books: readonly PlanRateBook[],
): ReadonlyMap<string, number> {
  const covers = (machineType: string) =>
    kind === "compute_savings_plan" || (only === region && familyAndSize(machineType)?.family === family);
  return new Map(
    books
      .filter((book) => book.kind === kind && book.region === region)
      .flatMap((book) => book.rates)
      .filter((rate) => rate.term === term && rate.paymentOption === paymentOption && covers(rate.machineType))
      .map((rate) => [rate.machineType, rate.hourlyMicroUsd]),
  );
}

/** What regional reserved instances of a type are pooled in. */
function poolOf(machineType: string): string | undefined {
  const family = familyAndSize(machineType)?.family;
  return family !== undefined && FAMILIES_OF_FIXED_SIZE.has(family) ? machineType : family;
}
