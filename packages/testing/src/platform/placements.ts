import type { PlacementDecision } from "@berth/contract";
import { type ClusterId, namespaceOf } from "@berth/domain";
import { createKubernetes, parseKubeconfig } from "@berth/kubernetes";
import type { Pod } from "@berth/ports";
import type { Platform } from "./start-platform.ts";

export interface Placement {
  readonly pod: Pod;
  /** The newest decision about its instance. */
  readonly decision: PlacementDecision;
}

/** A cluster's pods, each with what the packer said of it last. */
export async function placementsOf(platform: Platform, clusterId: string): Promise<Placement[]> {
  const connection = parseKubeconfig(platform.world.kubeconfig);
  if (!connection.ok) throw new Error(connection.error.detail);
  const kubernetes = createKubernetes(connection.value);
  try {
    const [pods, instances, decisions] = await Promise.all([
      kubernetes.list("Pod", { namespace: namespaceOf(clusterId as ClusterId) }),
      platform.customer.listInstances({ params: { cluster_id: clusterId } }),
      platform.operator.listPlacementDecisions({ query: { cluster_id: clusterId } }),
    ]);
    return instances.body.data.map(({ id, name }) => {
      const pod = pods.find(({ metadata }) => metadata.name === name);
      const decision = decisions.body.data.find((one) => one.instance_id === id);
      if (pod === undefined || decision === undefined) throw new Error(`${name} has no pod or no decision`);
      return { pod, decision };
    });
  } finally {
    kubernetes.close();
  }
}
