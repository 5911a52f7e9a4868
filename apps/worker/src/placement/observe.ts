import type { KubeRecord } from "@berth/db";
import { holdsData, isMasterEligible, LABELS, MANAGED_BY } from "@berth/domain";
import type { ReadOnlyKubernetes } from "../effects.ts";
import type { PlacementObservation } from "./problem.ts";

/** One fresh look at a kube: its nodes and pods, beside what its rows say. Reads only. */
export async function observeKube(
  kubernetes: ReadOnlyKubernetes,
  kube: KubeRecord,
  now: Date,
): Promise<Omit<PlacementObservation, "fruitless">> {
  const [nodes, pods, otherPods] = await Promise.all([
    kubernetes.list("Node"),
    kubernetes.list("Pod", { labelSelector: `${LABELS.managedBy}=${MANAGED_BY}` }),
    kubernetes.list("Pod", { labelSelector: `${LABELS.managedBy}!=${MANAGED_BY}` }),
  ]);
  const instances = new Map(
    kube.instances.map((instance) => [
      `${instance.clusterId}/${instance.podName}`,
      { ...instance, holdsData: holdsData(instance.roles), masterEligible: isMasterEligible(instance.roles) },
    ]),
  );
  const { isStatic, machines, pools, offerings, observed } = kube;
  const moving = new Map(kube.moving.map(({ instanceId, nodeName }) => [instanceId, nodeName]));
  const emptying = new Set(kube.emptying);
  const { waitingFor: guards, poolsChangedAt } = kube;
  const rows = { isStatic, instances, machines, pools, poolsChangedAt, offerings, observed, moving, emptying, guards };
  return { now, nodes, pods, otherPods, ...rows };
}
