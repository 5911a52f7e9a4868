import { formatCpuMilli, formatMebibytes } from "@berth/domain";
import type { PlainObject } from "@berth/ports";
import { type Anchor, type ClusterManifestInput, ownedMeta } from "./input.ts";

/**
 * What the namespace may ever use: the plan, and room for one more instance of the largest component while something is
 * being replaced. Not a billing limit but a wall: no bug of ours can fill a kube from one cluster.
 */
export function quotaManifest(input: ClusterManifestInput, anchor: Anchor): PlainObject {
  const sum = (of: "memoryMib" | "cpuMilli" | "cpuLimitMilli" | "storageMib"): number =>
    input.components.reduce((total, component) => total + component.instances * component[of], 0) +
    Math.max(0, ...input.components.map((component) => component[of]));
  const instances = input.components.reduce((total, { instances }) => total + instances, 0) + 1;
  return {
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: ownedMeta(input, anchor, "plan"),
    spec: {
      hard: {
        pods: String(instances),
        "requests.cpu": formatCpuMilli(sum("cpuMilli")),
        "limits.cpu": formatCpuMilli(sum("cpuLimitMilli")),
        "requests.memory": formatMebibytes(sum("memoryMib")),
        "limits.memory": formatMebibytes(sum("memoryMib")),
        "requests.storage": formatMebibytes(sum("storageMib")),
        persistentvolumeclaims: String(instances),
        "services.loadbalancers": "0",
        "services.nodeports": "0",
      },
    },
  };
}
