import type { NewCommitment, Rate } from "@berth/domain";

/** Machines of a kind as their account is billed for them: each from its launch to its end. */
export interface MachineRun {
  readonly region: string;
  readonly zone: string;
  readonly machineType: string;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  /** Undefined while it runs. */
  readonly endedMs: number | undefined;
}

export interface OwnedCommitment extends NewCommitment {
  readonly id: string;
}

/** On demand, Linux, default tenancy. */
export interface TypePrice {
  readonly region: string;
  readonly machineType: string;
  readonly microUsdPerHour: number;
}

/** The rates of one kind of savings plan in a region. */
export interface PlanRateBook {
  readonly region: string;
  readonly kind: "ec2_instance_savings_plan" | "compute_savings_plan";
  readonly rates: readonly Rate[];
}

/** What ran in a range of clock-hours, what was committed to, and what both are priced by. */
export interface FleetHistory {
  /** Clock-hours since 1970: the first one, and how many. */
  readonly fromHour: number;
  readonly hours: number;
  readonly runs: readonly MachineRun[];
  readonly commitments: readonly OwnedCommitment[];
  readonly prices: readonly TypePrice[];
  readonly rateBooks: readonly PlanRateBook[];
}
