import type {
  Allocatable,
  ClusterHealth,
  ClusterId,
  ClusterState,
  CredentialId,
  DecisionId,
  EngineName,
  Guard,
  InstanceId,
  InstanceState,
  KubeId,
  LaunchId,
  MachineId,
  MachineState,
  OperationId,
  OperationKind,
  OrganizationId,
  PoolId,
  ProjectId,
  Result,
  Role,
  StepState,
} from "@berth/domain";
import type { LaunchRequest } from "@berth/ports";
import type { ObservedAllocatable } from "../observed-allocatable.ts";
import type { PoolRules } from "../pool-rules.ts";
import type { CommittedRecord } from "./committed.ts";

/** What is stored of a launch beside its user data, which is encrypted. */
export type StoredLaunchRequest = Omit<LaunchRequest, "userData">;

/** Proof of ownership: every write that records an effect carries it, and is refused once a later epoch holds the lease. */
export interface HeldLease {
  readonly name: string;
  readonly holder: string;
  readonly epoch: bigint;
}

/** A lease while the work under it goes on: what allows effects on the outside, which no transaction can fence. */
export interface LiveLease extends HeldLease {
  /** Aborts when the lease is lost: for those who wait. It is late after a freeze, as timers are. */
  readonly signal: AbortSignal;
  /** Throws LeaseEnded when the lease is lost, or so near its end that an effect might come after it. Asks the clocks now. */
  ensureHeld(): void;
}

export interface Leases {
  /** Runs `work` while holding the lease, renewed meanwhile; undefined when somebody else holds it. */
  withLease<T>(name: string, work: (lease: LiveLease) => Promise<T>): Promise<T | undefined>;
}

export interface ClusterRecord {
  readonly id: ClusterId;
  readonly organizationId: OrganizationId;
  readonly projectId: ProjectId;
  readonly kubeId: KubeId;
  readonly generation: number;
  readonly state: ClusterState;
  readonly engine: EngineName;
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly storageClass: string;
  readonly cpuLimitPercent: number;
  readonly health: ClusterHealth;
  readonly engineUuid: string | undefined;
  readonly initialMasters: readonly string[];
  readonly usersReady: boolean;
  readonly purgeAt: Date | undefined;
  /** From here on the volumes go, and the deletion is not taken back any more. */
  readonly purgeStarted: boolean;
  readonly waitingFor: readonly Guard[];
  readonly failures: number;
  /** How often somebody asked to look: a status recorded from an older value leaves the row due. */
  readonly wakes: number;
  readonly components: readonly {
    readonly name: string;
    readonly roles: readonly Role[];
    readonly size: string;
    readonly instanceCount: number;
    readonly memoryMib: number;
    readonly cpuMilli: number;
    readonly storageMib: number;
  }[];
  readonly instances: readonly {
    readonly id: InstanceId;
    readonly podName: string;
    readonly roles: readonly Role[];
    readonly nodeName: string | undefined;
    readonly machineState: MachineState | undefined;
    /** When the last thing that placement said of it is that it has no place. */
    readonly refusal: { readonly podUid: string; readonly reasons: readonly string[] } | undefined;
    /** The volume that has its data. */
    readonly volumeName: string | undefined;
  }[];
  readonly credentials: readonly {
    readonly id: CredentialId;
    readonly username: string;
    readonly role: "customer_admin" | "customer_read";
    readonly state: "pending" | "active" | "deleting";
  }[];
  readonly operation: { readonly id: OperationId; readonly kind: OperationKind } | undefined;
}

export interface ClusterStatus {
  readonly state: ClusterState;
  readonly health: ClusterHealth;
  readonly observedGeneration: number;
  readonly waitingFor: readonly Guard[];
  readonly lastFailure: { readonly action: string; readonly message: string } | undefined;
  readonly failures: number;
  /** Of the row that was read. */
  readonly wakes: number;
  readonly nextCheckAt: Date | undefined;
  readonly instances: readonly {
    readonly id: InstanceId;
    readonly state: InstanceState;
    /** Undefined leaves the one on record. */
    readonly volumeName: string | undefined;
    readonly podAddress: string | undefined;
    readonly nodeName: string | undefined;
    readonly restarts: number;
  }[];
  /** Progress of the current operation; steps not named stay as they are. */
  readonly operation:
    | {
        readonly id: OperationId;
        readonly steps: readonly { readonly name: string; readonly state: StepState; readonly message: string }[];
        readonly ended: "succeeded" | undefined;
      }
    | undefined;
}

