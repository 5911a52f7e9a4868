import type { SimulationClock } from "../clock.ts";
import {
  ApiError,
  alreadyExists,
  badRequest,
  conflict,
  type FieldFault,
  invalid,
  MODIFIED,
  notFound,
  unexpected,
} from "./api-error.ts";
import { trackUpdate } from "./apply.ts";
import { setDefaults } from "./defaults.ts";
import { type Identity, timeText } from "./identity.ts";
import { clone, equal } from "./json.ts";
import type { KubeObject, ManagedFieldsEntry, Meta, Pod } from "./objects.ts";
import { apiVersionOf, type Resource } from "./resources.ts";
import type { Store } from "./store.ts";
import { validate, validateNew, validateUpdate } from "./validation.ts";

export interface Caller {
  readonly username: string;
  readonly groups: readonly string[];
}

export interface WriteOptions {
  readonly caller: Caller;
  /** The field manager of an ordinary write; left out, fields are not tracked (the model's own controllers). */
  readonly manager?: string | undefined;
  readonly dryRun?: boolean;
  /** Collects Warning headers. */
  readonly warnings?: string[];
}

export interface UpdateOptions extends WriteOptions {
  /**
   * `status`: only status counts. `all`: spec and status at once, without validation and without a new generation, for
   * bindings and the like.
   */
  readonly part?: "status" | "all" | undefined;
  /** Name of the subresource in managed fields. */
  readonly subresource?: string;
  /** Managed fields come with the object (server-side apply made them). */
  readonly applied?: boolean;
  /** A PUT: another uid is a conflict there, and a fault of the field in a patch. */
  readonly replaces?: boolean;
  /** Skips the rules for updates of the main resource: a subresource has its own. */
  readonly unchecked?: boolean;
}

export interface Preconditions {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

export interface DeleteOptions {
  readonly preconditions?: Preconditions;
  readonly propagationPolicy?: "Foreground" | "Background" | "Orphan" | undefined;
  readonly gracePeriodSeconds?: number | undefined;
}

/** The rules that need more than the object itself; admission.ts builds them. */
export interface Admission {
  /** Changes the object before validation; refuses with an ApiError. */
  mutate(resource: Resource, object: KubeObject, before: KubeObject | undefined, options: WriteOptions): void;
  /** Refuses with an ApiError. */
  validate(resource: Resource, object: KubeObject, before: KubeObject | undefined, options: WriteOptions): void;
  /** Called once an object is stored that was not there before. */
  created(resource: Resource, object: KubeObject): void;
}

/** The caller of the model's own controllers. */
export const SYSTEM: WriteOptions = {
  caller: { username: "system:kube-controller-manager", groups: ["system:masters"] },
};

const SYSTEM_META = [
  "uid",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "generation",
  "resourceVersion",
] as const;

/** Kinds that keep the status that they are created with. */
const STATUS_AT_CREATION = new Set(["Node"]);

/**
 * Creates, updates and deletes objects by the rules of the API server's generic registry: system fields, defaults,
 * admission, validation, optimistic locking, finalizers and graceful deletion. Everything that writes comes through here.
 */
export class Registry {
  readonly store: Store;
  private readonly clock: SimulationClock;
  private readonly identity: Identity;
  private admission: Admission | undefined;

  constructor(store: Store, clock: SimulationClock, identity: Identity) {
    this.store = store;
    this.clock = clock;
    this.identity = identity;
  }

  use(admission: Admission): void {
    this.admission = admission;
  }

  /** The object; refuses with 404. */
  read<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, name: string): T {
    const found = this.store.get(resource, namespace, name);
    if (found === undefined) throw notFound(resource, name);
    return found;
  }

