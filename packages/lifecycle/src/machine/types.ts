import type { Allocatable, Guard, MachineState } from "@berth/domain";

export type CpuAndMemory = Pick<Allocatable, "cpuMilli" | "memoryMib">;

/** What the database knows of one machine. Instants are milliseconds since 1970. */
export interface DesiredMachine {
  readonly state: MachineState;
  readonly nodeName: string;
  readonly attempt: number;
  /** The current attempt's stored launch, if its row was written. */
  readonly launch:
    | {
        readonly outcome: "pending" | "launched" | "refused";
        readonly bootstrapTokenId: string;
        readonly createdAt: number;
        /** The request for a certificate that was chosen, recorded before it was approved; `issued` once a certificate was seen. */
        readonly approvedRequest: { readonly uid: string; readonly issued: boolean } | undefined;
      }
    | undefined;
  /** What it leaves for instances, as far as is known. */
  readonly allocatable: CpuAndMemory;
  /** What its type should leave by the catalogue; undefined for one that is in none. */
  readonly estimate: CpuAndMemory | undefined;
  readonly alternatives: number;
  readonly cloudInstanceId: string | undefined;
  readonly createdAt: number;
  readonly launchedAt: number | undefined;
  readonly emptySince: number | undefined;
  readonly terminatingAt: number | undefined;
  /** Since when EC2 has not listed the instance of a machine in use. */
  readonly unseenSince: number | undefined;
  readonly emptyAfterMs: number;
  /** Instances that were sent to its node and are not known to have left it, as the database has them. */
  readonly placed: number;
  /** Instances that a rebalance plan is about to send to its node: empty, it is waited for all the same. */
  readonly expected: number;
  /** A static kube's machines are brought by the operator: nothing is launched or terminated. */
  readonly brought: boolean;
}

/** A request for a node's certificate, asked with the launch's token. */
export interface JoinRequest {
  readonly name: string;
  readonly uid: string;
  readonly createdAt: number;
  /** issued: it has its certificate; ended: denied or failed, it never gets one. */
  readonly state: "pending" | "approved" | "issued" | "ended";
  readonly verdict: { readonly approve: true } | { readonly approve: false; readonly because: string };
}

/** What one look shows. A side that could not be asked is unknown: that is neither "absent" nor "empty". */
export interface ObservedMachine {
  /** stopped: somebody stopped it, and it may be started again; stopping: it is on its way to terminated. */
  readonly cloud: "unknown" | "absent" | "pending" | "running" | "stopped" | "stopping" | "terminated";
  /** The instance that EC2 has under the launch's token. Looked for when the launch has been in doubt for too long. */
  readonly launchedInstanceId: string | undefined;
  readonly kube: "unknown" | ObservedKube;
}

/** A machine as its kube shows it. */
export interface ObservedKube {
  readonly node:
    | {
        readonly uid: string;
        readonly ready: boolean;
        readonly cordoned: boolean;
        readonly settled: boolean;
        /** What its kubelet offers to pods. */
        readonly offer: CpuAndMemory | undefined;
        /** What the kube's daemons on it request. */
        readonly daemons: CpuAndMemory;
      }
    | undefined;
  readonly requests: readonly JoinRequest[];
  readonly tokenSecret: { readonly uid: string } | undefined;
  /** Pods of ours bound to the node. */
  readonly boundPods: number;
  /** Pods of ours bound to the node, or sent to it and not bound yet. */
  readonly pods: number;
}

export type MachineAction =
  | { readonly kind: "open_attempt"; readonly attempt: number }
  | { readonly kind: "put_bootstrap_token" }
  | { readonly kind: "launch" }
  /** A launch whose answer was lost took effect after all. */
  | { readonly kind: "adopt_instance"; readonly instanceId: string }
  /** Recorded first, then approved. */
  | { readonly kind: "approve_join"; readonly name: string; readonly uid: string }
  | { readonly kind: "record_join"; readonly name: string; readonly uid: string; readonly issued: boolean }
  | { readonly kind: "settle_node"; readonly uid: string }
  /** `typical`: what others of its pool and type may be expected to leave. */
  | { readonly kind: "record_allocatable"; readonly left: CpuAndMemory; readonly typical: CpuAndMemory | undefined }
  | { readonly kind: "delete_bootstrap_token"; readonly uid: string }
  | { readonly kind: "cordon"; readonly uid: string }
  | { readonly kind: "uncordon"; readonly uid: string }
  | { readonly kind: "delete_node"; readonly uid: string }
  | { readonly kind: "terminate" };

export interface MachineDecision {
  readonly actions: readonly MachineAction[];
  readonly state: MachineState;
  readonly emptySince: number | undefined;
  readonly guards: readonly Omit<Guard, "since">[];
  readonly failure: string | undefined;
  readonly nextCheckInMs: number | undefined;
}