/** What the clusters loop reads and writes. */
export interface ClusterStore {
  find(id: ClusterId): Promise<ClusterRecord | undefined>;
  /** Everything of one pass in one statement or transaction, fenced by the lease. Writes only what differs. */
  recordStatus(lease: HeldLease, id: ClusterId, status: ClusterStatus): Promise<void>;
  /** Throws when another UUID is recorded already. */
  recordFormed(lease: HeldLease, id: ClusterId, engineUuid: string): Promise<void>;
  /**
   * The engine has these users: their passwords are forgotten with it, in one transaction. What the engine keeps is a hash,
   * on the cluster's own volumes; nothing ever sets such a user again. Should an engine lose its users, the customer makes
   * new credentials, as passwords that we could hand out for ever are worth more to a thief than that convenience to anybody.
   */
  recordUsers(lease: HeldLease, id: ClusterId, active: readonly CredentialId[]): Promise<void>;
  recordCredentialDeleted(lease: HeldLease, id: ClusterId, credentialId: CredentialId): Promise<void>;
  /**
   * Begins the purge of a cluster whose grace period is over by the database's clock, unless it was restored meanwhile: then,
   * and before its time, nothing happens. Nothing of the data may go before a later `find` says that the purge has started.
   */
  recordPurgeStarted(lease: HeldLease, id: ClusterId): Promise<void>;
  /** Forgets the secrets and credentials of a cluster that is being deleted, and closes its rows. */
  recordDeleted(lease: HeldLease, id: ClusterId): Promise<void>;
}

export interface KubeRecord {
  readonly id: KubeId;
  readonly region: string;
  readonly isStatic: boolean;
  readonly apiServerUrl: string;
  readonly waitingFor: readonly Guard[];
  readonly failures: number;
  readonly wakes: number;
  readonly pools: readonly PoolRules[];
  /** When an operator last changed each, as ISO 8601. */
  readonly poolsChangedAt: Readonly<Record<string, string>>;
  readonly offerings: readonly {
    readonly zone: string;
    readonly machineType: string;
    readonly priceMicroUsdPerHour: number;
    readonly vcpu: number;
    readonly memoryMib: number;
    readonly ebsVolumeLimit: number;
    readonly ebsVolumeLimitType: string;
    readonly unavailableUntil: Date | null;
  }[];
  readonly observed: readonly ObservedAllocatable[];
  readonly machines: readonly {
    readonly machineId: MachineId;
    readonly nodeName: string;
    readonly poolId: PoolId;
    readonly zone: string;
    readonly machineType: string;
    readonly priceMicroUsdPerHour: number;
    readonly allocatable: Allocatable;
    readonly state: MachineState;
    /** Since when its node has been silent or away, as the machine's own loop saw it. */
    readonly notReadySince?: string | null;
  }[];
  /** Machines that ended in use and not by us, in the last 20 minutes: as long as a hold looks back. */
  readonly lost: readonly { readonly poolId: PoolId; readonly zone: string; readonly lostAt: string }[];
  readonly instances: readonly {
    readonly instanceId: InstanceId;
    readonly clusterId: ClusterId;
    readonly organizationId: OrganizationId;
    readonly podName: string;
    readonly zone: string;
    readonly cpuMilli: number;
    readonly memoryMib: number;
    readonly roles: readonly Role[];
    /** Its cluster is being deleted. */
    readonly leaving: boolean;
  }[];
  readonly committed: CommittedRecord;
  /** Instances that a rebalance plan is moving, and the node where each one's place is reserved. */
  readonly moving: readonly { readonly instanceId: InstanceId; readonly nodeName: string }[];
  /** Nodes that a rebalance plan is emptying. */
  readonly emptying: readonly string[];
}

export interface NewMachine {
  readonly id: MachineId;
  readonly poolId: PoolId;
  readonly nodeName: string;
  readonly zone: string;
  readonly machineType: string;
  readonly priceMicroUsdPerHour: number;
  readonly allocatable: Allocatable;
  readonly alternatives: readonly {
    readonly machineType: string;
    readonly zone: string;
    /** What the machine offers when it becomes one of these. */
    readonly allocatable: Allocatable;
  }[];
}

/** What was asked for would make the machines of a pool cost more an hour than they may. */
export interface SpendCapReached {
  readonly kind: "spend_cap";
  readonly poolId: PoolId;
  readonly capMicroUsdPerHour: number;
  /** With what was asked for. */
  readonly spendMicroUsdPerHour: number;
}

