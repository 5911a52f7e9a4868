import type { PlacementVerdict } from "@berth/db";
import type { LoopName } from "@berth/ports";
import { Counter, createMetrics, Histogram, type Registry } from "@berth/runtime";
import type { OrphanVerdict } from "./clusters/orphans.ts";
import type { EffectObserver } from "./effects.ts";

/** What a worker counts of itself. */
export interface WorkerMetrics {
  readonly registry: Registry;
  /** One run of a loop ended. */
  ran(loop: LoopName, outcome: "done" | "lease_lost" | "failed", seconds: number): void;
  /** A sweep saw namespaces whose cluster does not live. */
  sawOrphanedNamespaces(verdict: OrphanVerdict, count: number): void;
  /** A placement was answered: the conflict rate is refused / (bound + refused). */
  sawVerdict(verdict: PlacementVerdict): void;
  /** Counts the calls to the outside, by name. */
  readonly effects: EffectObserver;
}

export function createWorkerMetrics(): WorkerMetrics {
  const registry = createMetrics();
  const runs = new Histogram({
    name: "berth_reconcile_seconds",
    help: "Runs of a loop on one cluster, kube or machine, and how long each took.",
    labelNames: ["loop", "outcome"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  });
  const effects = new Counter({
    name: "berth_effects_total",
    help: "Calls to Kubernetes, the cloud and engines that change something.",
    labelNames: ["effect"],
    registers: [registry],
  });
  const orphans = new Counter({
    name: "berth_orphaned_namespaces_total",
    help: "Namespaces of ours whose cluster does not live, each time that a sweep saw one; kept and withheld ones want people.",
    labelNames: ["verdict"],
    registers: [registry],
  });
  const verdicts = new Counter({
    name: "berth_placement_verdicts_total",
    help: "What became of placements: bound or refused by kube-scheduler, machine_gone or node_not_ready before it could say.",
    labelNames: ["verdict"],
    registers: [registry],
  });
  return {
    registry,
    sawVerdict: (verdict) => verdicts.inc({ verdict }),
    sawOrphanedNamespaces: (verdict, count) => orphans.inc({ verdict }, count),
    ran: (loop, outcome, seconds) => runs.observe({ loop, outcome }, seconds),
    effects: {
      reached: (effect, phase) => {
        if (phase === "before") effects.inc({ effect });
      },
    },
  };
}
