import type { Cluster, Controller } from "./cluster.ts";
import { equal } from "./json.ts";
import { formatAmount } from "./quantities.ts";
import { namespaceUsage } from "./quota.ts";
import { SYSTEM } from "./registry.ts";
import { QUOTAS, type Resource } from "./resources.ts";
import { objectKey } from "./store.ts";
import { WorkQueue } from "./work-queue.ts";

/** Keeps the status of ResourceQuotas; admission counts for itself. */
export function createQuotaController(cluster: Cluster): Controller {
  const queue = new WorkQueue(cluster.clock, cluster.timings.controllerMs * 4, (key) => {
    const [namespace = "", name = ""] = key.split("/");
    const quota = cluster.store.get(QUOTAS, namespace, name);
    if (quota === undefined) return;
    const hard = quota.spec.hard ?? {};
    const used = namespaceUsage(cluster.store, namespace, Object.keys(hard));
    const shown = Object.fromEntries(
      Object.entries(used).map(([resource, amount]) => [resource, formatAmount(resource, amount)]),
    );
    const status = { hard, used: shown };
    if (equal(status, quota.status)) return;
    cluster.registry.update(
      QUOTAS,
      namespace,
      name,
      (draft) => {
        draft.status = status;
      },
      { ...SYSTEM, part: "status" },
    );
  });
  cluster.store.onChange(({ resource, object, type }) => {
    const { namespace, name } = object.metadata;
    if (resource === (QUOTAS as Resource)) queue.add(objectKey(namespace, name));
    else if (
      namespace !== undefined &&
      resource.namespaced &&
      (type !== "MODIFIED" || resource.kind === "Pod" || resource.kind === "PersistentVolumeClaim")
    ) {
      for (const quota of cluster.store.all(QUOTAS, namespace)) queue.add(objectKey(namespace, quota.metadata.name));
    }
  });
  return {
    resync() {
      for (const quota of cluster.store.all(QUOTAS))
        queue.add(objectKey(quota.metadata.namespace, quota.metadata.name));
    },
    stop: () => queue.stop(),
  };
}
