import type { FleetPolicy, InstanceRequest, NodeState } from "../types.ts";
import type { MoveCosts } from "./move-cost.ts";

/** An instance that runs, with what a move of it would take. */
export interface RunningInstance extends InstanceRequest {
  /** What its volumes hold, in GiB: what has to catch up after a restart. */
  readonly storedGib: number;
  readonly clusterIsGreen: boolean;
  /** One of the cluster's indices has no second copy. */
  readonly hasIndexWithoutReplicas: boolean;
  readonly backupIsRunning: boolean;
  readonly upgradeIsRunning: boolean;
  /** Of all this nobody could be asked: what is not known is not safe. */
  readonly factsAreUnknown?: true;
}

export interface RunningNode extends NodeState {
  readonly instances: readonly RunningInstance[];
  /** Since when it takes instances. */
  readonly readyAt: Date;
}

/** What holds for a rebalance, and how long is looked for one. Everything that is not given is as in STANDARD_REBALANCE. */
export interface RebalanceRules {
  readonly policy: FleetPolicy;
  /** How long a saving is believed to last. */
  readonly horizonHours: number;
  readonly costs: MoveCosts;
  /** What is saved over the horizon must be more than so many times what the moves cost. */
  readonly leastSavingPerCost: number;
  /** Instances moved, at most. */
  readonly mostMoves: number;
  /** Nodes emptied in one zone in one hour, at most. */
  readonly nodesPerZonePerHour: number;
  /** Of each zone, nodes that were emptied in the hour before: they count for the plan's first hour. */
  readonly emptiedInLastHour: Readonly<Record<string, number>>;
  /** How many hours the plan may take. */
  readonly mostHours: number;
  /** A node younger than this is left alone. */
  readonly leastNodeMinutes: number;
  readonly seed: number;
  /** Rounds of the search after its first answer. The same number and seed give the same plan, byte for byte. */
  readonly iterations: number;
}

/** Why a node stays as it is, of those that could be emptied or replaced. One closed list. */
export type HeldReason =
  | "node_closed"
  | "node_coming"
  | "node_young"
  | "cluster_not_green"
  | "index_without_replicas"
  | "backup_running"
  | "upgrade_running"
  | "facts_unknown"
  /** Its instances would have room in another zone only, where their volumes cannot go. */
  | "volume_in_zone"
  | "headroom"
  | "no_room"
  /** There is a way, but it would save too little for what it costs. */
  | "below_threshold"
  | "most_moves"
  | "nodes_per_hour"
  | "pool_full"
  | "spend_cap"
  /** It takes instances that come from others. */
  | "takes_others";

export interface HeldCount {
  readonly reason: HeldReason;
  readonly nodes: number;
  /** Instances on them; of a reason that concerns an instance, those alone. */
  readonly instances: number;
}

/** `drain`: into room that there is; `downsize`: one node by a cheaper; `merge`: several by one; `split`: one by two; `repack`: else. */
export type RebalanceKind = "drain" | "downsize" | "merge" | "split" | "repack";

/** Nodes that are emptied together, because only together it pays. */
export interface RebalanceAction {
  readonly kind: RebalanceKind;
  /** Emptied and removed. */
  readonly nodes: readonly string[];
  /** Launched for what finds no room. */
  readonly machines: readonly string[];
  readonly moves: number;
  readonly savingMicroUsdPerHour: number;
  readonly costMicroUsd: number;
  /** Minutes that instances are away, in sum. */
  readonly disruptedMinutes: number;
}

/** What is done, and what it brings: a launch costs, a move disrupts, a removal saves. */
export type RebalanceStep = {
  /** Index of its action. */
  readonly action: number;
  /** It begins no earlier than so many hours after the plan does. */
  readonly hour: number;
  /** What has the same round may be done at once, and begins when the round before is done. */
  readonly round: number;
  readonly savingMicroUsdPerHour: number;
  readonly costMicroUsd: number;
  readonly disruptedMinutes: number;
} & (
  | {
      readonly kind: "launch";
      readonly machine: string;
      readonly poolId: string;
      readonly zone: string;
      readonly machineType: string;
      readonly priceMicroUsdPerHour: number;
    }
  | { readonly kind: "move"; readonly instanceId: string; readonly from: string; readonly to: string }
  | { readonly kind: "remove"; readonly node: string }
);

/**
 * Steps in their order. Any first part of them leaves a fleet that keeps every rule: machines are launched before anything
 * moves onto them, an instance's new place is free before its old one is, and a node goes when nothing is left on it.
 */
export interface RebalancePlan {
  readonly steps: readonly RebalanceStep[];
  readonly actions: readonly RebalanceAction[];
  readonly savingMicroUsdPerHour: number;
  readonly costMicroUsd: number;
  readonly disruptedMinutes: number;
  readonly moves: number;
  readonly launches: number;
  readonly removals: number;
  readonly hours: number;
  readonly held: readonly HeldCount[];
}
