import type { HeldReason, RunningInstance } from "./rebalance-plan.ts";

/** What a move of one instance costs, in micro-dollars. */
export interface MoveCosts {
  /** For the restart as such: caches are cold, connections break. */
  readonly restartMicroUsd: number;
  /** To detach and attach one volume. */
  readonly reattachMinutes: number;
  /** How fast its copies catch up. */
  readonly recoveryGibPerMinute: number;
  /** For each minute that it is away, or its copies are behind. */
  readonly minuteMicroUsd: number;
}

/** How long an instance is away or behind when it moves, in whole minutes, rounded up. */
export function minutesAway({ volumes, storedGib }: RunningInstance, costs: MoveCosts): number {
  return Math.ceil(volumes * costs.reattachMinutes + storedGib / costs.recoveryGibPerMinute);
}

/** In whole micro-dollars, rounded up. */
export function moveCost(instance: RunningInstance, costs: MoveCosts): number {
  return Math.ceil(costs.restartMicroUsd + minutesAway(instance, costs) * costs.minuteMicroUsd);
}

/** Why an instance may not be moved at all now; undefined when it may. */
export function whyUnmovable(instance: RunningInstance): HeldReason | undefined {
  if (instance.factsAreUnknown) return "facts_unknown";
  if (!instance.clusterIsGreen) return "cluster_not_green";
  if (instance.hasIndexWithoutReplicas) return "index_without_replicas";
  if (instance.backupIsRunning) return "backup_running";
  if (instance.upgradeIsRunning) return "upgrade_running";
  return undefined;
}
