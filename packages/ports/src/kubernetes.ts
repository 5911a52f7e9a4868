import type { KubernetesKind, KubernetesObject, ObjectByKind } from "./kubernetes-objects.ts";

export interface ObjectKey {
  readonly name: string;
  readonly namespace?: string;
}

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface JsonPatchOperation {
  readonly op: "add" | "remove" | "replace" | "test";
  readonly path: string;
  readonly value?: unknown;
}

export interface DeleteOptions {
  /** The exact object: a delete without its uid is not expressible. */
  readonly uid: string;
  readonly resourceVersion?: string;
  readonly propagation?: "Foreground" | "Background" | "Orphan";
  readonly gracePeriodSeconds?: number;
}

export type WatchEvent<T> = { readonly type: "added" | "changed" | "removed"; readonly object: T };

/** What the containers of a pod used together over the Metrics API's last window (some seconds). */
export interface PodUsage extends Required<ObjectKey> {
  /** Thousandths of a core, mean of the window. */
  readonly cpuMilli: number;
  /** Working set at its end, in MiB, rounded up: what the kubelet evicts by. */
  readonly memoryMib: number;
  /** End of the window. */
  readonly measuredAt: Date;
}

/** A local copy of one kind, kept up to date; a hint to look again, never the ground of a destructive step. */
export interface Reflection<T> {
  /** Resolves once the first list is in. */
  readonly ready: Promise<void>;
  items(): readonly T[];
  /** Milliseconds since the copy was last known to be current. */
  ageMs(): number;
  stop(): void;
}

/**
 * One Kubernetes cluster. All reads are consistent (no resourceVersion 0).
 *
 * Throws PortError: not_found, conflict (409, failed preconditions and failed patch tests), throttled (429, with
 * Retry-After), unavailable (5xx, timeouts, broken connections), denied (401, 403), invalid (400, 422 and other refusals).
 */
export interface Kubernetes {
  version(): Promise<string>;
  /** The object, or undefined when there is none. */
  read<K extends KubernetesKind>(kind: K, key: ObjectKey): Promise<ObjectByKind[K] | undefined>;
  /** All objects, through as many pages as it takes. */
  list<K extends KubernetesKind>(kind: K, options?: ListOptions): Promise<ObjectByKind[K][]>;
  /**
   * What pods use, by the Metrics API (metrics.k8s.io/v1beta1): those that were measured. Undefined where nobody serves it
   * (no metrics-server).
   */
  podUsage(options?: Pick<ListOptions, "labelSelector">): Promise<PodUsage[] | undefined>;
  /** Server-side apply, forced: only fields that this manager owns are touched. */
  apply<T extends KubernetesObject>(object: T, fieldManager: string): Promise<T>;
  /** Plain create; conflict when the name is taken. */
  create<T extends KubernetesObject>(object: T): Promise<T>;
  /** JSON patch. Put `test` operations on uid and resourceVersion first: a failed test is a conflict. */
  patch<K extends KubernetesKind>(
    kind: K,
    key: ObjectKey,
    operations: readonly JsonPatchOperation[],
  ): Promise<ObjectByKind[K]>;
  /** Deletes exactly that object; false when it is gone already, conflict when another has its name. */
  delete(kind: KubernetesKind, key: ObjectKey, options: DeleteOptions): Promise<boolean>;
  /** Eviction through the API, so that budgets hold: evicted, gone already, or blocked by a budget. */
  evict(
    key: ObjectKey,
    uid: string,
  ): Promise<"evicted" | "gone" | { readonly blockedBy: string; readonly retryAfterMs: number }>;
  /** Approves a certificate signing request, guarded by its uid. */
  approveCertificate(name: string, uid: string, reason: string): Promise<void>;
  /** Keeps a copy of one kind; `onEvent` is called for each difference, also for those found by a relist. */
  reflect<K extends KubernetesKind>(
    kind: K,
    options: ListOptions,
    onEvent: (event: WatchEvent<ObjectByKind[K]>) => void,
  ): Reflection<ObjectByKind[K]>;
  close(): void;
}
