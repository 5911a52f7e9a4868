import { acquireLease, clusterStore, releaseLease } from "@berth/db";
import type { ClusterHealth, ClusterId, ClusterState, StepState } from "@berth/domain";
import { systemIds } from "@berth/runtime";
import type { TestApi } from "./test-api.ts";

/** Records progress of a cluster as the worker does: through its own store, under the lease, in one transaction. */
export async function playWorker(
  api: TestApi,
  clusterId: string,
  progress: {
    readonly steps?: readonly { readonly name: string; readonly state: StepState; readonly message: string }[];
    readonly ended?: "succeeded";
    readonly state?: ClusterState;
    readonly health?: ClusterHealth;
  },
): Promise<void> {
  const id = clusterId as ClusterId;
  const store = clusterStore(api.owner.pool, systemIds);
  const cluster = await store.find(id);
  const lease = await acquireLease(api.owner, `cluster/${id}`, "test", 10_000);
  if (cluster === undefined || lease === undefined) throw new Error(`${clusterId} cannot be had`);
  await store.recordStatus(lease, id, {
    state: progress.state ?? cluster.state,
    health: progress.health ?? cluster.health,
    observedGeneration: cluster.generation,
    wakes: cluster.wakes,
    waitingFor: [],
    lastFailure: undefined,
    failures: 0,
    nextCheckAt: undefined,
    instances: [],
    operation:
      cluster.operation === undefined
        ? undefined
        : { id: cluster.operation.id, steps: progress.steps ?? [], ended: progress.ended },
  });
  await releaseLease(api.owner, lease);
}
