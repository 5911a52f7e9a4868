import { type Cluster, type Controller, nowText } from "./cluster.ts";
import { setCondition } from "./conditions.ts";
import { equal } from "./json.ts";
import type { DisruptionBudget, Pod } from "./objects.ts";
import { controllerOf, isDeleting, isReady, isTerminal } from "./pods.ts";
import { SYSTEM } from "./registry.ts";
import { BUDGETS, PODS, type Resource, STATEFUL_SETS } from "./resources.ts";
import { matchesSelector } from "./selectors.ts";
import { objectKey } from "./store.ts";
import { WorkQueue } from "./work-queue.ts";

/** How long an eviction that deleted nothing keeps its pod out of the count. */
const UNCONFIRMED_MS = 120_000;

/** Keeps the status of PodDisruptionBudgets, which evictions are measured by. */
export function createBudgetController(cluster: Cluster): Controller {
  const queue = new WorkQueue(cluster.clock, cluster.timings.controllerMs, (key) => sync(key));
  cluster.store.onChange(({ resource, object, previous }) => {
    const { namespace } = object.metadata;
    if (resource === (BUDGETS as Resource)) queue.add(objectKey(namespace, object.metadata.name));
    if (resource === (STATEFUL_SETS as Resource)) {
      for (const budget of cluster.store.all(BUDGETS, namespace)) queue.add(objectKey(namespace, budget.metadata.name));
    }
    if (resource !== (PODS as Resource)) return;
    for (const budget of cluster.store.all(BUDGETS, namespace)) {
      const { selector } = budget.spec;
      const touches =
        matchesSelector(selector, object.metadata.labels) || matchesSelector(selector, previous?.metadata.labels);
      if (touches) queue.add(objectKey(namespace, budget.metadata.name));
    }
  });

  function sync(key: string): void {
    const [namespace = "", name = ""] = key.split("/");
    const budget = cluster.store.get(BUDGETS, namespace, name);
    if (budget === undefined || isDeleting(budget)) return;
    const pods = [...cluster.store.all(PODS, namespace)].filter(
      (pod) => matchesSelector(budget.spec.selector, pod.metadata.labels) && !isTerminal(pod),
    );
    const disrupted = stillDisrupted(budget, pods);
    const currentHealthy = pods.filter(
      (pod) => isReady(pod) && !isDeleting(pod) && disrupted[pod.metadata.name] === undefined,
    ).length;
    const { expectedPods, desiredHealthy } = expectations(budget, pods);
    const disruptionsAllowed = expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0;
    const allowed = disruptionsAllowed > 0;
    const condition = {
      type: "DisruptionAllowed",
      status: allowed ? ("True" as const) : ("False" as const),
      reason: allowed ? "SufficientPods" : "InsufficientPods",
      message: "",
      observedGeneration: budget.metadata.generation ?? 0,
    };
    const status: DisruptionBudget["status"] = {
      ...(Object.keys(disrupted).length === 0 ? {} : { disruptedPods: disrupted }),
      observedGeneration: budget.metadata.generation ?? 0,
      disruptionsAllowed,
      currentHealthy,
      desiredHealthy,
      expectedPods,
      conditions: setCondition(budget.status.conditions, condition, nowText(cluster)),
    };
    if (Object.keys(disrupted).length > 0) queue.add(key, UNCONFIRMED_MS);
    if (equal(status, budget.status)) return;
    cluster.registry.update(
      BUDGETS,
      namespace,
      name,
      (draft) => {
        draft.status = status;
      },
      { ...SYSTEM, part: "status" },
    );
  }

  function stillDisrupted(budget: DisruptionBudget, pods: readonly Pod[]): Record<string, string> {
    const now = cluster.clock.now();
    const present = new Set(pods.filter((pod) => !isDeleting(pod)).map((pod) => pod.metadata.name));
    return Object.fromEntries(
      Object.entries(budget.status.disruptedPods ?? {}).filter(
        ([name, since]) => present.has(name) && now - Date.parse(since) < UNCONFIRMED_MS,
      ),
    );
  }

  /** maxUnavailable and shares count against what the controllers want; minAvailable numbers against what is there. */
  function expectations(
    budget: DisruptionBudget,
    pods: readonly Pod[],
  ): { expectedPods: number; desiredHealthy: number } {
    const { maxUnavailable, minAvailable } = budget.spec;
    if (maxUnavailable !== undefined) {
      const expectedPods = wantedReplicas(pods);
      return { expectedPods, desiredHealthy: Math.max(0, expectedPods - resolve(maxUnavailable, expectedPods)) };
    }
    if (typeof minAvailable === "string" && minAvailable.endsWith("%")) {
      const expectedPods = wantedReplicas(pods);
      return { expectedPods, desiredHealthy: resolve(minAvailable, expectedPods) };
    }
    return { expectedPods: pods.length, desiredHealthy: Number(minAvailable ?? 0) };
  }

  /** Pods that no controller wants do not count (seen in 1.37: then nothing may be disrupted). */
  function wantedReplicas(pods: readonly Pod[]): number {
    const owners = new Map<string, number>();
    for (const pod of pods) {
      const owner = controllerOf(pod);
      const set =
        owner === undefined ? undefined : cluster.store.get(STATEFUL_SETS, pod.metadata.namespace, owner.name);
      if (set !== undefined) owners.set(owner?.uid ?? "", set.spec.replicas);
    }
    return [...owners.values()].reduce((sum, replicas) => sum + replicas, 0);
  }

  return {
    resync() {
      for (const budget of cluster.store.all(BUDGETS))
        queue.add(objectKey(budget.metadata.namespace, budget.metadata.name));
    },
    stop: () => queue.stop(),
  };
}

/** A number, or a share rounded up. */
function resolve(value: number | string, total: number): number {
  return typeof value === "string" && value.endsWith("%")
    ? Math.ceil((Number.parseFloat(value) * total) / 100)
    : Number(value);
}
