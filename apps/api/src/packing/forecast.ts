import type { CapacityForecast } from "@berth/contract";
import type { PackingDay, PoolRow } from "@berth/db";
import { moneyFromMicroUsd } from "@berth/domain";
import { type Expected, reachedOn, type Trend, trendOf } from "@berth/packing";

/** What a forecast goes by: what is older tells of another time. */
export const DAYS_READ = 90;
const IN_DAYS = [30, 90] as const;
const DAYS_AHEAD = 365;
const DAY_MS = 86_400_000;

type PoolForecast = CapacityForecast["pools"][number];

/** Each pool's forecast from its days, or why there is none. */
export function toForecast(pools: readonly PoolRow[], days: readonly PackingDay[], now: Date): CapacityForecast {
  const today = Math.floor(now.getTime() / DAY_MS);
  return {
    pools: pools.map((pool) =>
      forecastOf(
        pool,
        days.filter(({ poolId }) => poolId === pool.id),
        today,
      ),
    ),
  };
}

function forecastOf(pool: PoolRow, days: readonly PackingDay[], today: number): PoolForecast {
  const price = trendOf(days.map(({ day, priceMicroUsdPerHour }) => ({ day, value: priceMicroUsdPerHour })));
  const machines = trendOf(days.map(({ day, machines }) => ({ day, value: machines })));
  const common = { pool_id: pool.id, kube_id: pool.kubeId, name: pool.name, days_sampled: days.length };
  if (price === undefined || machines === undefined) {
    return {
      ...common,
      unknown_because: "too_few_samples",
      price_per_hour: [],
      machines: [],
      spend_cap_reached: null,
      machine_cap_reached: null,
    };
  }
  const { spendCapMicroUsdPerHour: spendCap, maxMachines } = pool;
  return {
    ...common,
    unknown_because: null,
    price_per_hour: IN_DAYS.map((in_days) => ({
      in_days,
      ...mapped(price.on(today + in_days), (value) => moneyFromMicroUsd(Math.round(value))),
    })),
    machines: IN_DAYS.map((in_days) => ({
      in_days,
      ...mapped(machines.on(today + in_days), (value) => Math.round(value * 10) / 10),
    })),
    spend_cap_reached: spendCap === null ? null : reached(price, spendCap, today),
    machine_cap_reached: reached(machines, maxMachines, today),
  };
}

function mapped<T>({ expected, low, high }: Expected, to: (value: number) => T) {
  return { expected: to(expected), low: to(low), high: to(high) };
}

function reached(trend: Trend, limit: number, today: number) {
  const { expectedOn, earliestOn } = reachedOn(trend, limit, today, DAYS_AHEAD);
  return { expected_on: dateOf(expectedOn), earliest_on: dateOf(earliestOn) };
}

function dateOf(day: number | undefined): string | null {
  return day === undefined ? null : new Date(day * DAY_MS).toISOString().slice(0, 10);
}
