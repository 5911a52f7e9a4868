import type { SimulationClock } from "../clock.ts";
import type { AwsCatalogue } from "./catalogue.ts";

/** A delay is drawn evenly between two bounds, in milliseconds, both included. */
export type Between = readonly [lowMs: number, highMs: number];

export interface Ec2Timings {
  /** RunInstances to running. */
  readonly pendingMs: Between;
  /** How much later Describe calls see a machine and its changes. */
  readonly lagMs: Between;
  /** Running to an operating system that runs its user data. */
  readonly bootMs: Between;
  /** TerminateInstances to terminated; the processes are gone after half of it. */
  readonly shutdownMs: Between;
  /** How long a terminated machine is still described; AWS says about an hour. */
  readonly keepTerminatedMs: number;
}

/** As AWS behaves: for simulation on the virtual clock. */
export const AWS_TIMINGS: Ec2Timings = {
  pendingMs: [4_000, 15_000],
  lagMs: [0, 5_000],
  bootMs: [15_000, 40_000],
  shutdownMs: [10_000, 60_000],
  keepTerminatedMs: 3_600_000,
};

/** Every delay is there but short: for development and for tests on the real clock. */
export const QUICK_TIMINGS: Ec2Timings = {
  pendingMs: [300, 900],
  lagMs: [0, 300],
  bootMs: [500, 1_500],
  shutdownMs: [400, 1_200],
  keepTerminatedMs: 3_600_000,
};

export interface Ec2Options {
  readonly clock: SimulationClock;
  readonly seed: number;
  readonly region: string;
  readonly zones: readonly string[];
  readonly catalogue?: AwsCatalogue;
  readonly timings?: Ec2Timings;
  /** Images that exist; left out, every well-formed id does. */
  readonly images?: readonly string[];
  /** Machines that may exist at once; left out, any number. */
  readonly instanceLimit?: number;
  /** Request and resource buckets with AWS's sizes; off by default. */
  readonly throttling?: boolean;
}