  create<T extends KubeObject>(resource: Resource<T>, given: T, options: WriteOptions): T {
    const object = clone(given);
    if ((object.metadata.resourceVersion ?? "") !== "") {
      throw unexpected("resourceVersion should not be set on objects to be created");
    }
    this.stampNew(resource, object);
    setDefaults(resource, object);
    this.admission?.mutate(resource, object, undefined, options);
    setDefaults(resource, object);
    refuse(resource, object, [...validate(resource, object), ...validateNew(resource, object)]);
    this.admission?.validate(resource, object, undefined, options);
    if (this.store.get(resource, object.metadata.namespace, object.metadata.name) !== undefined) {
      throw alreadyExists(resource, object.metadata.name);
    }
    if (options.manager !== undefined) this.track(resource, undefined, object, options.manager, undefined);
    if (options.dryRun === true) return object;
    const stored = this.store.put(resource, object);
    this.admission?.created(resource, stored);
    return stored;
  }

  /**
   * Changes an object: `change` gets a copy and may change it in place or give another one.
   *
   * Gives the stored object itself when nothing changed: no revision is spent.
   */
  update<T extends KubeObject>(
    resource: Resource<T>,
    namespace: string | undefined,
    name: string,
    // biome-ignore lint/suspicious/noConfusingVoidType: a change in place gives nothing.
    change: (draft: T) => T | void,
    options: UpdateOptions,
  ): T {
    const current = this.read(resource, namespace, name);
    const draft = clone(current);
    const changed = change(draft) ?? draft;
    const next = this.settle(resource, current, changed, options);

    if (options.part !== "all") {
      setDefaults(resource, next);
      this.admission?.mutate(resource, next, current, options);
      if (options.part === undefined && options.unchecked !== true) {
        refuse(resource, next, [...validate(resource, next), ...validateUpdate(resource, next, current)]);
      }
      this.admission?.validate(resource, next, current, options);
    }
    if (resource.countsGenerations && options.part !== "all" && !equal(next.spec, current.spec)) {
      next.metadata.generation = (current.metadata.generation ?? 0) + 1;
    }
    if (options.applied !== true) {
      if (options.manager === undefined) keepManagedFields(next, current);
      else this.track(resource, current, next, options.manager, options.subresource ?? options.part);
    }
    if (equal(next, current)) return current;
    if (options.dryRun === true) return next;
    if (isFinished(next)) {
      this.store.remove(resource, next);
      return next;
    }
    return this.store.put(resource, next);
  }

  /** Deletes, or begins to: gives the object as it is now, or its last state when it is gone. */
  remove<T extends KubeObject>(
    resource: Resource<T>,
    namespace: string | undefined,
    name: string,
    options: DeleteOptions,
    writing: WriteOptions,
  ): { readonly object: T; readonly gone: boolean } {
    const current = this.read(resource, namespace, name);
    checkPreconditions(resource, current, options.preconditions);
    const next = clone(current);
    const meta = next.metadata;
    const finalizers = finalizersFor(resource, meta, options);
    const grace = gracePeriodOf(resource, next, options);
    const now = this.clock.now();

    const wasDeleting = meta.deletionTimestamp !== undefined;
    if (!wasDeleting) {
      if (finalizers.length === 0 && grace === 0 && !isNamespaceWithContent(next)) {
        if (writing.dryRun !== true) this.store.remove(resource, current);
        return { object: resource.kind === "Pod" ? markedDeleted(next, now) : current, gone: true };
      }
      meta.deletionTimestamp = timeText(now + grace * 1000);
      if (resource.kind !== "Namespace") meta.deletionGracePeriodSeconds = grace;
      if (meta.generation !== undefined) meta.generation += 1;
      if (resource.kind === "Namespace") next.status = { ...(next.status as object), phase: "Terminating" };
    } else if (options.gracePeriodSeconds !== undefined && grace < (meta.deletionGracePeriodSeconds ?? 0)) {
      meta.deletionTimestamp = timeText(now + grace * 1000);
      meta.deletionGracePeriodSeconds = grace;
    }
    setFinalizers(meta, finalizers);
    if (writing.dryRun === true) return { object: next, gone: false };
    if (isFinished(next)) {
      this.store.remove(resource, next);
      return { object: next, gone: true };
    }
    if (equal(next, current)) return { object: current, gone: false };
    return { object: this.store.put(resource, next), gone: false };
  }

