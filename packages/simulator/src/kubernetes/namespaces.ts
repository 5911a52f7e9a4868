import { type Cluster, type Controller, nowText } from "./cluster.ts";
import { setCondition } from "./conditions.ts";
import { equal } from "./json.ts";
import type { Condition, Namespace } from "./objects.ts";
import { isDeleting } from "./pods.ts";
import { SYSTEM } from "./registry.ts";
import { EVENTS, NAMESPACES, NEW_EVENTS, qualifiedName, RESOURCES, type Resource } from "./resources.ts";
import { WorkQueue } from "./work-queue.ts";

const CONTENT = RESOURCES.filter((resource) => resource.namespaced && resource !== (NEW_EVENTS as Resource));

/** Ends namespaces: marks them Terminating, deletes what is in them, and lets them go when nothing is left. */
export function createNamespaceController(cluster: Cluster): Controller {
  const queue = new WorkQueue(cluster.clock, cluster.timings.controllerMs, (name) => sync(name));

  cluster.store.onChange(({ resource, object, type }) => {
    if (resource === (NAMESPACES as Resource)) {
      if (type !== "DELETED" && isDeleting(object)) queue.add(object.metadata.name);
      return;
    }
    const name = object.metadata.namespace;
    if (name === undefined || resource === (EVENTS as Resource)) return;
    const namespace = cluster.store.get(NAMESPACES, undefined, name);
    if (namespace !== undefined && isDeleting(namespace)) queue.add(name);
  });

  function sync(name: string): void {
    const namespace = cluster.store.get(NAMESPACES, undefined, name);
    if (namespace === undefined || !isDeleting(namespace)) return;
    if ((namespace.spec.finalizers ?? []).length === 0) return;
    for (const resource of CONTENT) {
      for (const object of cluster.store.sorted(resource, name)) {
        if (!isDeleting(object))
          cluster.registry.remove(resource, name, object.metadata.name, { propagationPolicy: "Background" }, SYSTEM);
      }
    }
    const remaining = CONTENT.filter((resource) => cluster.store.count(resource, name) > 0);
    if (remaining.length === 0) {
      letGo(namespace);
      return;
    }
    writeStatus(namespace, remaining);
  }

  function letGo(namespace: Namespace): void {
    cluster.registry.update(
      NAMESPACES,
      undefined,
      namespace.metadata.name,
      (draft) => {
        draft.spec.finalizers = [];
      },
      { ...SYSTEM, part: "all" },
    );
  }

  function writeStatus(namespace: Namespace, remaining: readonly Resource[]): void {
    const { name } = namespace.metadata;
    const now = nowText(cluster);
    const parts = remaining.map(
      (resource) => `${qualifiedName(resource)}. has ${cluster.store.count(resource, name)} resource instances`,
    );
    const finalizers = new Map<string, number>();
    for (const resource of remaining) {
      for (const object of cluster.store.all(resource, name)) {
        for (const finalizer of object.metadata.finalizers ?? [])
          finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
      }
    }
    const held = [...finalizers].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`);
    const wanted: Condition[] = [
      {
        type: "NamespaceDeletionDiscoveryFailure",
        status: "False",
        reason: "ResourcesDiscovered",
        message: "All resources successfully discovered",
      },
      {
        type: "NamespaceDeletionContentFailure",
        status: "False",
        reason: "ContentDeleted",
        message: "All content successfully deleted, may be waiting on finalization",
      },
      {
        type: "NamespaceContentRemaining",
        status: "True",
        reason: "SomeResourcesRemain",
        message: `Some resources are remaining: ${parts.join(", ")}`,
      },
      held.length === 0
        ? {
            type: "NamespaceFinalizersRemaining",
            status: "False",
            reason: "ContentHasNoFinalizers",
            message: "All content-preserving finalizers finished",
          }
        : {
            type: "NamespaceFinalizersRemaining",
            status: "True",
            reason: "SomeFinalizersRemain",
            message: `Some content in the namespace has finalizers remaining: ${held.join(", ")}`,
          },
    ];
    let conditions = namespace.status.conditions ?? [];
    for (const condition of wanted) conditions = setCondition(conditions, condition, now);
    const status = { ...namespace.status, phase: "Terminating" as const, conditions };
    if (equal(status, namespace.status)) return;
    cluster.registry.update(
      NAMESPACES,
      undefined,
      name,
      (draft) => {
        draft.status = status;
      },
      { ...SYSTEM, part: "status" },
    );
  }

  return {
    resync() {
      for (const namespace of cluster.store.all(NAMESPACES))
        if (isDeleting(namespace)) queue.add(namespace.metadata.name);
    },
    stop: () => queue.stop(),
  };
}
