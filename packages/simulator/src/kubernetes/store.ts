import type { SimulationClock } from "../clock.ts";
import type { KubeObject } from "./objects.ts";
import { apiVersionOf, type Resource, resourceAt } from "./resources.ts";

/** One write, as watches and controllers see it. */
export interface Change {
  readonly revision: number;
  readonly at: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly resource: Resource;
  /** The object after the write; of a deletion its last state, under the deletion's own revision. */
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
}

interface Table {
  readonly objects: Map<string, KubeObject>;
  readonly byNamespace: Map<string, Map<string, KubeObject>>;
  /** Keys in etcd's order; rebuilt when a key came or went. */
  sorted: string[] | undefined;
}

export interface StoreState {
  readonly revision: number;
  readonly nextUid: number;
  readonly objects: readonly {
    readonly apiVersion: string;
    readonly plural: string;
    readonly items: readonly KubeObject[];
  }[];
}

export const objectKey = (namespace: string | undefined, name: string): string =>
  namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;

/**
 * All objects, under one revision counter, with the recent history that watches replay.
 *
 * What is stored is never changed in place. Listeners run inside the write and only take notes; they must not write.
 */
export class Store {
  private readonly tables = new Map<Resource, Table>();
  private readonly listeners: ((change: Change) => void)[] = [];
  private readonly clock: SimulationClock;
  private readonly historyLimit: number;
  private readonly historyMs: number;
  private log: Change[] = [];
  private currentRevision = 1000;
  private oldest = 1000;
  private uidCounter = 0;

  constructor(clock: SimulationClock, limits: { historyLimit: number; historyMs: number }) {
    this.clock = clock;
    this.historyLimit = limits.historyLimit;
    this.historyMs = limits.historyMs;
  }

  get revision(): number {
    return this.currentRevision;
  }

  /** Changes after this revision can still be replayed. */
  get compactedRevision(): number {
    return this.oldest;
  }

  /** The next number for an identity made here. */
  nextUidNumber(): number {
    this.uidCounter += 1;
    return this.uidCounter;
  }

  onChange(listener: (change: Change) => void): void {
    this.listeners.push(listener);
  }

