import { conflict, forbidden, type Status, type StatusCause, tooManyRequests, unexpected } from "./api-error.ts";
import { type Cluster, nowText } from "./cluster.ts";
import { hasCondition, setCondition } from "./conditions.ts";
import type { DisruptionBudget, Pod } from "./objects.ts";
import { checkPreconditions, type DeleteOptions, type WriteOptions } from "./registry.ts";
import { BUDGETS, PODS } from "./resources.ts";
import { matchesSelector } from "./selectors.ts";

const BLOCKED = "Cannot evict pod as it would violate the pod's disruption budget.";
const RETRY_AFTER_SECONDS = 10;
const MAX_DISRUPTED = 2000;

/**
 * Evicts a pod if the budget that covers it allows, as pkg/registry/core/pod/storage/eviction.go (1.37).
 *
 * 429 with cause DisruptionBudget while it does not; only a budget that its controller has not seen yet carries Retry-After.
 * 500 for a pod under two budgets. Pending, finished and deleted pods go without a budget.
 */
export function evict(
  cluster: Cluster,
  namespace: string,
  name: string,
  options: DeleteOptions,
  writing: WriteOptions,
): Status {
  const pod = cluster.registry.read(PODS, namespace, name);
  checkPreconditions(PODS, pod, options.preconditions);
  const { phase } = pod.status;
  const ended = phase === "Succeeded" || phase === "Failed" || phase === "Pending";
  if (!ended && pod.metadata.deletionTimestamp === undefined) {
    const budgets = [...cluster.store.all(BUDGETS, namespace)].filter((budget) =>
      matchesSelector(budget.spec.selector, pod.metadata.labels),
    );
    if (budgets.length > 1) {
      throw unexpected(
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
      );
    }
    const [budget] = budgets;
    if (budget !== undefined && !mayGoUnhealthy(pod, budget)) spendBudget(cluster, budget, name, writing);
  }
  if (writing.dryRun !== true) markAndDelete(cluster, pod, options, writing);
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };
}

function mayGoUnhealthy(pod: Pod, budget: DisruptionBudget): boolean {
  if (hasCondition(pod.status.conditions, "Ready")) return false;
  if (budget.spec.unhealthyPodEvictionPolicy === "AlwaysAllow") return true;
  return budget.status.currentHealthy >= budget.status.desiredHealthy && budget.status.desiredHealthy > 0;
}

function spendBudget(cluster: Cluster, budget: DisruptionBudget, podName: string, writing: WriteOptions): void {
  const { name } = budget.metadata;
  const { status } = budget;
  const cause = (message: string): StatusCause[] => [
    { reason: "DisruptionBudget", message: `The disruption budget ${name} ${message}` },
  ];
  if ((status.observedGeneration ?? 0) < (budget.metadata.generation ?? 0)) {
    throw tooManyRequests(BLOCKED, RETRY_AFTER_SECONDS, cause("is still being processed by the server."));
  }
  if (Object.keys(status.disruptedPods ?? {}).length > MAX_DISRUPTED) {
    throw forbidden(
      BUDGETS,
      name,
      "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
      cause("does not allow evicting pods currently: too many pending evictions not confirmed by PDB controller"),
    );
  }
  if (status.disruptionsAllowed <= 0) {
    const message =
      status.currentHealthy <= status.desiredHealthy
        ? `needs ${status.desiredHealthy} healthy pods and has ${status.currentHealthy} currently`
        : "does not allow evicting pods currently";
    throw tooManyRequests(BLOCKED, 0, cause(message));
  }
  cluster.registry.update(
    BUDGETS,
    budget.metadata.namespace,
    name,
    (draft) => {
      draft.status.disruptionsAllowed -= 1;
      if (draft.status.disruptionsAllowed === 0) {
        const condition = { type: "DisruptionAllowed", status: "False" as const, reason: "InsufficientPods" };
        draft.status.conditions = setCondition(draft.status.conditions, condition, nowText(cluster));
      }
      draft.status.disruptedPods = { ...draft.status.disruptedPods, [podName]: nowText(cluster) };
    },
    { caller: writing.caller, dryRun: writing.dryRun ?? false, part: "status" },
  );
}

function markAndDelete(cluster: Cluster, pod: Pod, options: DeleteOptions, writing: WriteOptions): void {
  const { namespace, name, uid, deletionTimestamp } = pod.metadata;
  if (deletionTimestamp === undefined) {
    const marked = cluster.registry.update(
      PODS,
      namespace,
      name,
      (draft) => {
        draft.status.conditions = setCondition(
          draft.status.conditions,
          {
            type: "DisruptionTarget",
            status: "True",
            reason: "EvictionByEvictionAPI",
            message: "Eviction API: evicting",
          },
          nowText(cluster),
        );
      },
      { caller: writing.caller, part: "status" },
    );
    if (marked.metadata.uid !== uid) throw conflict(PODS, name, "the pod was replaced");
  }
  const { resourceVersion: _seen, ...preconditions } = options.preconditions ?? {};
  cluster.registry.remove(PODS, namespace, name, { ...options, preconditions }, writing);
}
