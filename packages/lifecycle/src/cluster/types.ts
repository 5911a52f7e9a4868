import type { ClusterHealth, ClusterState, Guard, InstanceState, OperationKind } from "@berth/domain";

/** What the database wants of one cluster, as far as the next step depends on it. Instants are milliseconds since 1970. */
export interface DesiredCluster {
  readonly state: ClusterState;
  readonly namespace: string;
  readonly instances: readonly DesiredInstance[];
  /** Set once the engine formed; such a cluster never bootstraps again. */
  readonly engineUuid: string | undefined;
  readonly usersReady: boolean;
  readonly credentials: readonly {
    readonly id: string;
    readonly username: string;
    readonly state: "pending" | "active" | "deleting";
  }[];
  readonly deletion: Deletion | undefined;
  readonly operation: { readonly kind: OperationKind } | undefined;
}

export interface Deletion {
  /** When the volumes are to go. */
  readonly purgeAt: number;
  /** On record: the deletion cannot be taken back any more, and volumes may go. */
  readonly purgeStarted: boolean;
}

export interface DesiredInstance {
  readonly id: string;
  readonly podName: string;
  readonly masterEligible: boolean;
  /** Whether a placement is recorded: a machine on its way or a node. */
  readonly placedOn: { readonly name: string; readonly coming: boolean } | undefined;
  /** Present when placement found no place for that pod: why, in single words. */
  readonly refusal: { readonly podUid: string; readonly reasons: readonly string[] } | undefined;
  /** The volume that has its data, on record since it joined the cluster. */
  readonly volumeName: string | undefined;
}

export interface ObservedPod {
  readonly name: string;
  readonly uid: string;
  readonly address: string | undefined;
  readonly gated: boolean;
  readonly bound: boolean;
  readonly nodeName: string | undefined;
  readonly running: boolean;
  readonly ready: boolean;
  readonly terminating: boolean;
  readonly restarts: number;
}

export type ObservedEngine =
  | { readonly reachable: false; readonly because: string }
  | {
      readonly reachable: true;
      readonly clusterName: string;
      readonly clusterUuid: string | undefined;
      readonly votingNodes: number;
      readonly health: Exclude<ClusterHealth, "unknown"> | undefined;
      readonly relocatingShards: number;
      readonly nodeNames: readonly string[];
    };

export interface ObservedClaim {
  readonly name: string;
  readonly uid: string;
  readonly terminating: boolean;
  /** Of the volume that it is bound to. */
  readonly volumeName: string | undefined;
  /** Bound to a volume that is not there any more. */
  readonly lost: boolean;
}

/** A volume of the cluster's namespace, which may be gone. */
export interface ObservedVolume {
  readonly name: string;
  readonly uid: string;
  readonly terminating: boolean;
  readonly phase: string | undefined;
  readonly reclaim: string | undefined;
  readonly claimName: string | undefined;
  /** Of the claim that it is, or was, bound to; undefined when it is reserved for the next one of that name. */
  readonly claimUid: string | undefined;
}

/** What one fresh look found. */
export interface ObservedCluster {
  readonly namespace: { readonly uid: string; readonly terminating: boolean } | undefined;
  readonly anchor: { readonly uid: string; readonly terminating: boolean } | undefined;
  /** Whether the objects were last applied from just this desired state, and not too long ago. */
  readonly objects: "current" | "outdated" | "resync_due";
  readonly pods: readonly ObservedPod[];
  readonly claims: readonly ObservedClaim[];
  /** Undefined when nobody asked for them: see needsVolumes. */
  readonly volumes: readonly ObservedVolume[] | undefined;
  /** Addresses in the seed-hosts ConfigMap; undefined when there is none. */
  readonly seedAddresses: readonly string[] | undefined;
  readonly engine: ObservedEngine;
}

/** The next things to do, in order. Data only: the worker's one switch carries them out. */
export type ClusterAction =
  /** `resync`: they were applied as they are already, and are put right in case somebody changed them. */
  | { readonly kind: "apply_objects"; readonly resync: boolean }
  | { readonly kind: "apply_seed_hosts"; readonly addresses: readonly string[] }
  | { readonly kind: "record_formed"; readonly engineUuid: string }
  | { readonly kind: "put_users"; readonly credentialIds: readonly string[] }
  | { readonly kind: "delete_user"; readonly credentialId: string; readonly username: string }
  | { readonly kind: "delete_anchor"; readonly uid: string }
  /** Before any volume goes: from here on nobody gets the cluster back. */
  | { readonly kind: "record_purge_started" }
  | { readonly kind: "delete_claim"; readonly name: string; readonly uid: string }
  /** Takes off the uid of a claim that is gone: the next claim of that name binds the volume. */
  | { readonly kind: "rebind_volume"; readonly name: string; readonly uid: string; readonly claimUid: string }
  /** Of a volume whose claim is gone. */
  | {
      readonly kind: "delete_volume";
      readonly name: string;
      readonly uid: string;
      readonly claimUid: string | undefined;
    }
  | { readonly kind: "delete_namespace"; readonly uid: string }
  | { readonly kind: "record_deleted" };

export interface StepUpdate {
  readonly name: string;
  readonly state: "running" | "succeeded" | "skipped";
  readonly message: string;
}

export interface DecidedInstance {
  readonly id: string;
  readonly state: InstanceState;
  /** To be put on record as the one that has its data. */
  readonly volumeName?: string;
}

export interface ClusterDecision {
  readonly actions: readonly ClusterAction[];
  readonly state: ClusterState;
  readonly health: ClusterHealth;
  readonly guards: readonly Omit<Guard, "since">[];
  readonly instances: readonly DecidedInstance[];
  readonly steps: readonly StepUpdate[];
  /** Set when the running operation has ended. */
  readonly operation: "succeeded" | undefined;
  /** Milliseconds until the next look; undefined when nothing will ever need one. */
  readonly nextCheckInMs: number | undefined;
}