export interface NewDecision {
  readonly id: DecisionId;
  readonly organizationId: OrganizationId;
  readonly clusterId: ClusterId;
  readonly instanceId: InstanceId;
  readonly podUid: string;
  readonly outcome: "placed" | "waiting_for_machine" | "refused";
  readonly nodeName: string | undefined;
  readonly machineId: MachineId | undefined;
  /** As the packer gave them; stored as JSON. Of a large zone a part. */
  readonly candidates: readonly object[];
  /** How many candidates there were. */
  readonly considered: number;
  /** How many were refused, by reason. */
  readonly refusals: readonly object[];
  /** Of a refusal, in single words, as `pool_full`. Empty for others. */
  readonly reasons: readonly string[];
}

/** What became of a placement: kube-scheduler's answer, or why it never came to one. */
export type PlacementVerdict = "bound" | "refused" | "machine_gone" | "node_not_ready";

/** What the placement loop reads and writes. */
export interface PlacementStore {
  /** With machines that are alive, and instances of clusters that are not deleted. */
  findKube(id: KubeId): Promise<KubeRecord | undefined>;
  /**
   * Of these instances, those for which machines were launched, by decisions made since they last ran and since a pool of the
   * kube was last changed. A machine that EC2 never gave is none.
   */
  findFruitlessLaunches(
    id: KubeId,
    instanceIds: readonly InstanceId[],
  ): Promise<readonly { readonly instanceId: InstanceId; readonly launches: number; readonly lastAt: Date }[]>;
  /**
   * Machine intents, decisions and where each instance goes, in one transaction fenced by the kube's lease. A refusal is
   * stored once for each pod, however often it is found again; of an instance's older decisions the last twenty stay.
   *
   * The machines' prices are reserved of their pools' spend caps in that transaction; nothing is stored when one is reached.
   */
  recordPlan(
    lease: HeldLease,
    kubeId: KubeId,
    machines: readonly NewMachine[],
    decisions: readonly NewDecision[],
  ): Promise<Result<true, SpendCapReached>>;
  /** Machines that an operator brought to a static kube: ready as they are. One that was there before comes back. */
  recordBrought(lease: HeldLease, kubeId: KubeId, machines: readonly NewMachine[]): Promise<void>;
  /** The gates that were lifted. */
  recordExecuted(lease: HeldLease, decisionIds: readonly DecisionId[]): Promise<void>;
  /** What kube-scheduler made of earlier decisions; ones with a verdict keep it. Gives the verdicts that are new. */
  recordVerdicts(
    lease: HeldLease,
    verdicts: readonly {
      readonly instanceId: InstanceId;
      readonly verdict: PlacementVerdict;
    }[],
  ): Promise<PlacementVerdict[]>;
  /** A kube that answers again has its machines looked at: they wait, or have left something there. */
  recordKube(
    lease: HeldLease,
    id: KubeId,
    status: {
      readonly health: "healthy" | "unreachable";
      readonly message: string | undefined;
      readonly version: string | undefined;
      readonly waitingFor: readonly Guard[];
      readonly failures: number;
      readonly wakes: number;
      readonly nextCheckAt: Date;
    },
  ): Promise<void>;
}

export type CpuAndMemory = Pick<Allocatable, "cpuMilli" | "memoryMib">;

export interface MachineRecord {
  readonly id: MachineId;
  readonly kubeId: KubeId;
  readonly region: string;
  readonly isStatic: boolean;
  /** Why the placement loop could not reach the kube at its last look; undefined when it did, or has not looked of late. */
  readonly kubeUnreachable: string | undefined;
  readonly state: MachineState;
  readonly nodeName: string;
  readonly zone: string;
  readonly machineType: string;
  /** Estimated, then observed. */
  readonly allocatable: Allocatable;
  /** What the catalogue says of its type; undefined for one that it does not know. */
  readonly offering:
    | Pick<KubeRecord["offerings"][number], "vcpu" | "memoryMib" | "ebsVolumeLimit" | "ebsVolumeLimitType">
    | undefined;
  readonly attempt: number;
  readonly alternatives: readonly { readonly machineType: string; readonly zone: string }[];
  readonly cloudInstanceId: string | undefined;
  readonly createdAt: Date;
  readonly launchedAt: Date | undefined;
  readonly emptySince: Date | undefined;
  readonly terminatingAt: Date | undefined;
  readonly waitingFor: readonly Guard[];
  readonly failures: number;
  readonly wakes: number;
  /** Instances that were sent to its node and are not known to have left it. */
  readonly placed: number;
  /** Instances that a rebalance plan is about to send there. */
  readonly expected: number;
  readonly pool: {
    readonly id: PoolId;
    readonly emptyAfterSeconds: number;
    readonly instancesPerMachine: number;
    readonly imageId: string;
    readonly subnetIds: Readonly<Record<string, string>>;
    readonly securityGroupIds: readonly string[];
    readonly instanceProfile: string | undefined;
  };
  /** The current attempt's launch. */
  readonly launch:
    | {
        readonly id: LaunchId;
        readonly createdAt: Date;
        readonly outcome: "pending" | "launched" | "refused";
        readonly bootstrapTokenId: string;
        readonly request: StoredLaunchRequest;
        readonly approvedRequest: ApprovedRequest | undefined;
      }
    | undefined;
}

