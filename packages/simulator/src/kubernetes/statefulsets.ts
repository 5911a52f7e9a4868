import { type ApiError, isApiError } from "./api-error.ts";
import type { Cluster, Controller } from "./cluster.ts";
import { equal } from "./json.ts";
import type { Claim, Pod, StatefulSet, StatefulSetStatus } from "./objects.ts";
import { controllerOf, isDeleting, isReady, isTerminal } from "./pods.ts";
import { SYSTEM } from "./registry.ts";
import { CLAIMS, PODS, type Resource, STATEFUL_SETS } from "./resources.ts";
import { ensureRevisions, ownerOf, type Revisions } from "./revisions.ts";
import { matchesSelector } from "./selectors.ts";
import { claimsFor, newPod, ordinalOf, revisionOf } from "./statefulset-pods.ts";
import { objectKey } from "./store.ts";
import { WorkQueue } from "./work-queue.ts";

const COMPONENT = "statefulset-controller";

/**
 * Keeps each StatefulSet's pods and claims, in the order and by the rules of pkg/controller/statefulset (1.37):
 * OrderedReady and Parallel, RollingUpdate with partition and maxUnavailable, OnDelete, claim retention, adoption of orphans.
 */
export function createStatefulSetController(cluster: Cluster): Controller {
  const queue = new WorkQueue(cluster.clock, cluster.timings.controllerMs, (key) => sync(cluster, queue, key));
  cluster.store.onChange(({ resource, object }) => {
    const { namespace, name } = object.metadata;
    if (resource === (STATEFUL_SETS as Resource)) queue.add(objectKey(namespace, name));
    if (resource !== (PODS as Resource)) return;
    const owner = controllerOf(object);
    if (owner?.kind === "StatefulSet") queue.add(objectKey(namespace, owner.name));
    else
      for (const set of cluster.store.all(STATEFUL_SETS, namespace)) {
        if (matchesSelector(set.spec.selector, object.metadata.labels))
          queue.add(objectKey(namespace, set.metadata.name));
      }
  });
  return {
    resync() {
      for (const set of cluster.store.all(STATEFUL_SETS))
        queue.add(objectKey(set.metadata.namespace, set.metadata.name));
    },
    stop: () => queue.stop(),
  };
}

function sync(cluster: Cluster, queue: WorkQueue, key: string): void {
  const [namespace = "", name = ""] = key.split("/");
  const set = cluster.store.get(STATEFUL_SETS, namespace, name);
  if (set === undefined) return;
  const revisions = ensureRevisions(cluster, set);
  const round = new Round(cluster, set, revisions, claimPods(cluster, set));
  let failure: ApiError | undefined;
  try {
    if (!isDeleting(set)) round.run();
  } catch (error) {
    if (!isApiError(error)) throw error;
    failure = error;
  }
  writeStatus(cluster, set, revisions);
  const recheckMs = round.recheckMs();
  if (recheckMs !== undefined) queue.add(key, recheckMs);
  if (failure !== undefined) throw failure;
}

/** The set's pods; takes over pods without a controller that fit by label and name, and lets go of those that do not fit. */
function claimPods(cluster: Cluster, set: StatefulSet): Pod[] {
  const { namespace } = set.metadata;
  const mine: Pod[] = [];
  for (const pod of [...cluster.store.all(PODS, namespace)]) {
    const controller = controllerOf(pod);
    const fits = matchesSelector(set.spec.selector, pod.metadata.labels) && ordinalOf(set, pod.metadata.name) >= 0;
    if (controller?.uid === set.metadata.uid) {
      if (fits || isDeleting(set)) mine.push(pod);
      else setOwner(cluster, pod, undefined, set);
    } else if (controller === undefined && fits && !isDeleting(set) && !isDeleting(pod)) {
      mine.push(setOwner(cluster, pod, set, set));
    }
  }
  return mine;
}

function setOwner(cluster: Cluster, pod: Pod, owner: StatefulSet | undefined, set: StatefulSet): Pod {
  return cluster.registry.update(
    PODS,
    pod.metadata.namespace,
    pod.metadata.name,
    (draft) => {
      const others = (draft.metadata.ownerReferences ?? []).filter((each) => each.uid !== set.metadata.uid);
      draft.metadata.ownerReferences = owner === undefined ? others : [...others, ownerOf(owner)];
    },
    SYSTEM,
  );
}