  private stampNew(resource: Resource, object: KubeObject): void {
    object.apiVersion = apiVersionOf(resource);
    object.kind = resource.kind;
    const meta = object.metadata;
    for (const field of SYSTEM_META) delete meta[field];
    if (meta.managedFields !== undefined && meta.managedFields.length === 0) delete meta.managedFields;
    const number = this.store.nextUidNumber();
    if ((meta.name ?? "") === "" && (meta.generateName ?? "") !== "") {
      meta.name = `${meta.generateName}${this.identity.suffix(String(number), 5)}`;
    }
    meta.uid = this.identity.uid(String(number));
    meta.creationTimestamp = timeText(this.clock.now());
    if (resource.countsGenerations) meta.generation = 1;
    if (resource.subresources.includes("status") && !STATUS_AT_CREATION.has(resource.kind)) delete object.status;
  }

  /** The object that results: system fields of the current one, and only the part that this write may change. */
  private settle<T extends KubeObject>(resource: Resource<T>, current: T, changed: T, options: UpdateOptions): T {
    const meta = changed.metadata;
    if (meta.uid !== undefined && meta.uid !== "" && meta.uid !== current.metadata.uid) {
      throw wrongUid(resource, current, meta.uid, options.replaces === true);
    }
    const wanted = meta.resourceVersion ?? "";
    if (wanted !== "" && wanted !== current.metadata.resourceVersion) {
      throw conflict(resource, current.metadata.name, MODIFIED);
    }
    if (meta.name !== current.metadata.name) {
      throw badRequest(
        `the name of the object (${meta.name}) does not match the name on the URL (${current.metadata.name})`,
      );
    }

    let next = changed;
    if (options.part === "status") {
      next = { ...clone(current), status: changed.status };
      next.metadata = { ...changed.metadata };
      if (current.metadata.ownerReferences !== undefined)
        next.metadata.ownerReferences = current.metadata.ownerReferences;
      if (changed.status === undefined) delete next.status;
    } else if (options.part === undefined && resource.subresources.includes("status")) {
      if (current.status === undefined) delete next.status;
      else next.status = current.status;
    }
    next.apiVersion = current.apiVersion;
    next.kind = current.kind;
    for (const field of SYSTEM_META) {
      const value = current.metadata[field];
      if (value === undefined) delete next.metadata[field];
      else (next.metadata as unknown as Record<string, unknown>)[field] = value;
    }
    refuseNewFinalizers(resource, next, current);
    return next;
  }

  private track(
    resource: Resource,
    before: KubeObject | undefined,
    after: KubeObject,
    manager: string,
    subresource: string | undefined,
  ): void {
    const who = { name: manager, operation: "Update" as const, subresource };
    const entries = trackUpdate(resource, before, after, who, timeText(this.clock.now()));
    setManagedFields(after.metadata, entries);
  }
}

function wrongUid(resource: Resource, current: KubeObject, uid: string, replaces: boolean): ApiError {
  const { name, namespace } = current.metadata;
  if (!replaces) {
    return invalid(resource, name, [
      { kind: "Invalid", field: "metadata.uid", detail: "field is immutable", value: uid },
    ]);
  }
  const key = `/registry/${resource.plural}/${namespace === undefined ? "" : `${namespace}/`}${name}`;
  const precondition = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`;
  return conflict(
    resource,
    name,
    `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${precondition}`,
  );
}

function setManagedFields(meta: Meta, entries: ManagedFieldsEntry[] | undefined): void {
  if (entries === undefined || entries.length === 0) delete meta.managedFields;
  else meta.managedFields = entries;
}

function keepManagedFields(next: KubeObject, current: KubeObject): void {
  setManagedFields(next.metadata, current.metadata.managedFields);
}

function refuse(resource: Resource, object: KubeObject, faults: readonly FieldFault[]): void {
  if (faults.length > 0) throw invalid(resource, object.metadata.name ?? "", faults);
}

function refuseNewFinalizers(resource: Resource, next: KubeObject, current: KubeObject): void {
  if (current.metadata.deletionTimestamp === undefined) return;
  const known = new Set(current.metadata.finalizers ?? []);
  const fresh = (next.metadata.finalizers ?? []).filter((finalizer) => !known.has(finalizer));
  if (fresh.length === 0) return;
  const listed = fresh.map((finalizer) => JSON.stringify(finalizer)).join(", ");
  const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${listed}}`;
  throw invalid(resource, current.metadata.name, [{ kind: "Forbidden", field: "metadata.finalizers", detail }]);
}

