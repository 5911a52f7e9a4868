import { setCondition } from "./conditions.ts";
import { equal } from "./json.ts";
import type { Container, ContainerStatus, Pod, PodStatus } from "./objects.ts";
import { qosClassOf } from "./pod-resources.ts";

/** Pod statuses as a kubelet writes them. All change the status that they are given. */
export const WAITING_REASON = "ContainerCreating";

interface Running {
  readonly address: string;
  readonly hostAddress: string;
  /** How often the containers crashed before. */
  readonly crashes: number;
}

/** Containers that have just been started, not ready yet; a pod that is known to run already is left as it is. */
export function runningStatus(status: PodStatus, pod: Pod, facts: Running, now: string): void {
  const wasRunning =
    status.phase === "Running" &&
    facts.crashes === 0 &&
    (status.containerStatuses ?? []).every((each) => each.state?.running !== undefined);
  if (wasRunning && (status.containerStatuses ?? []).length > 0) return;
  status.phase = "Running";
  status.qosClass ??= qosClassOf(pod.spec);
  status.hostIP = facts.hostAddress;
  status.hostIPs = [{ ip: status.hostIP }];
  status.podIP = facts.address;
  status.podIPs = [{ ip: facts.address }];
  status.startTime ??= now;
  for (const type of ["PodReadyToStartContainers", "Initialized"]) {
    status.conditions = setCondition(status.conditions, { type, status: "True" }, now);
  }
  if (pod.spec.initContainers !== undefined) {
    status.initContainerStatuses = pod.spec.initContainers.map((container, index) => ({
      ...containerStatus(container, status.initContainerStatuses?.[index]),
      state: { terminated: { exitCode: 0, reason: "Completed", startedAt: now, finishedAt: now } },
      ready: true,
      started: false,
    }));
  }
  status.containerStatuses = pod.spec.containers.map((container, index) => {
    const before = status.containerStatuses?.[index];
    const restarted = facts.crashes > 0 && before !== undefined;
    return {
      ...containerStatus(container, before),
      state: { running: { startedAt: now } },
      restartCount: (before?.restartCount ?? 0) + (restarted ? 1 : 0),
      ready: false,
      started: true,
    };
  });
  setReady(status, false, now);
}

/** Containers whose processes ended by themselves and will be started again. */
export function crashedStatus(status: PodStatus, pod: Pod, now: string): void {
  status.containerStatuses = pod.spec.containers.map((container, index) => ({
    ...containerStatus(container, status.containerStatuses?.[index]),
    state: {
      waiting: { reason: "CrashLoopBackOff", message: `back-off restarting failed container=${container.name}` },
    },
    lastState: { terminated: { exitCode: 137, reason: "Error", finishedAt: now } },
    ready: false,
    started: false,
  }));
  setReady(status, false, now);
}

/** Containers that were asked to end and did: SIGTERM ends the engine with 143. */
export function endedStatus(status: PodStatus, now: string): void {
  status.phase = "Failed";
  status.containerStatuses = (status.containerStatuses ?? []).map((each) => ({
    ...each,
    state: { terminated: { exitCode: 143, reason: "Error", finishedAt: now } },
    ready: false,
    started: false,
  }));
  setReady(status, false, now);
}

/** Container statuses say the resources that the spec wants: a resize in place is done. */
export function resizedStatus(status: PodStatus, pod: Pod): void {
  status.containerStatuses = (status.containerStatuses ?? []).map((each, index) => {
    const container = pod.spec.containers[index];
    return container === undefined ? each : { ...each, ...actual(container) };
  });
  status.conditions = (status.conditions ?? []).filter((each) => !each.type.startsWith("PodResize"));
}

function containerStatus(container: Container, before: ContainerStatus | undefined): ContainerStatus {
  return {
    name: container.name,
    image: container.image ?? "",
    imageID: container.image ?? "",
    ready: false,
    restartCount: 0,
    ...before,
    ...actual(container),
  };
}

/** The resources that a container runs with, as its status shows them. */
function actual(container: Container): Pick<ContainerStatus, "resources" | "allocatedResources"> {
  return {
    resources: container.resources ?? {},
    ...(container.resources?.requests === undefined ? {} : { allocatedResources: container.resources.requests }),
  };
}

/** Whether a container runs with other resources than its spec wants. */
export function isResizing(pod: Pod): boolean {
  return pod.spec.containers.some((container, index) => {
    const status = pod.status.containerStatuses?.[index];
    return status?.resources !== undefined && !equal(status.resources, container.resources ?? {});
  });
}

export function setReady(status: PodStatus, ready: boolean, now: string): void {
  const facts = ready
    ? { status: "True" as const }
    : { status: "False" as const, reason: "ContainersNotReady", message: "containers with unready status" };
  for (const type of ["ContainersReady", "Ready"])
    status.conditions = setCondition(status.conditions, { type, ...facts }, now);
}

/** Containers that wait, and why; phase and address stay as they are. */
export function waitingStatus(status: PodStatus, pod: Pod, now: string, reason: string, message: string): void {
  status.startTime ??= now;
  status.conditions = setCondition(
    status.conditions,
    { type: "Initialized", status: pod.spec.initContainers === undefined ? "True" : "False" },
    now,
  );
  status.containerStatuses = pod.spec.containers.map((container, index) => ({
    ...containerStatus(container, status.containerStatuses?.[index]),
    state: { waiting: reason === WAITING_REASON ? { reason } : { reason, message } },
    started: false,
  }));
  setReady(status, false, now);
}