/** One pass over one set. */
class Round {
  private readonly cluster: Cluster;
  private readonly set: StatefulSet;
  private readonly revisions: Revisions;
  private readonly byOrdinal = new Map<number, Pod>();
  private readonly start: number;
  private readonly isOrdered: boolean;

  constructor(cluster: Cluster, set: StatefulSet, revisions: Revisions, pods: readonly Pod[]) {
    this.cluster = cluster;
    this.set = set;
    this.revisions = revisions;
    this.start = set.spec.ordinals?.start ?? 0;
    this.isOrdered = set.spec.podManagementPolicy !== "Parallel";
    for (const pod of pods) this.byOrdinal.set(ordinalOf(set, pod.metadata.name), pod);
  }

  run(): void {
    const end = this.start + this.set.spec.replicas;
    for (let ordinal = this.start; ordinal < end; ordinal += 1) if (this.keepReplica(ordinal)) return;
    const condemned = [...this.byOrdinal.keys()]
      .filter((ordinal) => ordinal < this.start || ordinal >= end)
      .sort((a, b) => b - a);
    for (const ordinal of condemned) this.settleClaims(ordinal, true);
    for (const ordinal of condemned) if (this.retire(ordinal)) return;
    if (this.set.spec.updateStrategy?.type !== "OnDelete") this.roll(end);
  }

  /** When something becomes available only by the passing of time. */
  recheckMs(): number | undefined {
    const minReadyMs = (this.set.spec.minReadySeconds ?? 0) * 1000;
    if (minReadyMs === 0) return undefined;
    const waits = [...this.byOrdinal.values()]
      .map((pod) => availableInMs(pod, minReadyMs, this.cluster.clock.now()))
      .filter((wait): wait is number => wait !== undefined && wait > 0);
    return waits.length === 0 ? undefined : Math.min(...waits) + 1;
  }

  /** Whether the pass has to stop here. */
  private keepReplica(ordinal: number): boolean {
    const pod = this.byOrdinal.get(ordinal);
    if (pod !== undefined && isTerminal(pod)) {
      if (!isDeleting(pod)) this.deletePod(pod);
      return this.isOrdered;
    }
    if (pod === undefined) {
      if (this.claimIsStale(ordinal)) return this.isOrdered;
      this.createPod(ordinal);
      return this.isOrdered;
    }
    if (pod.status.phase === "Pending") this.createClaims(pod.metadata.name);
    if (this.isOrdered && (isDeleting(pod) || !this.isAvailable(pod))) return true;
    this.settleClaims(ordinal, false);
    return false;
  }

  private retire(ordinal: number): boolean {
    const pod = this.byOrdinal.get(ordinal);
    if (pod === undefined) return false;
    if (isDeleting(pod)) return this.isOrdered;
    if (this.isOrdered && !this.isAvailable(pod) && pod !== this.firstUnavailable()) return true;
    this.deletePod(pod);
    return this.isOrdered;
  }

  /** Replaces outdated pods from the highest ordinal down, as many at once as may be unavailable. */
  private roll(end: number): void {
    const { partition = 0, maxUnavailable = 1 } = this.set.spec.updateStrategy?.rollingUpdate ?? {};
    const allowed = resolveCount(maxUnavailable, this.set.spec.replicas);
    const replicas: Pod[] = [];
    for (let ordinal = end - 1; ordinal >= this.start; ordinal -= 1) {
      const pod = this.byOrdinal.get(ordinal);
      if (pod !== undefined) replicas.push(pod);
    }
    let unavailable =
      replicas.filter((pod) => !this.isAvailable(pod)).length + (this.set.spec.replicas - replicas.length);
    for (const pod of replicas) {
      if (ordinalOf(this.set, pod.metadata.name) < this.start + partition) return;
      const outdated = revisionOf(pod) !== this.revisions.update.metadata.name;
      if (!outdated || isDeleting(pod)) continue;
      const wasAvailable = this.isAvailable(pod);
      if (wasAvailable && unavailable >= allowed) return;
      if (!wasAvailable && this.isOrdered && unavailable > allowed) return;
      this.deletePod(pod);
      if (wasAvailable) unavailable += 1;
      if (this.isOrdered && unavailable >= allowed) return;
    }
  }

