import { conflict } from "./api-error.ts";
import { type Cluster, nowText } from "./cluster.ts";
import { setCondition } from "./conditions.ts";
import type { Pod } from "./objects.ts";
import { SYSTEM } from "./registry.ts";
import { NODES, PODS } from "./resources.ts";

/** How refusals name what they refuse. */
const BINDINGS = { ...PODS, plural: "pods/binding" };

const COPIED_LABELS = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

/**
 * Assigns a pod to a node, as the binding subresource does: refuses with 409 a pod that is deleted, bound or gated.
 *
 * The node's zone and region labels are copied to the pod (PodTopologyLabels, on by default since 1.35).
 */
export function bindPod(
  cluster: Cluster,
  namespace: string,
  name: string,
  nodeName: string,
  uid: string | undefined,
): Pod {
  const node = cluster.store.get(NODES, undefined, nodeName);
  return cluster.registry.update(
    PODS,
    namespace,
    name,
    (pod) => {
      if (uid !== undefined && uid !== "" && pod.metadata.uid !== uid) {
        throw conflict(
          BINDINGS,
          name,
          `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${pod.metadata.uid}`,
        );
      }
      const refuse = (why: string): never => {
        throw conflict(BINDINGS, name, why);
      };
      if (pod.metadata.deletionTimestamp !== undefined)
        refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
      if ((pod.spec.nodeName ?? "") !== "") refuse(`pod ${name} is already assigned to node "${pod.spec.nodeName}"`);
      if ((pod.spec.schedulingGates ?? []).length > 0) refuse(`pod ${name} has non-empty .spec.schedulingGates`);
      pod.spec.nodeName = nodeName;
      for (const label of COPIED_LABELS) {
        const value = node?.metadata.labels?.[label];
        if (value !== undefined) pod.metadata.labels = { ...pod.metadata.labels, [label]: value };
      }
      pod.status.conditions = setCondition(
        pod.status.conditions,
        { type: "PodScheduled", status: "True" },
        nowText(cluster),
      );
    },
    { ...SYSTEM, part: "all" },
  );
}
