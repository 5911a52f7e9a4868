import type { Cluster, Controller } from "./cluster.ts";
import type { KubeObject, OwnerReference } from "./objects.ts";
import { isDeleting } from "./pods.ts";
import { SYSTEM } from "./registry.ts";
import { apiVersionOf, RESOURCES, type Resource, resourceAt, resourceOfKind } from "./resources.ts";
import { WorkQueue } from "./work-queue.ts";

const FOREGROUND = "foregroundDeletion";
const ORPHAN = "orphan";

interface Dependent {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string;
}

const keyOf = (resource: Resource, object: KubeObject): string =>
  [apiVersionOf(resource), resource.plural, object.metadata.namespace ?? "", object.metadata.name].join("|");

/**
 * Deletes what has lost all its owners, finishes foreground deletions when the blocking dependents are gone, and cuts
 * dependents loose for orphaning ones: pkg/controller/garbagecollector.
 *
 * Owners count by uid: an object of the same name that came later is another owner, and a namespaced owner in another
 * namespace is none.
 */
export function createGarbageCollector(cluster: Cluster): Controller {
  const { store, registry } = cluster;
  const queue = new WorkQueue(cluster.clock, cluster.timings.controllerMs, (key) => collect(key));
  const dependents = new Map<string, Map<string, Dependent>>();

  function note(resource: Resource, object: KubeObject, present: boolean): void {
    const key = keyOf(resource, object);
    const { namespace, name } = object.metadata;
    for (const owner of object.metadata.ownerReferences ?? []) {
      const group = dependents.get(owner.uid) ?? new Map<string, Dependent>();
      if (present) group.set(key, { resource, namespace, name });
      else group.delete(key);
      if (group.size === 0) dependents.delete(owner.uid);
      else dependents.set(owner.uid, group);
    }
  }

  store.onChange(({ resource, type, object, previous }) => {
    const owners = object.metadata.ownerReferences;
    if (previous !== undefined && (type === "DELETED" || previous.metadata.ownerReferences !== owners))
      note(resource, previous, false);
    if (type !== "DELETED" && owners !== undefined) {
      note(resource, object, true);
      if (previous?.metadata.ownerReferences !== owners || isDeleting(object)) queue.add(keyOf(resource, object));
    }
    if (type === "DELETED") {
      for (const key of dependents.get(object.metadata.uid ?? "")?.keys() ?? []) queue.add(key);
      for (const owner of owners ?? []) addOwner(owner, object.metadata.namespace);
    } else if (isDeleting(object)) queue.add(keyOf(resource, object));
  });

  function addOwner(owner: OwnerReference, namespace: string | undefined): void {
    const found = find(owner, namespace);
    if (found !== undefined && isDeleting(found.object)) queue.add(keyOf(found.resource, found.object));
  }

  function find(
    owner: OwnerReference,
    namespace: string | undefined,
  ): { resource: Resource; object: KubeObject } | undefined {
    const resource = resourceOfKind(owner.apiVersion, owner.kind);
    const object =
      resource === undefined ? undefined : store.get(resource, resource.namespaced ? namespace : undefined, owner.name);
    return resource === undefined || object === undefined || object.metadata.uid !== owner.uid
      ? undefined
      : { resource, object };
  }

  function collect(key: string): void {
    const [apiVersion = "", plural = "", namespace, name = ""] = key.split("|");
    const resource = resourceAt(apiVersion, plural);
    const object =
      resource === undefined ? undefined : store.get(resource, namespace === "" ? undefined : namespace, name);
    if (resource === undefined || object === undefined) return;
    if (isDeleting(object)) {
      finishDeletion(resource, object);
      return;
    }
    if ((object.metadata.ownerReferences ?? []).length > 0) collectOrphan(resource, object);
  }

  function collectOrphan(resource: Resource, object: KubeObject): void {
    const { namespace, name, uid } = object.metadata;
    const owners = object.metadata.ownerReferences ?? [];
    const kinds = owners.map((owner) => ({ owner, found: resourceOfKind(owner.apiVersion, owner.kind) }));
    // An owner of a kind that is not modelled cannot be looked up: it counts as there.
    const solid = kinds.filter(({ owner, found }) => {
      if (found === undefined) return true;
      const target = find(owner, namespace);
      return target !== undefined && !isForeground(target.object);
    });
    const waiting = kinds.filter(({ owner }) => {
      const target = find(owner, namespace);
      return target !== undefined && isForeground(target.object);
    });
    if (solid.length > 0) {
      if (solid.length === owners.length) return;
      const kept = solid.map(({ owner }) => owner);
      registry.update(
        resource,
        namespace,
        name,
        (draft) => {
          draft.metadata.ownerReferences = kept;
        },
        SYSTEM,
      );
      return;
    }
    const hasDependents = (dependents.get(uid ?? "")?.size ?? 0) > 0;
    const policy = waiting.length > 0 && hasDependents ? "Foreground" : policyOf(object);
    registry.remove(resource, namespace, name, { preconditions: { uid }, propagationPolicy: policy }, SYSTEM);
  }

  function finishDeletion(resource: Resource, object: KubeObject): void {
    const { namespace, name, uid = "" } = object.metadata;
    const finalizers = object.metadata.finalizers ?? [];
    if (finalizers.includes(ORPHAN)) {
      for (const dependent of [...(dependents.get(uid)?.values() ?? [])]) cutLoose(dependent, uid);
      dropFinalizer(resource, namespace, name, ORPHAN);
      return;
    }
    if (!finalizers.includes(FOREGROUND)) return;
    const group = [...(dependents.get(uid)?.values() ?? [])];
    for (const dependent of group) {
      const target = store.get(dependent.resource, dependent.namespace, dependent.name);
      if (target !== undefined && !isDeleting(target)) collectOrphan(dependent.resource, target);
    }
    const blocking = group.some((dependent) => {
      const target = store.get(dependent.resource, dependent.namespace, dependent.name);
      return (
        target?.metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true) ??
        false
      );
    });
    if (!blocking) dropFinalizer(resource, namespace, name, FOREGROUND);
  }

  function cutLoose({ resource, namespace, name }: Dependent, uid: string): void {
    if (store.get(resource, namespace, name) === undefined) return;
    registry.update(
      resource,
      namespace,
      name,
      (draft) => {
        const others = (draft.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid);
        if (others.length === 0) delete draft.metadata.ownerReferences;
        else draft.metadata.ownerReferences = others;
      },
      SYSTEM,
    );
  }

  function dropFinalizer(resource: Resource, namespace: string | undefined, name: string, finalizer: string): void {
    registry.update(
      resource,
      namespace,
      name,
      (draft) => {
        draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((each) => each !== finalizer);
        if (draft.metadata.finalizers.length === 0) delete draft.metadata.finalizers;
      },
      SYSTEM,
    );
  }

  return {
    resync() {
      dependents.clear();
      for (const resource of RESOURCES) for (const object of store.all(resource)) note(resource, object, true);
      for (const resource of RESOURCES) {
        for (const object of store.all(resource)) {
          if (isDeleting(object) || object.metadata.ownerReferences !== undefined) queue.add(keyOf(resource, object));
        }
      }
    },
    stop: () => queue.stop(),
  };
}

const isForeground = (object: KubeObject): boolean =>
  isDeleting(object) && (object.metadata.finalizers ?? []).includes(FOREGROUND);

function policyOf(object: KubeObject): "Foreground" | "Background" | "Orphan" {
  const finalizers = object.metadata.finalizers ?? [];
  if (finalizers.includes(ORPHAN)) return "Orphan";
  return finalizers.includes(FOREGROUND) ? "Foreground" : "Background";
}
