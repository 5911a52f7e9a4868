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
  /** Where it is meant to go: there it goes where that is possible, before any other, and where not as if nothing were said. */
  readonly plannedNode?: string;
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
  /** It is to be emptied: used only where nothing else is left. */
  readonly markedForDrain?: boolean;
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
  /** How much more an hour the pool may cost: of all its options together. Absent: as much as it takes. */
  readonly poolSpendRoomMicroUsdPerHour?: number;
  /** Named reason why it cannot be launched now, as `insufficient_capacity`, `pool_full` or `zone_held`. */
  readonly closed?: string;
}

export type Dimension = "cpu" | "memory" | "volumes" | "pods";

/** Why a candidate was refused. One closed list: the operator page, the CLI and tests share it. */
export type RejectionReason =
  | { readonly kind: "closed"; readonly because: string }
  | { readonly kind: "no_room"; readonly dimension: Dimension; readonly needed: number; readonly free: number }
  | { readonly kind: "conflict"; readonly role: "data" | "master"; readonly withInstance: string }
  /** The node holds as many of the organization as it may. */
  | { readonly kind: "tenant_share"; readonly held: number; readonly limit: number }
  /** The pool would keep room in the zone for fewer phantom instances than its headroom asks for. */
  | { readonly kind: "headroom"; readonly left: number; readonly wanted: number };

/** How many candidates were refused for one reason: a kind of rejection, or the name of what closes it. */
export interface RefusalCount {
  readonly reason: string;
  /** Of `no_room`: which. */
  readonly dimension?: Dimension;
  readonly count: number;
}

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

/**
 * Why an instance went where it did. Candidates are the nodes of its zone, and the machine types where no node holds it.
 *
 * Up to 200 nodes, each is listed. Beyond that those that were possible are listed up to the best twenty, and of each
 * reason the first few that it refused. The counts are complete.
 */
export interface Explanation {
  readonly candidates: readonly Candidate[];
  /** How many candidates there were. */
  readonly considered: number;
  readonly refusals: readonly RefusalCount[];
}

export type Assignment = Explanation & { readonly instanceId: string } & (
    | { readonly outcome: "placed"; readonly node: string }
    | { readonly outcome: "new_machine"; readonly machine: number }
    | { readonly outcome: "refused" }
  );

/** A machine to launch. `alternatives` hold everything planned onto it too, cheapest first, for when capacity lacks. */
export interface PlannedMachine {
  /** What candidates call it. */
  readonly name: string;
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

/** What holds beside capacity. Everything is optional, and absent it holds nothing back. */
export interface FleetPolicy {
  readonly pools?: readonly PoolRules[];
  /** What room is worth; by default what the cheapest mix of the options charges for what runs. */
  readonly duals?: RoomPrices;
  /**
   * How much more a zone is expected to ask for soon, in percent of what runs there: a new machine may be so much larger
   * than what waits. By default 5; nothing is expected of an empty fleet.
   */
  readonly growthPercent?: number;
  /** What machine types really cost where commitments are paid for and unused. */
  readonly marginalPrices?: readonly { readonly machineType: string; readonly microUsdPerHour: number }[];
  /** False: assignments come without candidates. */
  readonly explains?: boolean;
}

export interface PoolRules {
  readonly poolId: string;
  /** No node holds more of an organization than this share of its instances, in percent; one is always allowed. */
  readonly tenantSharePercent?: number;
  /** Room that new instances leave on the pool's nodes, in each zone. */
  readonly headroom?: Headroom;
}

/** So many phantom instances of one shape. */
export interface Headroom {
  readonly instances: number;
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly volumes: number;
}

/** Micro-dollars an hour for one unit of each: a millicore, a MiB, an attachment, a slot. */
export interface RoomPrices {
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly volumes: number;
  readonly slot: number;
}