/** The one request for a node's certificate that a launch may have approved. */
export interface ApprovedRequest {
  readonly name: string;
  readonly uid: string;
  /** A certificate was seen in it. */
  readonly issued: boolean;
}

export interface NewLaunch {
  readonly id: LaunchId;
  readonly attempt: number;
  readonly machineType: string;
  readonly zone: string;
  readonly request: StoredLaunchRequest;
  readonly bootstrapTokenId: string;
  readonly maxPods: number;
  /** Encrypted at rest: the user data and the whole bootstrap token. */
  readonly userData: string;
  readonly bootstrapToken: string;
}

export interface MachineStatus {
  readonly state: MachineState;
  readonly emptySince: Date | undefined;
  readonly waitingFor: readonly Guard[];
  readonly lastFailure: { readonly action: string; readonly message: string } | undefined;
  readonly failures: number;
  readonly wakes: number;
  readonly nextCheckAt: Date | undefined;
}

/** What the machines loop reads and writes. */
export interface MachineStore {
  find(id: MachineId): Promise<MachineRecord | undefined>;
  /**
   * Sets attempt, type and zone, drops the offering from the alternatives, and stores the launch, in one transaction. So is
   * what the offering costs now reserved of the pool's spend cap; nothing is stored when that is reached.
   */
  openAttempt(lease: HeldLease, id: MachineId, launch: NewLaunch): Promise<Result<true, SpendCapReached>>;
  launchSecrets(launchId: LaunchId): Promise<{ readonly userData: string; readonly bootstrapToken: string }>;
  recordLaunched(lease: HeldLease, id: MachineId, launchId: LaunchId, cloudInstanceId: string): Promise<void>;
  /** Before the request is approved, and once more when its certificate was seen. */
  recordJoin(lease: HeldLease, launchId: LaunchId, request: ApprovedRequest): Promise<void>;
  /** Also keeps the offering from being tried for a while when capacity lacked; `retrySame` puts it first again. */
  recordRefused(
    lease: HeldLease,
    id: MachineId,
    launchId: LaunchId,
    refusal: { readonly message: string; readonly unavailableForMs: number; readonly retrySame: boolean },
  ): Promise<void>;
  /**
   * What the node leaves for instances; the estimate's other dimensions stay. With `typical`, what its like may be expected
   * to leave is remembered for the pool's machine type.
   */
  recordAllocatable(
    lease: HeldLease,
    id: MachineId,
    left: CpuAndMemory,
    typical: CpuAndMemory | undefined,
  ): Promise<void>;
  recordStatus(lease: HeldLease, id: MachineId, status: MachineStatus): Promise<void>;
  machineOfToken(bootstrapTokenId: string): Promise<MachineId | undefined>;
  /** Kube, region and cloud instance of every machine that is not terminated or failed. */
  listAlive(): Promise<
    readonly { readonly id: MachineId; readonly kubeId: KubeId; readonly cloudInstanceId: string | undefined }[]
  >;
  /** Regions of kubes that launch machines. */
  listRegions(): Promise<readonly string[]>;
}

/** What the sweep of namespaces reads and writes. */
export interface OrphanStore {
  /** All of them, with what the last sweep told of each. */
  listKubes(): Promise<readonly { readonly id: KubeId; readonly guards: readonly Guard[] }[]>;
  /** States of those of the clusters that have a row, in whatever kube it says that they are. */
  clusterStates(ids: readonly string[]): Promise<ReadonlyMap<string, ClusterState>>;
  /** What operators are shown with the kube, in place of what the last sweep told. */
  recordOrphans(lease: HeldLease, kubeId: KubeId, guards: readonly Guard[]): Promise<void>;
}

/** Values kept encrypted. */
export interface SecretStore {
  get(owner: string, name: string): Promise<string | undefined>;
  /** Keeps the first value ever put: the answer is the one that is stored. Fenced: what was forgotten stays forgotten. */
  putOnce(
    lease: HeldLease,
    owner: string,
    name: string,
    value: string,
    organizationId: OrganizationId | undefined,
  ): Promise<string>;
}
