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
  // A list may lack what is there: a node counts as gone once it was asked for by its name.
  const listed = new Set(nodes.map((node) => node.metadata.name));
  const unlisted = kube.machines.filter(({ state, nodeName }) => state === "ready" && !listed.has(nodeName));
  const found = await Promise.all(unlisted.map(({ nodeName }) => kubernetes.read("Node", { name: nodeName })));
  const missing = new Set(unlisted.filter((_, index) => found[index] === undefined).map(({ nodeName }) => nodeName));
  const instances = new Map(
    kube.instances.map((instance) => [
      `${instance.clusterId}/${instance.podName}`,
      { ...instance, holdsData: holdsData(instance.roles), masterEligible: isMasterEligible(instance.roles) },
    ]),
  );
  const { isStatic, machines, lost, pools, offerings, observed } = kube;
  const moving = new Map(kube.moving.map(({ instanceId, nodeName }) => [instanceId, nodeName]));
  const emptying = new Set(kube.emptying);
  const { waitingFor: guards, poolsChangedAt } = kube;
  const rows = {
    isStatic,
    instances,
    machines,
    lost,
    pools,
    poolsChangedAt,
    offerings,
    observed,
    moving,
    emptying,
    committed: { region: kube.region, ...kube.committed },
    guards,
  };
  return { now, nodes, pods, otherPods, missing, ...rows };
}
