import type { SimulationClock } from "../clock.ts";
import type { AwsCatalogue } from "./catalogue.ts";
import { type Ec2FaultState, noFaults } from "./faults.ts";
import type { Ec2Instance } from "./instance.ts";
import type { Ec2Timings } from "./options.ts";
import type { ReservedInstances } from "./reserved.ts";
import type { BucketLevels } from "./throttle.ts";

/** All that changes in the model: plain JSON, so that a snapshot is a copy. */
export interface Ec2State {
  nextOrdinal: number;
  instances: Record<string, Ec2Instance>;
  /** `zone or region|token` -> the launch that it stands for. */
  tokens: Record<string, { fingerprint: string; instanceIds: string[] }>;
  /** Machines whose onBoot or onTerminate was already called: a restored model does not call twice. */
  booted: Record<string, true>;
  vanished: Record<string, true>;
  buckets: BucketLevels;
  faults: Ec2FaultState;
  reserved: ReservedInstances[];
}

export interface Subnet {
  readonly id: string;
  readonly zone: string;
}

/** What the model's parts share. */
export interface Ec2Context {
  readonly clock: SimulationClock;
  readonly seed: number;
  readonly region: string;
  readonly zones: readonly string[];
  readonly subnets: readonly Subnet[];
  readonly images: readonly string[] | undefined;
  readonly catalogue: AwsCatalogue;
  readonly timings: Ec2Timings;
  state: Ec2State;
  watchBoot(instance: Ec2Instance): void;
  watchVanish(instance: Ec2Instance): void;
}

export function emptyEc2State(): Ec2State {
  return {
    nextOrdinal: 1,
    instances: {},
    tokens: {},
    booted: {},
    vanished: {},
    buckets: {},
    faults: noFaults(),
    reserved: [],
  };
}
