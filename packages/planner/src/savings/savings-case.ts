import type { OwnedCommitment, PlanRateBook, TypePrice } from "../fleet/fleet-history.ts";

/** So many machines that run all the time. */
export interface FleetLine {
  readonly region: string;
  readonly zone: string;
  readonly machineType: string;
  readonly count: number;
}

/** What a savings report follows from. */
export interface SavingsCase {
  /** Clock-hour since 1970 that stands for all: commitments count whose term has it. */
  readonly atHour: number;
  /** A machine of its own for each instance, the cheapest that it fits on. */
  readonly oneEach: readonly FleetLine[];
  readonly packed: readonly FleetLine[];
  /** Bought already. */
  readonly held: readonly OwnedCommitment[];
  /** To be bought; their terms have the hour. */
  readonly plan: readonly OwnedCommitment[];
  /** Of what is held, what runs on where the plan is looked at: the plan may have renewed the rest. All of it when left out. */
  readonly heldWithPlan?: readonly OwnedCommitment[];
  readonly prices: readonly TypePrice[];
  readonly rateBooks: readonly PlanRateBook[];
}
