import type { Condition, Container, ContainerState, ContainerStatus, Pod, PodStatus } from "./objects.ts";

/** What a kubelet knows of one container. The pod's run writes it, the status is made from it. */
export interface ContainerRecord {
  readonly container: Container;
  state: ContainerState;
  lastState: ContainerState;
  /** Passed its readiness probe, or has none and started. */
  ready: boolean;
  /** Passed its startup probe, or has none and runs. */
  started: boolean;
  restartCount: number;
  containerId: string | undefined;
}

export interface PodRecord {
  readonly startedAt: Date;
  podIp: string | undefined;
  /** Volumes and address are there. */
  isSandboxReady: boolean;
  /** All init containers have completed. */
  isInitialized: boolean;
  readonly init: readonly ContainerRecord[];
  readonly main: readonly ContainerRecord[];
}

/** What ended while the node was away; how, nobody knows. */
function lastStateOf(before: ContainerStatus | undefined, now: Date): ContainerState {
  if (before?.state?.running === undefined) return before?.state?.terminated ? before.state : (before?.lastState ?? {});
  const { startedAt } = before.state.running;
  return { terminated: { exitCode: 137, reason: "ContainerStatusUnknown", startedAt, finishedAt: wireTime(now) } };
}

/**
 * A pod of which this node knows nothing yet. Restart counts go on from what the pod's status says: after a crash of the
 * node its containers are started again, not anew.
 */
export function newPodRecord(pod: Pod, now: Date): PodRecord {
  const record = (container: Container, statuses: readonly ContainerStatus[] = []): ContainerRecord => {
    const before = statuses.find((status) => status.name === container.name);
    const ran = before?.state?.running !== undefined || before?.state?.terminated !== undefined;
    return {
      container,
      state: { waiting: { reason: "PodInitializing" } },
      lastState: lastStateOf(before, now),
      ready: false,
      started: false,
      restartCount: (before?.restartCount ?? 0) + (ran ? 1 : 0),
      containerId: undefined,
    };
  };
  return {
    startedAt: pod.status?.startTime === undefined ? now : new Date(pod.status.startTime),
    podIp: undefined,
    isSandboxReady: false,
    isInitialized: (pod.spec.initContainers ?? []).length === 0,
    init: (pod.spec.initContainers ?? []).map((one) => record(one, pod.status?.initContainerStatuses)),
    main: pod.spec.containers.map((one) => record(one, pod.status?.containerStatuses)),
  };
}

export type StatusPatch = Omit<PodStatus, "podIP"> & {
  readonly observedGeneration?: number;
  readonly podIP: string | null;
  readonly podIPs: readonly object[];
  readonly hostIP: string;
  readonly hostIPs: readonly object[];
};

/** In a strategic merge patch: the list is this one, not what it was and this one. */
const REPLACE = { $patch: "replace" };

/**
 * The status that a kubelet reports, as a strategic merge patch. Conditions that others own (PodScheduled) are not in it: the patch keeps them.
 *
 * `previous` is what was reported last: a condition keeps its transition time until its status changes.
 */
export function podStatusOf(
  pod: Pod,
  record: PodRecord,
  hostIp: string,
  previous: Pick<PodStatus, "conditions"> | undefined,
  now: Date,
): StatusPatch {
  const allReady = record.isInitialized && record.main.every((one) => one.ready);
  const notReady = record.main.filter((one) => !one.ready).map((one) => one.container.name);
  const unready = { reason: "ContainersNotReady", message: `containers with unready status: [${notReady.join(" ")}]` };
  const condition = (type: string, holds: boolean, why: { reason?: string; message?: string } = {}): Condition => {
    const before = previous?.conditions?.find((one) => one.type === type);
    const status = holds ? "True" : "False";
    return {
      type,
      status,
      lastProbeTime: null,
      lastTransitionTime: (before?.status === status && before.lastTransitionTime) || wireTime(now),
      // The patch keeps what is not named.
      reason: holds ? null : (why.reason ?? null),
      message: holds ? null : (why.message ?? null),
    };
  };
  const incomplete = record.init.filter((one) => one.state.terminated?.exitCode !== 0).map((one) => one.container.name);
  const uninitialized = {
    reason: "ContainersNotInitialized",
    message: `containers with incomplete status: [${incomplete.join(" ")}]`,
  };
  return {
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
    phase: phaseOf(pod, record),
    hostIP: hostIp,
    hostIPs: [REPLACE, { ip: hostIp }],
    // After a crash of the node the pod has no address, and then another.
    podIP: record.podIp ?? null,
    podIPs: record.podIp === undefined ? [REPLACE] : [REPLACE, { ip: record.podIp }],
    startTime: wireTime(record.startedAt),
    conditions: [
      condition("PodReadyToStartContainers", record.isSandboxReady),
      condition("Initialized", record.isInitialized, uninitialized),
      condition("ContainersReady", allReady, unready),
      condition("Ready", allReady, unready),
    ],
    initContainerStatuses: record.init.map((one) => statusOf(one, pod.spec.initContainers)),
    containerStatuses: record.main.map((one) => statusOf(one, pod.spec.containers)),
  };
}

function phaseOf(pod: Pod, record: PodRecord): string {
  const policy = pod.spec.restartPolicy ?? "Always";
  const failedInit = record.init.some((one) => (one.state.terminated?.exitCode ?? 0) !== 0);
  if (failedInit && policy === "Never") return "Failed";
  if (!record.isInitialized) return "Pending";
  const ends = record.main.map((one) => one.state.terminated);
  if (policy !== "Always" && ends.every((end) => end !== undefined)) {
    if (ends.every((end) => end?.exitCode === 0)) return "Succeeded";
    if (policy === "Never") return "Failed";
  }
  const hasRun = record.main.some((one) => one.containerId !== undefined || one.lastState.terminated !== undefined);
  return hasRun ? "Running" : "Pending";
}

/** `specs` are the pod's as it is now: its resources may have been resized. */
function statusOf(record: ContainerRecord, specs: readonly Container[] = []): ContainerStatus {
  const container = specs.find((one) => one.name === record.container.name) ?? record.container;
  const isRunning = record.state.running !== undefined;
  return {
    name: container.name,
    image: container.image,
    imageID: `process://${container.image}`,
    ...(record.containerId !== undefined && { containerID: record.containerId }),
    state: record.state,
    lastState: record.lastState,
    ready: record.ready,
    started: record.started,
    restartCount: record.restartCount,
    // In-place resizes are taken as done: there is no cgroup to change.
    ...(isRunning && container.resources !== undefined && { resources: container.resources }),
    ...(isRunning && container.resources?.requests && { allocatedResources: container.resources.requests }),
  };
}

/** Kubernetes' times have whole seconds. */
export function wireTime(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
