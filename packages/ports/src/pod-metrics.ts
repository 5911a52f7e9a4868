import { parseCpuMilli, parseMebibytesUp } from "@berth/domain";
import type { PodUsage } from "./kubernetes.ts";

/** The Metrics API's collection of pods, of all namespaces. */
export const POD_METRICS_PATH = "/apis/metrics.k8s.io/v1beta1/pods";

/** PodMetrics as far as it is read: https://github.com/kubernetes/metrics, v1beta1. */
interface PodMetrics {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly timestamp: string;
  readonly containers: readonly { readonly usage: { readonly cpu?: string; readonly memory?: string } }[];
}

/** A list of PodMetrics as usage by pod. One without a container was not measured yet, one that cannot be read is none. */
export function podUsagesOf(answer: unknown): PodUsage[] {
  const { items = [] } = answer as { items?: readonly PodMetrics[] };
  return items.flatMap(({ metadata, timestamp, containers }) => {
    const measuredAt = new Date(timestamp);
    const usages = containers.map(({ usage }) => ({
      cpu: parseCpuMilli(usage.cpu ?? ""),
      memory: parseMebibytesUp(usage.memory ?? ""),
    }));
    if (usages.length === 0 || Number.isNaN(measuredAt.getTime())) return [];
    let cpuMilli = 0;
    let memoryMib = 0;
    for (const { cpu, memory } of usages) {
      if (!cpu.ok || !memory.ok) return [];
      cpuMilli += cpu.value;
      memoryMib += memory.value;
    }
    return [{ name: metadata.name, namespace: metadata.namespace, cpuMilli, memoryMib, measuredAt }];
  });
}
