import { type Database, listKubeIds, recordInstanceUsage } from "@berth/db";
import { clusterOfNamespace, type KubeId, LABELS, MANAGED_BY } from "@berth/domain";
import type { ReadOnlyKubernetes } from "./effects.ts";
import { inParallel } from "./in-parallel.ts";

const KUBES_AT_ONCE = 4;

/**
 * Stores what instances really use, by each kube's Metrics API; nothing where it has none. Any worker does it, as often as
 * it likes: the newest measurement stays. Gives how many were new.
 */
export async function measureUsage(
  database: Database,
  kubes: { readonly get: (kubeId: KubeId) => Promise<Pick<ReadOnlyKubernetes, "podUsage">> },
  onError: (kubeId: KubeId, error: unknown) => void,
): Promise<number> {
  let count = 0;
  const failures = await inParallel(await listKubeIds(database), KUBES_AT_ONCE, async (kubeId) => {
    const kubernetes = await kubes.get(kubeId);
    const usages = await kubernetes.podUsage({ labelSelector: `${LABELS.managedBy}=${MANAGED_BY}` });
    const ours = (usages ?? []).flatMap(({ namespace, name: podName, ...usage }) => {
      const clusterId = clusterOfNamespace(namespace);
      return clusterId === undefined ? [] : [{ ...usage, clusterId, podName }];
    });
    const recorded = await recordInstanceUsage(database, kubeId, ours);
    count += recorded;
  });
  for (const { item, error } of failures) onError(item, error);
  return count;
}
