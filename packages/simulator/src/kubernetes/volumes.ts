import type { PodRuntime } from "../pod-runtime.ts";
import { type Cluster, type Controller, nowText } from "./cluster.ts";
import type { Claim, Node, PersistentVolume, Pod, StorageClass } from "./objects.ts";
import { claimNames, isBound, isDeleting, isTerminal } from "./pods.ts";
import { nanoOf } from "./quantities.ts";
import { SYSTEM } from "./registry.ts";
import { CLAIMS, NODES, PODS, type Resource, STORAGE_CLASSES, VOLUMES } from "./resources.ts";
import { type Change, objectKey } from "./store.ts";
import {
  bindingModeOf,
  candidateVolumes,
  canProvision,
  classOf,
  SELECTED_NODE,
  ZONE_LABEL,
} from "./volume-matching.ts";
import { WorkQueue } from "./work-queue.ts";

const BIND_COMPLETED = "pv.kubernetes.io/bind-completed";
const BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller";
const PROVISIONED_BY = "pv.kubernetes.io/provisioned-by";

/** Which volume's content a claim's name stands for in the pod runtime, which knows claims only by name. */
export type ClaimContents = Map<string, string>;

/**
 * Binds claims to volumes, makes and grows volumes, and deletes them by their reclaim policy: pv-controller, an
 * external provisioner, resizer and the protection controllers in one.
 */
