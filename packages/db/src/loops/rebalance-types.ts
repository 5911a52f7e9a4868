import type {
  ClusterHealth,
  ClusterId,
  ClusterState,
  EngineName,
  Guard,
  InstanceId,
  InstanceState,
  KubeId,
  MachineId,
  OrganizationId,
  PoolId,
  RebalanceMode,
  RebalanceMoveState,
  RebalancePlanId,
  RebalancePlanState,
  Result,
} from "@berth/domain";
import type { HeldLease, KubeRecord, NewMachine, SpendCapReached } from "./types.ts";

/** What the rebalance loop needs to know of a kube beside what placement does. */
export interface RebalanceRecord {
  readonly kube: KubeRecord;
  /** Nothing that it stands on is real. */
  readonly simulated: boolean;
  readonly waitingFor: readonly Guard[];
  readonly failures: number;
  readonly wakes: number;
  /** When a look for new moves is due; undefined before the first. */
  readonly observedAt: Date | undefined;
  /** Somebody asked for a look since the last one. */
  readonly isAskedFor: boolean;
  readonly pools: readonly {
    readonly poolId: PoolId;
    readonly mode: RebalanceMode;
    readonly minSavingMicroUsdPerMonth: number;
    readonly maxAutomaticMoves: number;
  }[];
  /** Since when each machine takes instances, by node. */
  readonly readyAt: ReadonlyMap<string, Date>;
  /** Nodes that were emptied in the last hour, by zone. */
  readonly emptiedInLastHour: Readonly<Record<string, number>>;
  /** Not deleted. */
  readonly clusters: readonly RebalanceCluster[];
  /** Those that are not over, and those of which a move still is under way. Oldest first. */
  readonly plans: readonly RebalancePlanRecord[];
}

export interface RebalanceCluster {
  readonly id: ClusterId;
  readonly organizationId: OrganizationId;
  readonly engine: EngineName;
  readonly version: string;
  readonly state: ClusterState;
  readonly health: ClusterHealth;
  /** Something is being changed. */
  readonly isBusy: boolean;
  readonly instances: readonly {
    readonly id: InstanceId;
    readonly podName: string;
    readonly state: InstanceState;
    readonly storageMib: number;
  }[];
}

export interface RebalancePlanRecord {
  readonly id: RebalancePlanId;
  readonly poolId: PoolId;
  readonly state: RebalancePlanState;
  readonly digest: string;
  readonly generation: number;
  /** Over how many hours it is spread. */
  readonly hours: number;
  /** As it was stored. */
  readonly plan: unknown;
  /** By the name in the plan: the machines that were made for it. */
  readonly machines: Readonly<Record<string, MachineId>>;
  readonly waitingFor: readonly Guard[];
  readonly startedAt: Date | undefined;
  readonly approvedAt: Date | undefined;
  readonly moves: readonly {
    readonly step: number;
    readonly instanceId: InstanceId;
    readonly clusterId: ClusterId;
    readonly fromNode: string;
    readonly toNode: string;
    readonly state: RebalanceMoveState;
    readonly podUid: string | undefined;
    readonly startedAt: Date | undefined;
  }[];
}

export interface NewRebalancePlan {
  readonly id: RebalancePlanId;
  readonly poolId: PoolId;
  /** It needs nobody's approval. */
  readonly automatic: boolean;
  readonly savingMicroUsdPerHour: number;
  readonly costMicroUsd: number;
  readonly disruptedMinutes: number;
  readonly launches: number;
  readonly removals: number;
  readonly hours: number;
  readonly plan: object;
  readonly moves: readonly {
    readonly step: number;
    readonly instanceId: InstanceId;
    readonly clusterId: ClusterId;
    readonly fromNode: string;
    readonly toNode: string;
  }[];
  readonly waitingFor: readonly Guard[];
}

/** What the rebalance loop reads and writes. */
export interface RebalanceStore {
  find(id: KubeId): Promise<RebalanceRecord | undefined>;
  /**
   * Stores a plan in place of the pool's proposal; that is superseded. The same one found again stays, and is seen again.
   * One that an operator cancelled within the last day is not stored again, and nothing is while one is approved.
   */
  propose(
    lease: HeldLease,
    kubeId: KubeId,
    plan: NewRebalancePlan,
  ): Promise<{ readonly outcome: "proposed" | "open" | "cancelled"; readonly planId: RebalancePlanId }>;
  /** Ends the pool's proposal: there is nothing any more that it could be put in place of. */
  withdraw(lease: HeldLease, poolId: PoolId, reason: string): Promise<void>;
  /**
   * Reserves the place that a move is meant for and begins it, if it is planned and its plan runs: false where not, as when an
   * operator has paused it meanwhile. Under the kube's lease: placement has no other idea of the room at that time.
   */
  beginMove(kubeLease: HeldLease, planId: RebalancePlanId, step: number, podUid: string): Promise<boolean>;
  /** What a move came to; `planned` takes back one that never began. What it had reserved is free. */
  endMove(
    lease: HeldLease,
    planId: RebalancePlanId,
    step: number,
    state: Exclude<RebalanceMoveState, "moving">,
  ): Promise<void>;
  /**
   * Stores the machines that a plan launches, and sends its moves to their nodes, if it runs. Under the kube's lease, as
   * placement's are; nothing is stored when a spend cap is reached.
   */
  launchMachines(
    kubeLease: HeldLease,
    kubeId: KubeId,
    planId: RebalancePlanId,
    machines: readonly { readonly name: string; readonly machine: NewMachine }[],
  ): Promise<Result<true, SpendCapReached>>;
  /** Of a plan that still is in the state `before`: an operator's act meanwhile stays as it is. */
  recordPlan(
    lease: HeldLease,
    planId: RebalancePlanId,
    before: RebalancePlanState,
    status: {
      readonly state: RebalancePlanState;
      readonly reason: string | undefined;
      readonly waitingFor: readonly Guard[];
    },
  ): Promise<void>;
  /** What a look came to, and when to look next. `pools` undefined: nothing new was looked for. */
  recordLook(
    lease: HeldLease,
    id: KubeId,
    look: {
      readonly waitingFor: readonly Guard[];
      readonly pools: readonly object[] | undefined;
      readonly failures: number;
      readonly wakes: number;
      readonly nextCheckAt: Date;
    },
  ): Promise<void>;
}
