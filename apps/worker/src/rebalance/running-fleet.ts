import type { RebalanceCluster } from "@berth/db";
import type { RunningInstance, RunningNode } from "@berth/packing";
import type { PlacementProblem } from "../placement/problem.ts";

/** What a cluster's engine said of itself at a look; `unknown` when it could not be asked. */
export type ClusterFacts =
  | { readonly kind: "known"; readonly isGreen: boolean; readonly hasIndexWithoutReplicas: boolean }
  | { readonly kind: "unknown" };

/**
 * The nodes of one pool as the planner of moves wants them.
 *
 * Pure. A cluster of which no facts are given counts as unknown, and so holds what is of it. Volumes count as full: they
 * may be, and a move then costs that much. No backups run, as Berth makes none yet, and customers' roles cannot.
 */
export function runningFleet(
  problem: Pick<PlacementProblem, "nodes">,
  poolId: string,
  known: {
    readonly clusters: readonly RebalanceCluster[];
    readonly facts: ReadonlyMap<string, ClusterFacts>;
    readonly readyAt: ReadonlyMap<string, Date>;
    /** Of which an instance is on its way. */
    readonly moving: ReadonlySet<string>;
    readonly now: Date;
  },
): RunningNode[] {
  const clusters = new Map(known.clusters.map((one) => [one.id as string, one]));
  const storage = new Map(
    known.clusters.flatMap((one) => one.instances.map(({ id, storageMib }) => [id as string, storageMib] as const)),
  );
  return problem.nodes
    .filter((node) => node.poolId === poolId)
    .map((node) => ({
      ...node,
      readyAt: known.readyAt.get(node.name) ?? known.now,
      instances: node.instances.map((instance): RunningInstance => {
        const cluster = clusters.get(instance.clusterId);
        const facts = known.facts.get(instance.clusterId);
        return {
          ...instance,
          storedGib: Math.ceil((storage.get(instance.instanceId) ?? 0) / 1024),
          clusterIsGreen:
            cluster?.health === "green" &&
            !known.moving.has(instance.clusterId) &&
            (facts?.kind !== "known" || facts.isGreen),
          hasIndexWithoutReplicas: facts?.kind === "known" && facts.hasIndexWithoutReplicas,
          backupIsRunning: false,
          upgradeIsRunning: cluster?.state !== "running" || cluster.isBusy,
          // One that is not green by its record is not asked, and held for that.
          ...(cluster?.health !== "green" || facts?.kind === "known" ? {} : { factsAreUnknown: true }),
        };
      }),
    }));
}
