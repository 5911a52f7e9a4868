/** Closed lists of states. Stored as text in Postgres and checked there by constraints of the same words. */

export const CLUSTER_STATES = ["creating", "running", "updating", "deleting", "deleted"] as const;
export type ClusterState = (typeof CLUSTER_STATES)[number];

/** Health in Elasticsearch's colours; unknown until the engine answered once. */
export const CLUSTER_HEALTHS = ["unknown", "green", "yellow", "red"] as const;
export type ClusterHealth = (typeof CLUSTER_HEALTHS)[number];

/**
 * pending: no pod yet; gated: its pod waits for a placement; placed: a node is chosen, not running yet;
 * starting: the pod runs, not ready; running: ready; stopping: its pod terminates; removed: gone for good.
 */
export const INSTANCE_STATES = ["pending", "gated", "placed", "starting", "running", "stopping", "removed"] as const;
export type InstanceState = (typeof INSTANCE_STATES)[number];

/**
 * planned: intent row, nothing launched; launching: RunInstances under way; booting: EC2 has it, the node has not joined;
 * ready: the node is there; draining: empties, no new instances; terminating: TerminateInstances sent;
 * terminated: seen so; failed: no offering could be launched, or it never joined and is gone.
 */
export const MACHINE_STATES = [
  "planned",
  "launching",
  "booting",
  "ready",
  "draining",
  "terminating",
  "terminated",
  "failed",
] as const;
export type MachineState = (typeof MACHINE_STATES)[number];

export const OPERATION_STATES = ["pending", "running", "cancelling", "succeeded", "failed", "cancelled"] as const;
export type OperationState = (typeof OPERATION_STATES)[number];

export const STEP_STATES = ["pending", "running", "succeeded", "failed", "skipped"] as const;
export type StepState = (typeof STEP_STATES)[number];

export const OPERATION_KINDS = [
  "cluster.create",
  "cluster.delete",
  "cluster.restore",
  "credential.create",
  "credential.delete",
] as const;
export type OperationKind = (typeof OPERATION_KINDS)[number];

/** Steps of each operation, in the order in which they are shown. */
export const OPERATION_STEPS = {
  "cluster.create": ["objects", "placement", "machines", "pods", "formation", "users", "health"],
  "cluster.delete": ["workloads", "volumes", "namespace"],
  "cluster.restore": ["volumes", "objects", "placement", "machines", "pods", "formation", "users", "health"],
  "credential.create": ["users"],
  "credential.delete": ["users"],
} as const satisfies Readonly<Record<OperationKind, readonly string[]>>;

/** Long computations about a fleet, which a worker makes. */
export const PACKING_STUDY_KINDS = ["cold_plan", "density_curve", "simulation"] as const;
export type PackingStudyKind = (typeof PACKING_STUDY_KINDS)[number];

export const PACKING_STUDY_STATES = ["queued", "running", "succeeded", "failed"] as const;
export type PackingStudyState = (typeof PACKING_STUDY_STATES)[number];

export function isTerminal(state: OperationState): boolean {
  return state === "succeeded" || state === "failed" || state === "cancelled";
}
