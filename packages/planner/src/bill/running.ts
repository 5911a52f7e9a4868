import type { BillCase, PlanRates, Product } from "./bill-case.ts";

/** All machines of one product that an account ran in one zone in a clock-hour. */
export interface RunningMachines extends Product {
  readonly account: string;
  readonly zone: string;
  readonly family: string;
  /** Of one machine. */
  readonly quarterUnits: bigint;
  /** Seconds of all of them, times the quarter units of one. */
  readonly unitSeconds: bigint;
  readonly onDemandPicoUsd: bigint;
  readonly planRates: PlanRates;
}

/** What one service billed an account in a clock-hour at one price. */
export interface RunningService {
  readonly account: string;
  readonly service: string;
  readonly microUnits: bigint;
  readonly onDemandPicoUsd: bigint;
  readonly planRates: PlanRates;
}

/** What of the rules a case may choose. */
export interface Rules {
  /** Whether what `owner` bought may apply to what `user` runs; for two different accounts. */
  readonly shares: (owner: string, user: string) => boolean;
  readonly sizeFlexibility: boolean;
}

export function rulesOf({ sharing: { on, offFor }, sizeFlexibility = true }: BillCase): Rules {
  return { shares: (owner, user) => on && !offFor.has(owner) && !offFor.has(user), sizeFlexibility };
}

/** Texts in the order of their UTF-16 units: the same everywhere. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
