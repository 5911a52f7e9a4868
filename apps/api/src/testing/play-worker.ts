import { acquireLease, type ClusterRecord, clusterStore, type HeldLease, releaseLease } from "@berth/db";
import type { ClusterHealth, ClusterId, ClusterState, InstanceState, StepState } from "@berth/domain";
import { systemIds } from "@berth/runtime";
import type { TestApi } from "./test-api.ts";

type Store = ReturnType<typeof clusterStore>;

/** Lets `record` write what the worker would, through its own store and under the cluster's lease. */
export async function asWorker(
  api: TestApi,
  clusterId: string,
  record: (store: Store, lease: HeldLease, cluster: ClusterRecord) => Promise<void>,
): Promise<void> {
  const id = clusterId as ClusterId;
  const store = clusterStore(api.owner.pool, systemIds);
  const cluster = await store.find(id);
  const lease = await acquireLease(api.owner, `cluster/${id}`, "test", 10_000);
  if (cluster === undefined || lease === undefined) throw new Error(`${clusterId} cannot be had`);
  await record(store, lease, cluster);
  await releaseLease(api.owner, lease);
}

/** Records progress of a cluster as the worker does: in one transaction. */
export function playWorker(
  api: TestApi,
  clusterId: string,
  progress: {
    readonly steps?: readonly { readonly name: string; readonly state: StepState; readonly message: string }[];
    readonly ended?: "succeeded";
    readonly state?: ClusterState;
    readonly health?: ClusterHealth;
    /** Of the first instance. */
    readonly instance?: InstanceState;
    /** Done when the worker has read and not written yet. */
    readonly meanwhile?: () => Promise<unknown>;
  },
): Promise<void> {
  return asWorker(api, clusterId, async (store, lease, cluster) => {
    await progress.meanwhile?.();
    await store.recordStatus(lease, cluster.id, {
      state: progress.state ?? cluster.state,
      health: progress.health ?? cluster.health,
      observedGeneration: cluster.generation,
      wakes: cluster.wakes,
      waitingFor: [],
      lastFailure: undefined,
      failures: 0,
      nextCheckAt: undefined,
      instances: cluster.instances.slice(0, 1).flatMap(({ id }) =>
        progress.instance === undefined
          ? []
          : [
              {
                id,
                state: progress.instance,
                volumeName: undefined,
                podAddress: undefined,
                nodeName: undefined,
                restarts: 0,
              },
            ],
      ),
      operation:
        cluster.operation === undefined
          ? undefined
          : { id: cluster.operation.id, steps: progress.steps ?? [], ended: progress.ended },
    });
  });
}