/** Refuses with 409 when the object is another one, or was written since. */
export function checkPreconditions(resource: Resource, current: KubeObject, wanted: Preconditions | undefined): void {
  const { uid, resourceVersion, name } = current.metadata;
  if (resource.kind === "Namespace" && (wanted?.uid ?? "") !== "" && wanted?.uid !== uid) {
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${wanted?.uid}, UID in object meta: ${uid}`,
    );
  }
  const fail = (why: string): ApiError =>
    new ApiError(409, "Conflict", `Operation cannot be fulfilled on ${resource.kind} "${name}": ${why}`, {
      name,
      ...(resource.group === "" ? {} : { group: resource.group }),
      kind: resource.kind,
    });
  if ((wanted?.uid ?? "") !== "" && wanted?.uid !== uid) {
    throw fail(
      `the UID in the precondition (${wanted?.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  }
  if ((wanted?.resourceVersion ?? "") !== "" && wanted?.resourceVersion !== resourceVersion) {
    throw fail(
      `the ResourceVersion in the precondition (${wanted?.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    );
  }
}

function gracePeriodOf(resource: Resource, object: KubeObject, options: DeleteOptions): number {
  if (resource.kind !== "Pod") return 0;
  const pod = object as Pod;
  if ((pod.spec.nodeName ?? "") === "" || pod.status.phase === "Failed" || pod.status.phase === "Succeeded") return 0;
  const period = options.gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30;
  return period < 0 ? 1 : period;
}

const FOREGROUND = "foregroundDeletion";
const ORPHAN = "orphan";

/** How the answer to a pod's immediate deletion shows the pod: the watch shows it as it was stored. */
function markedDeleted<T extends KubeObject>(pod: T, now: number): T {
  pod.metadata.deletionTimestamp = timeText(now);
  pod.metadata.deletionGracePeriodSeconds = 0;
  pod.metadata.generation = (pod.metadata.generation ?? 0) + 1;
  return pod;
}

/** Propagation is kept as a finalizer: the garbage collector takes it off when the dependents are dealt with. */
function finalizersFor(resource: Resource, meta: Meta, options: DeleteOptions): string[] {
  const present = meta.finalizers ?? [];
  if (options.propagationPolicy === undefined) return present;
  const others = present.filter((finalizer) => finalizer !== FOREGROUND && finalizer !== ORPHAN);
  // Namespaces have their own collection of content, but take the finalizers all the same.
  if (options.propagationPolicy === "Foreground") return [...others, FOREGROUND];
  if (options.propagationPolicy === "Orphan" && resource.kind !== "Namespace") return [...others, ORPHAN];
  return others;
}

function setFinalizers(meta: Meta, finalizers: string[]): void {
  if (finalizers.length === 0) delete meta.finalizers;
  else meta.finalizers = finalizers;
}

/** Nothing holds a deleted object any more. */
function isFinished(object: KubeObject): boolean {
  const { deletionTimestamp, finalizers, deletionGracePeriodSeconds } = object.metadata;
  if (deletionTimestamp === undefined || (finalizers ?? []).length > 0 || (deletionGracePeriodSeconds ?? 0) > 0)
    return false;
  return !isNamespaceWithContent(object);
}

/** The namespace controller has not finalized it yet. */
function isNamespaceWithContent(object: KubeObject): boolean {
  const { finalizers = [] } = (object.spec ?? {}) as { finalizers?: string[] };
  return object.kind === "Namespace" && finalizers.length > 0;
}
