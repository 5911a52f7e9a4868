import type { Allocatable } from "@berth/domain";

/**
 * The packer's view of the world. cpu in millicores, memory in MiB, volumes in EBS attachments, one pod slot each;
 * prices are integer micro-dollars an hour, list on-demand.
 */
export interface InstanceRequest {
  readonly instanceId: string;
  readonly clusterId: string;
  readonly organizationId: string;
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly volumes: number;
  /** Fixed: the instance's ordinal decides it, and its volume pins it for ever. */
  readonly zone: string;
  readonly holdsData: boolean;
  readonly masterEligible: boolean;
  /** Named reason why no machine is launched for it now, as `launch_quarantined`; it may still go to a node that there is. */
  readonly launchClosed?: string;
}

/** A node that exists, or that a machine on its way will become. */
export interface NodeState {
  readonly name: string;
  readonly poolId: string;
  readonly zone: string;
  readonly machineType: string;
  readonly priceMicroUsdPerHour: number;
  /** What instances may use: after the kubelet's reservations and after the node's daemons. */
  readonly allocatable: Allocatable;
  /** Named reason why nothing new may land here, as `draining` or `not_ready`; absent when it may. */
  readonly closed?: string;
  readonly coming: boolean;
  readonly instances: readonly InstanceRequest[];
}

/** A machine type in a zone that could be launched. */
export interface LaunchOption {
  readonly poolId: string;
  readonly zone: string;
  readonly machineType: string;
  readonly priceMicroUsdPerHour: number;
  readonly allocatable: Allocatable;
  /** How many more machines the pool may have: of all its options together. */
  readonly poolRoom: number;
  /** Named reason why it cannot be launched now, as `insufficient_capacity` or `pool_full`. */
  readonly closed?: string;
}

export type Dimension = "cpu" | "memory" | "volumes" | "pods";

/** Why a candidate was refused. One closed list: the operator page, the CLI and tests share it. */
export type RejectionReason =
  | { readonly kind: "closed"; readonly because: string }
  | { readonly kind: "no_room"; readonly dimension: Dimension; readonly needed: number; readonly free: number }
  | { readonly kind: "conflict"; readonly role: "data" | "master"; readonly withInstance: string };

export interface Candidate {
  readonly target: string;
  readonly machineType: string;
  readonly zone: string;
  readonly poolId: string;
  readonly priceMicroUsdPerHour: number;
  /** Present when refused. */
  readonly rejection?: RejectionReason;
  /** Lower is better; present when it was possible. */
  readonly score?: number;
}

export type Assignment =
  | {
      readonly outcome: "placed";
      readonly instanceId: string;
      readonly node: string;
      readonly candidates: readonly Candidate[];
    }
  | {
      readonly outcome: "new_machine";
      readonly instanceId: string;
      readonly machine: number;
      readonly candidates: readonly Candidate[];
    }
  | { readonly outcome: "refused"; readonly instanceId: string; readonly candidates: readonly Candidate[] };

/** A machine to launch. `alternatives` hold everything planned onto it too, cheapest first, for when capacity lacks. */
export interface PlannedMachine {
  readonly poolId: string;
  readonly zone: string;
  readonly machineType: string;
  readonly priceMicroUsdPerHour: number;
  readonly allocatable: Allocatable;
  readonly alternatives: readonly LaunchOption[];
  readonly instances: readonly InstanceRequest[];
}

export interface PlacementPlan {
  readonly assignments: readonly Assignment[];
  readonly machines: readonly PlannedMachine[];
}
