import type { EngineName, Role } from "../engines.ts";

/** What a customer wants of one component: instances of the same roles and size. */
export interface ComponentSpec {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly instances: number;
  readonly size: string;
  readonly storageMib: number;
  /** Number of zones to spread over: 1 to 3. */
  readonly zones: number;
}

/** The whole desired spec of a cluster: what a release copies. Immutable once in a release. */
export interface ClusterSpec {
  readonly engine: EngineName;
  readonly version: string;
  readonly region: string;
  readonly components: readonly ComponentSpec[];
}

/** An instance as its cluster's plan wants it: ordinal and zone are fixed at creation (zones[ordinal mod z]). */
export interface PlannedInstance {
  readonly ordinal: number;
  readonly zone: string;
}

export interface PlannedComponent extends ComponentSpec {
  readonly memoryMib: number;
  readonly cpuMilli: number;
  /** Of one instance. */
  readonly priceMicroUsdPerHour: number;
  readonly placed: readonly PlannedInstance[];
}

export interface ClusterPlan {
  readonly spec: ClusterSpec;
  readonly components: readonly PlannedComponent[];
  readonly priceMicroUsdPerHour: number;
}
