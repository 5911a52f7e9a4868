import type { HourRange } from "./bill-case.ts";
import type { Fraction } from "./fraction.ts";
import type { RunningMachines, RunningService } from "./running.ts";

/**
 * `on_demand` is usage that nothing covers; `reserved` and `planned` is usage that a commitment covers, which costs nothing
 * where it stands: what it costs is the commitment's `recurring` line, of every hour of its term whether used or not, and its
 * `upfront` line in the hour in which it starts.
 */
export const LINE_KINDS = ["on_demand", "reserved", "planned", "recurring", "upfront"] as const;
export type LineKind = (typeof LINE_KINDS)[number];

/** A line of a clock-hour, or of several hours in a row in which it is the same. */
export interface BillLine extends HourRange {
  readonly kind: LineKind;
  /** That runs the usage, or that bought the commitment. */
  readonly account: string;
  /** The id of the commitment; of usage on demand none. */
  readonly commitment: string | undefined;
  /** Of a line of usage. */
  readonly use: RunningMachines | RunningService | undefined;
  /** Of one hour: machine-hours, units of a service, or how many reserved instances or plans. */
  readonly quantity: Fraction;
  /** What a unit of usage costs, on demand or at the plan's rate; of other lines none. */
  readonly unitPicoUsd: bigint | undefined;
  /** Of all its hours: one hour's amount, rounded to the nearest nano-dollar, times the hours. */
  readonly nanoUsd: bigint;
  /** What covered usage takes of its commitment: at the plan's rate, or at the reservation's hourly price and its part of the upfront one. */
  readonly effectiveNanoUsd: bigint;
}

/** What became of a commitment in the hours that are billed. */
export interface CommitmentFigures {
  readonly id: string;
  /** Of the hours that are billed, those of its term. */
  readonly hours: number;
  /** Of reservations normalized unit-hours; of plans dollars. */
  readonly purchased: Fraction;
  readonly used: Fraction;
  readonly recurringNanoUsd: bigint;
  /** Paid in these hours. */
  readonly upfrontNanoUsd: bigint;
  /** These hours' part of the upfront price. Parts of hours one after the other add up to the price exactly. */
  readonly amortizedNanoUsd: bigint;
}

/** Normalized unit-hours of the machines of a family in a region. */
export interface Coverage {
  readonly region: string;
  readonly family: string;
  readonly eligible: Fraction;
  readonly reserved: Fraction;
  readonly planned: Fraction;
}

export interface BillTotals {
  readonly onDemandNanoUsd: bigint;
  readonly recurringNanoUsd: bigint;
  readonly upfrontNanoUsd: bigint;
  /** The sum of the three above: what is paid in these hours. */
  readonly nanoUsd: bigint;
  readonly amortizedUpfrontNanoUsd: bigint;
  /** With these hours' part of every upfront price in place of what is paid upfront in them. */
  readonly amortizedNanoUsd: bigint;
  /** What the same usage would cost without a commitment. */
  readonly withoutCommitmentsNanoUsd: bigint;
}

export interface Bill {
  readonly period: HourRange;
  /** By hour, then in the order of LINE_KINDS, then by account, then in the order in which commitments are applied. */
  readonly lines: readonly BillLine[];
  readonly totals: BillTotals;
  /** In the order of their ids. */
  readonly reservations: readonly CommitmentFigures[];
  readonly plans: readonly CommitmentFigures[];
  /** In the order of region and family. */
  readonly coverage: readonly Coverage[];
}
