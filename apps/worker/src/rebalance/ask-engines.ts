import type { RebalanceCluster } from "@berth/db";
import { type ClusterId, LABELS } from "@berth/domain";
import { type EngineShard, isPortError, type Pod } from "@berth/ports";
import { type EngineSecrets, engineTargetOf } from "../clusters/material.ts";
import type { ReadOnlyEngine } from "../effects.ts";
import { inParallel } from "../in-parallel.ts";
import type { ClusterFacts } from "./running-fleet.ts";

/** Few: each takes connections to the database that other loops want too. */
const ENGINE_LANES = 4;

export interface EngineAccess {
  readonly engine: ReadOnlyEngine;
  /** Undefined while the cluster has none. */
  readonly secretsOf: (id: ClusterId) => Promise<EngineSecrets | undefined>;
}

/** Asks each cluster's engine whether an instance of it may be away. One that cannot be asked is unknown. Reads only. */
export async function askEngines(
  access: EngineAccess,
  clusters: readonly RebalanceCluster[],
  pods: readonly Pod[],
): Promise<Map<string, ClusterFacts>> {
  const podsOf = new Map<string, Pod[]>();
  for (const pod of pods) {
    const id = pod.metadata.labels?.[LABELS.cluster] ?? "";
    podsOf.set(id, [...(podsOf.get(id) ?? []), pod]);
  }
  const facts = new Map<string, ClusterFacts>();
  const failures = await inParallel(clusters, ENGINE_LANES, async (cluster) => {
    facts.set(cluster.id, await askEngine(access, cluster, podsOf.get(cluster.id) ?? []));
  });
  const [failure] = failures;
  if (failure !== undefined) throw failure.error;
  return facts;
}

/** The same of one cluster. Green is one whose instances are all there, and none of whose shards is on its way. */
export async function askEngine(
  { engine, secretsOf }: EngineAccess,
  cluster: RebalanceCluster,
  pods: readonly Pod[],
): Promise<ClusterFacts> {
  const addresses = pods.flatMap((pod) =>
    pod.status?.phase === "Running" && pod.status.podIP !== undefined ? [pod.status.podIP] : [],
  );
  const secrets = await secretsOf(cluster.id);
  if (secrets === undefined || addresses.length === 0) return { kind: "unknown" };
  const target = engineTargetOf(cluster, secrets, addresses);
  try {
    const [health, shards] = await Promise.all([engine.health(target), engine.shards(target)]);
    const isGreen =
      health.status === "green" &&
      !health.timedOut &&
      health.nodes === cluster.instances.length &&
      health.relocatingShards === 0 &&
      health.initializingShards === 0;
    return { kind: "known", isGreen, hasIndexWithoutReplicas: hasShardAlone(shards) };
  } catch (error) {
    if (isPortError(error)) return { kind: "unknown" };
    throw error;
  }
}

/** Whether some shard has no second copy that is started: it is not there while its instance is not. */
function hasShardAlone(shards: readonly EngineShard[]): boolean {
  const copies = new Map<string, number>();
  for (const { index, shard, state } of shards) {
    const key = `${index}/${shard}`;
    const isStarted = state === "STARTED" || state === "RELOCATING";
    copies.set(key, (copies.get(key) ?? 0) + (isStarted ? 1 : 0));
  }
  return [...copies.values()].some((count) => count < 2);
}