  get<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined, name: string): T | undefined {
    return this.table(resource).objects.get(objectKey(resource.namespaced ? namespace : undefined, name)) as
      | T
      | undefined;
  }

  /** Objects of a kind, of one namespace if given, in no promised order. */
  *all<T extends KubeObject>(resource: Resource<T>, namespace?: string): IterableIterator<T> {
    const table = this.table(resource);
    if (namespace === undefined) yield* table.objects.values() as IterableIterator<T>;
    else yield* (table.byNamespace.get(namespace)?.values() ?? []) as IterableIterator<T>;
  }

  count(resource: Resource, namespace?: string): number {
    const table = this.table(resource);
    return namespace === undefined ? table.objects.size : (table.byNamespace.get(namespace)?.size ?? 0);
  }

  /** Objects in the order of their keys, as a list answers them. */
  sorted<T extends KubeObject>(resource: Resource<T>, namespace?: string): T[] {
    const table = this.table(resource);
    if (namespace !== undefined && resource.namespaced) {
      const items = [...(table.byNamespace.get(namespace)?.values() ?? [])] as T[];
      return items.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    }
    table.sorted ??= [...table.objects.keys()].sort();
    return table.sorted.map((key) => table.objects.get(key) as T);
  }

  /** Writes an object under the next revision, which is stamped into it. The object belongs to the store from now on. */
  put<T extends KubeObject>(resource: Resource<T>, object: T): T {
    const table = this.table(resource);
    const key = objectKey(resource.namespaced ? object.metadata.namespace : undefined, object.metadata.name);
    const previous = table.objects.get(key);
    this.currentRevision += 1;
    object.metadata.resourceVersion = String(this.currentRevision);
    this.index(table, key, object);
    if (previous === undefined) table.sorted = undefined;
    this.record(previous === undefined ? "ADDED" : "MODIFIED", resource, object, previous);
    return object;
  }

  /** Takes an object out; the deletion has a revision of its own. */
  remove<T extends KubeObject>(resource: Resource<T>, object: T): void {
    const table = this.table(resource);
    const namespace = resource.namespaced ? object.metadata.namespace : undefined;
    const key = objectKey(namespace, object.metadata.name);
    const previous = table.objects.get(key);
    if (previous === undefined) return;
    table.objects.delete(key);
    if (namespace !== undefined) table.byNamespace.get(namespace)?.delete(object.metadata.name);
    table.sorted = undefined;
    this.currentRevision += 1;
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.currentRevision) } };
    this.record("DELETED", resource, last, previous);
  }

  /** Changes after a revision, oldest first; undefined when some of them are forgotten. */
  changesSince(revision: number): readonly Change[] | undefined {
    this.trim();
    if (revision < this.oldest) return undefined;
    // Revisions in the log follow each other without a gap.
    const first = this.log[0];
    if (first === undefined) return [];
    return this.log.slice(Math.max(0, revision + 1 - first.revision));
  }

  /** Forgets the history, as a compaction of etcd does. */
  compact(): void {
    this.log = [];
    this.oldest = this.currentRevision;
  }

  /** Objects of a kind as they were at an earlier revision; undefined when that is forgotten. */
  asOf<T extends KubeObject>(resource: Resource<T>, revision: number): Map<string, T> | undefined {
    const later = this.changesSince(revision);
    if (later === undefined) return undefined;
    const objects = new Map(this.table(resource).objects as Map<string, T>);
    for (const change of [...later].reverse()) {
      if (change.resource !== resource) continue;
      const { namespace, name } = change.object.metadata;
      const key = objectKey(resource.namespaced ? namespace : undefined, name);
      if (change.previous === undefined) objects.delete(key);
      else objects.set(key, change.previous as T);
    }
    return objects;
  }

  snapshot(): StoreState {
    const objects = [...this.tables].map(([resource, table]) => ({
      apiVersion: apiVersionOf(resource),
      plural: resource.plural,
      items: [...table.objects.values()],
    }));
    return { revision: this.currentRevision, nextUid: this.uidCounter, objects };
  }

  /** Takes over a snapshot without telling listeners; history starts empty. */
  restore(state: StoreState): void {
    this.tables.clear();
    for (const { apiVersion, plural, items } of state.objects) {
      const resource = resourceAt(apiVersion, plural);
      if (resource === undefined) continue; // A kind that this version no longer models.
      const table = this.table(resource);
      for (const item of items) this.index(table, objectKey(item.metadata.namespace, item.metadata.name), item);
    }
    this.currentRevision = state.revision;
    this.uidCounter = state.nextUid;
    this.compact();
  }

  private table(resource: Resource): Table {
    let table = this.tables.get(resource);
    if (table === undefined) {
      table = { objects: new Map(), byNamespace: new Map(), sorted: undefined };
      this.tables.set(resource, table);
    }
    return table;
  }

  private index(table: Table, key: string, object: KubeObject): void {
    table.objects.set(key, object);
    const { namespace, name } = object.metadata;
    if (namespace === undefined) return;
    const members = table.byNamespace.get(namespace) ?? new Map<string, KubeObject>();
    members.set(name, object);
    table.byNamespace.set(namespace, members);
  }

  private record(type: Change["type"], resource: Resource, object: KubeObject, previous: KubeObject | undefined): void {
    const change = { revision: this.currentRevision, at: this.clock.now(), type, resource, object, previous };
    this.log.push(change);
    if (this.log.length > this.historyLimit * 1.25) this.trim();
    for (const listener of this.listeners) listener(change);
  }

  private trim(): void {
    const since = this.clock.now() - this.historyMs;
    let drop = Math.max(0, this.log.length - this.historyLimit);
    while (drop < this.log.length && (this.log[drop]?.at ?? since) < since) drop += 1;
    if (drop === 0) return;
    this.oldest = this.log[drop - 1]?.revision ?? this.oldest;
    this.log = this.log.slice(drop);
  }
}
