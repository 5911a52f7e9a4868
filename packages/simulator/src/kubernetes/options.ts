import type { SimulationClock } from "../clock.ts";
import type { PodRuntime } from "../pod-runtime.ts";
import type { Random } from "../random.ts";
import type { Between } from "./identity.ts";

/** Delays of the model, in milliseconds. Pairs are drawn evenly, by seed and object. */
export interface KubernetesTimings {
  /** From a change to the controller that answers it. */
  readonly controllerMs: number;
  /** From a pod that can be placed to its binding. */
  readonly scheduleMs: number;
  /** How soon a pod that fits nowhere is looked at again after something changed. */
  readonly rescheduleMs: number;
  /** From a claim that wants a volume to the volume. */
  readonly provisionMs: Between;
  readonly expandVolumeMs: Between;
  /** From a volume to be deleted to its end. */
  readonly deleteVolumeMs: Between;
  /** From the binding of a pod to running containers (image pull, attach, mount, init containers). */
  readonly startPodMs: Between;
  /** How long a container takes to end after it was asked to, at most its grace period. */
  readonly stopPodMs: Between;
  /** How often a container that is not ready is probed; ready ones five times more seldom. */
  readonly probeMs: number;
  /** How long a changed ConfigMap or Secret takes to reach mounted files; a change of the pod itself is at once. */
  readonly refreshFilesMs: number;
  /** First wait of a container that crashed again; doubles up to 30 times as much. The first restart is at once. */
  readonly crashBackoffMs: number;
  /** From a joined machine's certificate to its Node, and from the Node to Ready. */
  readonly registerNodeMs: Between;
  readonly nodeReadyMs: Between;
  /** How often a machine that is joining tries again. */
  readonly joinRetryMs: number;
  readonly leaseRenewMs: number;
  readonly nodeMonitorPeriodMs: number;
  /** How long a node's lease may be silent before the node counts as unreachable. */
  readonly nodeMonitorGraceMs: number;
  readonly podGcMs: number;
  readonly signCertificateMs: number;
  /** How long after a write a watch shows it. */
  readonly watchMs: number;
  readonly bookmarkMs: number;
}

/** Near to a real cluster on EC2 machines: for simulation on the virtual clock. */
export const REAL_KUBERNETES_TIMINGS: KubernetesTimings = {
  controllerMs: 50,
  scheduleMs: 20,
  rescheduleMs: 1_000,
  provisionMs: [1_500, 4_000],
  expandVolumeMs: [5_000, 20_000],
  deleteVolumeMs: [2_000, 6_000],
  startPodMs: [3_000, 15_000],
  stopPodMs: [1_000, 8_000],
  probeMs: 2_000,
  refreshFilesMs: 60_000,
  crashBackoffMs: 10_000,
  registerNodeMs: [2_000, 5_000],
  nodeReadyMs: [5_000, 15_000],
  joinRetryMs: 5_000,
  leaseRenewMs: 10_000,
  nodeMonitorPeriodMs: 5_000,
  nodeMonitorGraceMs: 50_000,
  podGcMs: 20_000,
  signCertificateMs: 200,
  watchMs: 10,
  bookmarkMs: 60_000,
};

/** Every delay is there but short: for development and for tests on the real clock. */
export const QUICK_KUBERNETES_TIMINGS: KubernetesTimings = {
  controllerMs: 5,
  scheduleMs: 5,
  rescheduleMs: 100,
  provisionMs: [20, 80],
  expandVolumeMs: [100, 300],
  deleteVolumeMs: [20, 80],
  startPodMs: [50, 250],
  stopPodMs: [50, 200],
  probeMs: 200,
  refreshFilesMs: 2_000,
  crashBackoffMs: 1_000,
  registerNodeMs: [50, 150],
  nodeReadyMs: [50, 150],
  joinRetryMs: 500,
  leaseRenewMs: 2_000,
  nodeMonitorPeriodMs: 1_000,
  nodeMonitorGraceMs: 8_000,
  podGcMs: 2_000,
  signCertificateMs: 20,
  watchMs: 1,
  bookmarkMs: 30_000,
};

export interface KubernetesOptions {
  readonly timings?: Partial<KubernetesTimings>;
  /** Changes that a watch can replay, by number and by age. */
  readonly historyLimit?: number;
  readonly historyMs?: number;
  /** Whether controllers write Event objects. */
  readonly events?: boolean;
  /** Pod addresses are handed out from here upwards. */
  readonly podAddressPrefix?: `127.${number}`;
  /** Storage classes that exist from the start; the default one first. Left out: `gp3`. */
  readonly storageClasses?: readonly {
    readonly name: string;
    readonly reclaimPolicy?: "Retain" | "Delete";
    readonly volumeBindingMode?: "Immediate" | "WaitForFirstConsumer";
    readonly allowVolumeExpansion?: boolean;
  }[];
}

export interface KubernetesModelDeps {
  readonly clock: SimulationClock;
  readonly random: Random;
  /** Who runs the containers; left out, every container is ready as soon as it runs. */
  readonly podRuntime?: PodRuntime;
  readonly options?: KubernetesOptions;
}
