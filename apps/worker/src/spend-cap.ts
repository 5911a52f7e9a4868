import type { SpendCapReached } from "@berth/db";

/** Word of guards and decisions. */
export const SPEND_CAP = "spend_cap";

/** For operators. */
export function describeSpendCap({ capMicroUsdPerHour, spendMicroUsdPerHour }: SpendCapReached): string {
  const dollars = (microUsd: number) => `$${(microUsd / 1_000_000).toFixed(4)}`;
  const would = `the pool's machines would cost ${dollars(spendMicroUsdPerHour)} an hour`;
  return `With one more ${would}, and they may cost ${dollars(capMicroUsdPerHour)}: raise its spend cap, or let machines go.`;
}