  private isAvailable(pod: Pod): boolean {
    if (pod.status.phase !== "Running" || !isReady(pod) || isDeleting(pod)) return false;
    return (availableInMs(pod, (this.set.spec.minReadySeconds ?? 0) * 1000, this.cluster.clock.now()) ?? 1) <= 0;
  }

  private firstUnavailable(): Pod | undefined {
    const end = this.start + this.set.spec.replicas;
    const inRange = (ordinal: number): boolean => ordinal >= this.start && ordinal < end;
    const ordinals = [...this.byOrdinal.keys()].sort((a, b) => a - b);
    return [...ordinals.filter(inRange), ...ordinals.filter((ordinal) => !inRange(ordinal))]
      .map((ordinal) => this.byOrdinal.get(ordinal))
      .find((pod) => pod !== undefined && !this.isAvailable(pod));
  }

  private createPod(ordinal: number): void {
    const { set, cluster } = this;
    const pod = newPod(set, this.revisionFor(ordinal), ordinal);
    const { name } = pod.metadata;
    try {
      this.createClaims(name);
      this.byOrdinal.set(ordinal, cluster.registry.create(PODS, pod, SYSTEM));
      cluster.events.record(
        set,
        "Normal",
        "SuccessfulCreate",
        `create Pod ${name} in StatefulSet ${set.metadata.name} successful`,
        COMPONENT,
      );
    } catch (error) {
      if (!isApiError(error)) throw error;
      // The name may still be taken by a pod of an earlier set: its deletion brings us back here.
      if (error.reason === "AlreadyExists") return;
      cluster.events.record(
        set,
        "Warning",
        "FailedCreate",
        `create Pod ${name} in StatefulSet ${set.metadata.name} failed error: ${error.message}`,
        COMPONENT,
      );
      throw error;
    }
  }

  /** During a rolling update, ordinals below those already updated are made anew from the current revision. */
  private revisionFor(ordinal: number): Revisions["update"] {
    const { updateStrategy } = this.set.spec;
    if (updateStrategy?.type !== "RollingUpdate") return this.revisions.update;
    const bound =
      updateStrategy.rollingUpdate === undefined
        ? (this.set.status.currentReplicas ?? 0)
        : (updateStrategy.rollingUpdate.partition ?? 0);
    return ordinal < this.start + bound ? this.revisions.current : this.revisions.update;
  }

  private createClaims(podName: string): void {
    for (const claim of claimsFor(this.set, podName)) {
      const { namespace, name } = claim.metadata;
      if (this.cluster.store.get(CLAIMS, namespace, name) === undefined)
        this.cluster.registry.create(CLAIMS, claim, SYSTEM);
    }
  }

  private deletePod(pod: Pod): void {
    const { namespace, name, uid } = pod.metadata;
    this.cluster.registry.remove(PODS, namespace, name, { preconditions: { uid } }, SYSTEM);
    const message = `delete Pod ${name} in StatefulSet ${this.set.metadata.name} successful`;
    this.cluster.events.record(this.set, "Normal", "SuccessfulDelete", message, COMPONENT);
  }

  /** A claim on its way out with the pod before: the new pod must not come up on it. */
  private claimIsStale(ordinal: number): boolean {
    const name = `${this.set.metadata.name}-${ordinal}`;
    return this.claimsOf(name).some(
      (claim) => isDeleting(claim) && (claim.metadata.ownerReferences ?? []).some((owner) => owner.kind === "Pod"),
    );
  }

  private claimsOf(podName: string): Claim[] {
    return claimsFor(this.set, podName).flatMap((wanted) => {
      const claim = this.cluster.store.get(CLAIMS, wanted.metadata.namespace, wanted.metadata.name);
      return claim === undefined ? [] : [claim];
    });
  }