export function createVolumeController(cluster: Cluster, runtime: PodRuntime, contents: ClaimContents): Controller {
  const { store, timings, identity } = cluster;
  const claims = new WorkQueue(cluster.clock, timings.controllerMs, (key) => syncClaim(key));
  const volumes = new WorkQueue(cluster.clock, timings.controllerMs, (name) => syncVolume(name));
  const provisioning = new WorkQueue(cluster.clock, 0, (key) => provision(key));
  const growing = new WorkQueue(cluster.clock, 0, (key) => grow(key));
  const deleting = new WorkQueue(cluster.clock, 0, (name) => deleteVolume(name));

  store.onChange(({ resource, type, object, previous }: Change) => {
    const { namespace, name } = object.metadata;
    if (resource === (CLAIMS as Resource)) {
      claims.add(objectKey(namespace, name));
      const volumeName = (object as Claim).spec.volumeName ?? "";
      if (volumeName !== "") volumes.add(volumeName);
    } else if (resource === (VOLUMES as Resource)) {
      volumes.add(name);
      const reference = (object as PersistentVolume).spec.claimRef;
      if (reference !== undefined) claims.add(objectKey(reference.namespace, reference.name ?? ""));
      else if (type !== "DELETED") noteWaiting(false);
      const owner = (previous as PersistentVolume | undefined)?.spec.claimRef;
      if (owner !== undefined) claims.add(objectKey(owner.namespace, owner.name ?? ""));
    } else if (resource === (STORAGE_CLASSES as Resource)) noteWaiting(true);
    else if (resource === (PODS as Resource) && (type === "DELETED" || isDeleting(object))) {
      for (const claim of claimNames(object as Pod)) claims.add(objectKey(namespace, claim));
    }
  });

  function noteWaiting(all: boolean): void {
    for (const claim of store.all(CLAIMS)) {
      if (claim.status.phase !== "Pending") continue;
      if (all || bindingModeOf(claim, store) === "Immediate")
        claims.add(objectKey(claim.metadata.namespace, claim.metadata.name));
    }
  }

  function claimAt(key: string): Claim | undefined {
    const [namespace = "", name = ""] = key.split("/");
    return store.get(CLAIMS, namespace, name);
  }

  function syncClaim(key: string): void {
    const claim = claimAt(key);
    if (claim === undefined) return;
    if (isDeleting(claim)) {
      releaseClaim(claim);
      return;
    }
    if (claim.status.phase === "Bound" || claim.status.phase === "Lost") {
      checkBound(key, claim);
      return;
    }
    const reserved = candidateVolumes(claim, store)[0];
    const prebound = reserved?.spec.claimRef !== undefined || claim.spec.volumeName !== undefined;
    if (reserved !== undefined && (prebound || bindingModeOf(claim, store) === "Immediate")) {
      bind(claim, reserved);
      return;
    }
    if (!canProvision(claim, store)) return;
    const selected = claim.metadata.annotations?.[SELECTED_NODE];
    if (bindingModeOf(claim, store) === "WaitForFirstConsumer" && selected === undefined) return;
    if (!provisioning.has(key))
      provisioning.add(key, identity.between(timings.provisionMs, `provision/${claim.metadata.uid}`));
  }

  function provision(key: string): void {
    const claim = claimAt(key);
    const storageClass = claim === undefined ? undefined : classOf(claim, store);
    if (claim === undefined || storageClass === undefined || isDeleting(claim) || claim.status.phase !== "Pending")
      return;
    const selected = claim.metadata.annotations?.[SELECTED_NODE];
    const node = selected === undefined ? undefined : store.get(NODES, undefined, selected);
    if (selected !== undefined && node === undefined) {
      giveUpNode(claim);
      return;
    }
    const name = `pvc-${claim.metadata.uid}`;
    if (store.get(VOLUMES, undefined, name) === undefined) {
      cluster.registry.create(
        VOLUMES,
        newVolume(name, claim, storageClass, zoneFor(claim, storageClass, node)),
        SYSTEM,
      );
      const message = `Successfully provisioned volume ${name}`;
      cluster.events.record(claim, "Normal", "ProvisioningSucceeded", message, storageClass.provisioner);
    }
    claims.add(key);
  }

  /** The chosen node has gone: the scheduler has to choose again. */
  function giveUpNode(claim: Claim): void {
    cluster.registry.update(
      CLAIMS,
      claim.metadata.namespace,
      claim.metadata.name,
      (draft) => {
        const { [SELECTED_NODE]: _gone, ...rest } = draft.metadata.annotations ?? {};
        draft.metadata.annotations = rest;
      },
      SYSTEM,
    );
  }

  function zoneFor(claim: Claim, storageClass: StorageClass, node: Node | undefined): string | undefined {
    const own = node?.metadata.labels?.[ZONE_LABEL];
    if (own !== undefined) return own;
    const allowed = (storageClass.allowedTopologies ?? []).flatMap((term) =>
      (term.matchLabelExpressions ?? []).filter((each) => each.key === ZONE_LABEL).flatMap((each) => each.values),
    );
    const present = [...store.all(NODES)].flatMap((each) => each.metadata.labels?.[ZONE_LABEL] ?? []);
    const zones = [...new Set(allowed.length > 0 ? allowed : present)].sort();
    // Immediate binding knows no pod: any zone will do, and may be the wrong one, as in the real world.
    return zones.length === 0 ? undefined : identity.random(`zone/${claim.metadata.uid}`).pick(zones);
  }

  function newVolume(
    name: string,
    claim: Claim,
    storageClass: StorageClass,
    zone: string | undefined,
  ): PersistentVolume {
    const handle = `vol-0${identity.bytes(`volume/${claim.metadata.uid}`).toString("hex").slice(0, 16)}`;
    const terms =
      zone === undefined ? undefined : [{ matchExpressions: [{ key: ZONE_LABEL, operator: "In", values: [zone] }] }];
    const { namespace = "", uid = "" } = claim.metadata;
    return {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: {
        name,
        annotations: { [PROVISIONED_BY]: storageClass.provisioner },
        ...(zone === undefined ? {} : { labels: { [ZONE_LABEL]: zone } }),
      },
      spec: {
        accessModes: claim.spec.accessModes ?? [],
        capacity: { storage: claim.spec.resources?.requests?.storage ?? "0" },
        claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name: claim.metadata.name, uid },
        persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? "Delete",
        storageClassName: storageClass.metadata.name,
        volumeMode: claim.spec.volumeMode ?? "Filesystem",
        csi: { driver: storageClass.provisioner, volumeHandle: handle, fsType: "ext4" },
        ...(terms === undefined ? {} : { nodeAffinity: { required: { nodeSelectorTerms: terms } } }),
      },
      status: {},
    };
  }

  function bind(claim: Claim, volume: PersistentVolume): void {
    const { namespace = "", name, uid = "" } = claim.metadata;
    const reference = { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid };
    cluster.registry.update(
      VOLUMES,
      undefined,
      volume.metadata.name,
      (draft) => {
        if (draft.spec.claimRef === undefined) {
          draft.metadata.annotations = { ...draft.metadata.annotations, [BOUND_BY_CONTROLLER]: "yes" };
        }
        draft.spec.claimRef = reference;
        draft.status = { ...draft.status, phase: "Bound" };
      },
      { ...SYSTEM, part: "all" },
    );
    cluster.registry.update(
      CLAIMS,
      namespace,
      name,
      (draft) => {
        const byUs = draft.spec.volumeName === undefined ? { [BOUND_BY_CONTROLLER]: "yes" } : {};
        draft.spec.volumeName = volume.metadata.name;
        draft.metadata.annotations = { ...draft.metadata.annotations, [BIND_COMPLETED]: "yes", ...byUs };
        draft.status = {
          phase: "Bound",
          accessModes: volume.spec.accessModes ?? [],
          capacity: volume.spec.capacity ?? {},
        };
      },
      { ...SYSTEM, part: "all" },
    );
    const key = objectKey(namespace, name);
    const content = volume.spec.csi?.volumeHandle ?? volume.metadata.name;
    // The runtime keeps content by the claim's name: a claim made anew on another volume must find it empty.
    if ((contents.get(key) ?? content) !== content) runtime.discardClaim(key);
    contents.set(key, content);
  }

  function checkBound(key: string, claim: Claim): void {
    const volume = store.get(VOLUMES, undefined, claim.spec.volumeName ?? "");
    if (volume === undefined) {
      if (claim.status.phase !== "Lost") setPhase(claim, "Lost");
      return;
    }
    const wanted = claim.spec.resources?.requests?.storage;
    if (nanoOf(wanted) > nanoOf(claim.status.capacity?.storage) && !growing.has(key)) {
      growing.add(key, identity.between(timings.expandVolumeMs, `expand/${claim.metadata.uid}/${wanted}`));
    }
  }

  function setPhase(claim: Claim, phase: string): void {
    cluster.registry.update(
      CLAIMS,
      claim.metadata.namespace,
      claim.metadata.name,
      (draft) => {
        draft.status = { ...draft.status, phase };
      },
      { ...SYSTEM, part: "status" },
    );
  }

  /** The cloud grows the disk at once; the filesystem grows when a pod has it mounted. */
  function grow(key: string): void {
    const claim = claimAt(key);
    const volume = claim === undefined ? undefined : store.get(VOLUMES, undefined, claim.spec.volumeName ?? "");
    if (claim === undefined || volume === undefined || claim.status.phase !== "Bound") return;
    const wanted = claim.spec.resources?.requests?.storage ?? "0";
    if (nanoOf(wanted) <= nanoOf(claim.status.capacity?.storage)) return;
    if (nanoOf(volume.spec.capacity?.storage) < nanoOf(wanted)) {
      cluster.registry.update(
        VOLUMES,
        undefined,
        volume.metadata.name,
        (draft) => {
          draft.spec.capacity = { ...draft.spec.capacity, storage: wanted };
        },
        { ...SYSTEM, part: "all" },
      );
    }
    const mounted = [...store.all(PODS, claim.metadata.namespace)].some(
      (pod) => pod.status.phase === "Running" && claimNames(pod).includes(claim.metadata.name),
    );
    cluster.registry.update(
      CLAIMS,
      claim.metadata.namespace,
      claim.metadata.name,
      (draft) => {
        const others = (draft.status.conditions ?? []).filter((each) => each.type !== "FileSystemResizePending");
        const pending = {
          type: "FileSystemResizePending",
          status: "True" as const,
          lastTransitionTime: nowText(cluster),
          message: "Waiting for user to (re-)start a pod to finish file system resize of volume on node.",
        };
        if (mounted) draft.status.capacity = { ...draft.status.capacity, storage: wanted };
        const conditions = mounted ? others : [...others, pending];
        if (conditions.length === 0) delete draft.status.conditions;
        else draft.status.conditions = conditions;
      },
      { ...SYSTEM, part: "status" },
    );
    if (!mounted) growing.add(key, timings.expandVolumeMs[1]);
  }

  /** pvc-protection: a claim in use stays. Pods that are not placed yet do not count, nor do finished ones. */
  function releaseClaim(claim: Claim): void {
    const { namespace, name } = claim.metadata;
    const inUse = [...store.all(PODS, namespace)].some(
      (pod) => isBound(pod) && !isTerminal(pod) && claimNames(pod).includes(name),
    );
    const finalizer = "kubernetes.io/pvc-protection";
    if (inUse || !(claim.metadata.finalizers ?? []).includes(finalizer)) return;
    cluster.registry.update(
      CLAIMS,
      namespace,
      name,
      (draft) => {
        draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((each) => each !== finalizer);
      },
      SYSTEM,
    );
  }

  function syncVolume(name: string): void {
    const volume = store.get(VOLUMES, undefined, name);
    if (volume === undefined) return;
    const phase = phaseOf(volume);
    if (phase !== volume.status.phase) {
      cluster.registry.update(
        VOLUMES,
        undefined,
        name,
        (draft) => {
          draft.status = { ...draft.status, phase, lastPhaseTransitionTime: nowText(cluster) };
        },
        { ...SYSTEM, part: "status" },
      );
    }
    const finalizer = "kubernetes.io/pv-protection";
    if (isDeleting(volume) && phase !== "Bound" && (volume.metadata.finalizers ?? []).includes(finalizer)) {
      cluster.registry.update(
        VOLUMES,
        undefined,
        name,
        (draft) => {
          draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((each) => each !== finalizer);
        },
        SYSTEM,
      );
      return;
    }
    const doomed = phase === "Released" && volume.spec.persistentVolumeReclaimPolicy === "Delete";
    if (doomed && volume.metadata.annotations?.[PROVISIONED_BY] !== undefined && !deleting.has(name)) {
      deleting.add(name, identity.between(timings.deleteVolumeMs, `delete/${volume.metadata.uid}`));
    }
  }

  function phaseOf(volume: PersistentVolume): string {
    const reference = volume.spec.claimRef;
    if (reference === undefined) return "Available";
    const claim = store.get(CLAIMS, reference.namespace, reference.name ?? "");
    if (reference.uid === undefined || reference.uid === "") {
      return claim?.spec.volumeName === volume.metadata.name ? "Bound" : "Available";
    }
    if (claim === undefined || claim.metadata.uid !== reference.uid) return "Released";
    return claim.spec.volumeName === volume.metadata.name ? "Bound" : (volume.status.phase ?? "Available");
  }

  /** The disk goes first, then its object. */
  function deleteVolume(name: string): void {
    const volume = store.get(VOLUMES, undefined, name);
    if (
      volume === undefined ||
      volume.spec.persistentVolumeReclaimPolicy !== "Delete" ||
      phaseOf(volume) !== "Released"
    )
      return;
    const reference = volume.spec.claimRef;
    const key = objectKey(reference?.namespace, reference?.name ?? "");
    if (contents.get(key) === volume.spec.csi?.volumeHandle) {
      runtime.discardClaim(key);
      contents.delete(key);
    }
    cluster.registry.remove(VOLUMES, undefined, name, {}, SYSTEM);
    volumes.add(name);
  }

  return {
    resync() {
      for (const claim of store.all(CLAIMS)) claims.add(objectKey(claim.metadata.namespace, claim.metadata.name));
      for (const volume of store.all(VOLUMES)) volumes.add(volume.metadata.name);
    },
    stop() {
      for (const queue of [claims, volumes, provisioning, growing, deleting]) queue.stop();
    },
  };
}