  /** Sets who owns a pod's claims: the set when they go with it, the pod when scaling down deletes them, else nobody. */
  private settleClaims(ordinal: number, condemned: boolean): void {
    const pod = this.byOrdinal.get(ordinal);
    if (pod === undefined) return;
    const { whenDeleted, whenScaled } = this.set.spec.persistentVolumeClaimRetentionPolicy ?? {};
    const { uid: setUid = "", name: setName } = this.set.metadata;
    const owners = [
      ...(whenDeleted === "Delete" && !(condemned && whenScaled === "Delete")
        ? [{ apiVersion: "apps/v1", kind: "StatefulSet", name: setName, uid: setUid, controller: true }]
        : []),
      ...(condemned && whenScaled === "Delete"
        ? [{ apiVersion: "v1", kind: "Pod", name: pod.metadata.name, uid: pod.metadata.uid ?? "", controller: true }]
        : []),
    ];
    for (const claim of this.claimsOf(pod.metadata.name)) {
      const others = (claim.metadata.ownerReferences ?? []).filter(
        (each) => each.uid !== setUid && each.uid !== pod.metadata.uid,
      );
      const wanted = [...others, ...owners];
      if (equal(wanted, claim.metadata.ownerReferences ?? [])) continue;
      this.cluster.registry.update(
        CLAIMS,
        claim.metadata.namespace,
        claim.metadata.name,
        (draft) => {
          if (wanted.length === 0) delete draft.metadata.ownerReferences;
          else draft.metadata.ownerReferences = wanted;
        },
        SYSTEM,
      );
    }
  }
}

/** Milliseconds until a ready pod counts as available; undefined while it is not ready. */
function availableInMs(pod: Pod, minReadyMs: number, now: number): number | undefined {
  const ready = (pod.status.conditions ?? []).find((each) => each.type === "Ready" && each.status === "True");
  if (ready === undefined) return undefined;
  return minReadyMs === 0 ? 0 : Date.parse(ready.lastTransitionTime ?? "") + minReadyMs - now;
}

/** A number, or a share of the replicas, at least one. */
function resolveCount(value: number | string, replicas: number): number {
  const count =
    typeof value === "string" && value.endsWith("%")
      ? Math.floor((Number.parseInt(value, 10) * replicas) / 100)
      : Number(value);
  return Math.max(1, count);
}

function writeStatus(cluster: Cluster, set: StatefulSet, revisions: Revisions): void {
  const { namespace, name, uid } = set.metadata;
  const pods = [...cluster.store.all(PODS, namespace)].filter((pod) => controllerOf(pod)?.uid === uid);
  const standing = pods.filter((pod) => !isDeleting(pod));
  const ready = pods.filter((pod) => pod.status.phase === "Running" && isReady(pod));
  const minReadyMs = (set.spec.minReadySeconds ?? 0) * 1000;
  const updateName = revisions.update.metadata.name;
  const currentName = revisions.current.metadata.name;
  const status: StatefulSetStatus = {
    ...set.status,
    observedGeneration: set.metadata.generation ?? 0,
    replicas: pods.length,
    readyReplicas: ready.length,
    availableReplicas: ready.filter((pod) => (availableInMs(pod, minReadyMs, cluster.clock.now()) ?? 1) <= 0).length,
    currentReplicas: standing.filter((pod) => revisionOf(pod) === currentName).length,
    updatedReplicas: standing.filter((pod) => revisionOf(pod) === updateName).length,
    currentRevision: currentName,
    updateRevision: updateName,
    collisionCount: 0,
  };
  const complete = [status.updatedReplicas, status.readyReplicas, status.replicas].every(
    (count) => count === set.spec.replicas,
  );
  if (complete) {
    status.currentReplicas = status.updatedReplicas ?? 0;
    status.currentRevision = updateName;
  }
  // Counts of nothing are left out, as Go's omitempty does; replicas and availableReplicas stay.
  for (const field of ["readyReplicas", "currentReplicas", "updatedReplicas"] as const)
    if (status[field] === 0) delete status[field];
  if (equal(status, set.status)) return;
  cluster.registry.update(
    STATEFUL_SETS,
    namespace,
    name,
    (draft) => {
      draft.status = status;
    },
    { ...SYSTEM, part: "status" },
  );
}
