import type { PodRuntime, PodToRun } from "../pod-runtime.ts";
import { type Cluster, nowText } from "./cluster.ts";
import { setCondition } from "./conditions.ts";
import { equal } from "./json.ts";
import type { KubeObject, Pod, PodStatus } from "./objects.ts";
import type { PodAddresses } from "./pod-addresses.ts";
import { environmentOf, filesOf, memoryMibOf, readsObject, UnresolvedReference } from "./pod-files.ts";
import { podRequests } from "./pod-resources.ts";
import {
  crashedStatus,
  endedStatus,
  isResizing,
  resizedStatus,
  runningStatus,
  setReady,
  WAITING_REASON,
  waitingStatus,
} from "./pod-status.ts";
import { claimNames, isDeleting, isReady, isTerminal } from "./pods.ts";
import { addTo, type Vector, vectorOf } from "./quantities.ts";
import { SYSTEM } from "./registry.ts";
import { CLAIMS, CONFIG_MAPS, NODES, PODS, type Resource, SECRETS } from "./resources.ts";
import { objectKey } from "./store.ts";
import type { VolumeAttachments } from "./volume-attachments.ts";
import { ZONE_LABEL } from "./volume-matching.ts";
import { WorkQueue } from "./work-queue.ts";

/** What the kubelets know of one pod beside its object. */
interface Worker {
  readonly uid: string;
  readonly key: string;
  readonly nodeName: string;
  readonly address: string;
  state: "new" | "starting" | "running" | "crashed" | "stopping";
  crashes: number;
  files: PodToRun["files"] | undefined;
}

const COMPONENT = "kubelet";
const MOUNT_RETRY_MS = 1_000;
const CRASH_BACKOFF_LIMIT = 30;
const READY_PROBE_FACTOR = 5;

/**
 * Runs the pods that are bound to simulated nodes: references resolved, an address, status as a kubelet writes it, probes,
 * live files, restarts, graceful ends. What runs inside is the runtime's business.
 */
export class KubeletPods {
  private readonly cluster: Cluster;
  private readonly runtime: PodRuntime;
  private readonly addresses: PodAddresses;
  private readonly attachments: VolumeAttachments;
  private readonly isAlive: (nodeName: string) => boolean;
  private readonly workers = new Map<string, Worker>();
  private readonly starts: WorkQueue;
  private readonly stops: WorkQueue;
  private readonly probes: WorkQueue;
  private readonly refreshes: WorkQueue;
  private readonly resizes: WorkQueue;

  constructor(
    cluster: Cluster,
    runtime: PodRuntime,
    parts: { addresses: PodAddresses; attachments: VolumeAttachments; isAlive: (nodeName: string) => boolean },
  ) {
    this.cluster = cluster;
    this.runtime = runtime;
    this.addresses = parts.addresses;
    this.attachments = parts.attachments;
    this.isAlive = parts.isAlive;
    const { clock, timings } = cluster;
    this.starts = new WorkQueue(clock, 0, (uid) => this.start(uid));
    this.stops = new WorkQueue(clock, 0, (uid) => this.finish(uid));
    this.probes = new WorkQueue(clock, timings.probeMs, (uid) => this.probe(uid));
    this.refreshes = new WorkQueue(clock, timings.refreshFilesMs, (uid) => this.refresh(uid));
    this.resizes = new WorkQueue(clock, timings.controllerMs * 4, (uid) => this.resize(uid));
    cluster.store.onChange(({ resource, type, object, previous }) => {
      if (resource === (PODS as Resource)) this.note(object as Pod, type === "DELETED", previous);
      else if (resource === (CONFIG_MAPS as Resource))
        this.noteFiles("ConfigMap", object.metadata.namespace, object.metadata.name);
      else if (resource === (SECRETS as Resource))
        this.noteFiles("Secret", object.metadata.namespace, object.metadata.name);
    });
  }

  /** Takes up the pods of a node that has just come to life, and ends what should not run there any more. */
  resume(nodeName: string): void {
    for (const worker of [...this.workers.values()]) {
      if (worker.nodeName !== nodeName) continue;
      if (this.podOf(worker) === undefined) this.forget(worker, 0);
    }
    for (const pod of this.cluster.store.all(PODS)) if (pod.spec.nodeName === nodeName) this.note(pod, false);
  }

  /** All processes of a node are gone at once, and nobody reports it. */
  killAll(nodeName: string): void {
    for (const worker of [...this.workers.values()]) if (worker.nodeName === nodeName) this.forget(worker, 0);
  }

  /**
   * After a restart of the world: running pods are started again in the runtime, with their address and without a new
   * status. A pod whose address is not ours any more starts as on a machine that booted: at another address.
   */
  resync(): void {
    this.workers.clear();
    this.addresses.clear();
    for (const pod of this.cluster.store.all(PODS)) {
      const { podIP } = pod.status;
      if (podIP !== undefined && this.addresses.owns(podIP)) this.addresses.keep(pod.metadata.uid ?? "", podIP);
    }
    for (const pod of this.cluster.store.all(PODS)) this.note(pod, false);
  }

  stop(): void {
    for (const queue of [this.starts, this.stops, this.probes, this.refreshes, this.resizes]) queue.stop();
  }

  /** Ends a pod's main process as a crash does; it is restarted with growing delays. False when it does not run here. */
  crash(namespace: string, name: string): boolean {
    const pod = this.cluster.store.get(PODS, namespace, name);
    const worker = pod === undefined ? undefined : this.workers.get(pod.metadata.uid ?? "");
    if (pod === undefined || worker === undefined || worker.state !== "running") return false;
    this.runtime.stop(worker.uid, 0);
    worker.state = "crashed";
    worker.crashes += 1;
    const { crashBackoffMs } = this.cluster.timings;
    const delayMs =
      worker.crashes === 1 ? 0 : crashBackoffMs * Math.min(CRASH_BACKOFF_LIMIT, 2 ** (worker.crashes - 2));
    this.writeStatus(pod, (status, now) => crashedStatus(status, pod, now));
    this.cluster.events.record(pod, "Warning", "BackOff", "Back-off restarting failed container", COMPONENT);
    this.starts.add(worker.uid, delayMs + this.cluster.timings.controllerMs);
    return true;
  }

  private note(pod: Pod, gone: boolean, previous?: KubeObject): void {
    const uid = pod.metadata.uid ?? "";
    const worker = this.workers.get(uid);
    const nodeName = pod.spec.nodeName ?? "";
    if (nodeName === "" || !this.isAlive(nodeName)) return;
    if (gone) {
      if (worker !== undefined) this.forget(worker, 0);
      return;
    }
    if (isTerminal(pod) && !isDeleting(pod)) {
      if (worker !== undefined) this.forget(worker, 0);
      return;
    }
    if (isDeleting(pod)) {
      this.beginEnd(pod, worker);
      return;
    }
    if (worker === undefined) {
      this.adopt(pod);
      return;
    }
    if (worker.state !== "running") return;
    const { labels, annotations } = previous?.metadata ?? {};
    // A change of the pod's own metadata makes a kubelet look at all its files at once.
    const relabelled = !equal(labels, pod.metadata.labels) || !equal(annotations, pod.metadata.annotations);
    if (previous !== undefined && relabelled) this.refreshes.add(uid, this.cluster.timings.controllerMs);
    if (isResizing(pod)) this.resizes.add(uid);
  }

  private adopt(pod: Pod): void {
    const uid = pod.metadata.uid ?? "";
    const { podIP } = pod.status;
    const known = podIP !== undefined && this.addresses.owns(podIP) ? podIP : undefined;
    const address = known ?? this.addresses.take(uid);
    const worker: Worker = {
      uid,
      key: objectKey(pod.metadata.namespace, pod.metadata.name),
      nodeName: pod.spec.nodeName ?? "",
      address,
      state: "new",
      crashes: 0,
      files: undefined,
    };
    this.workers.set(uid, worker);
    const wasRunning =
      known !== undefined && (pod.status.containerStatuses ?? []).every((each) => each.state?.running !== undefined);
    if (wasRunning) worker.state = "starting";
    this.starts.add(uid, wasRunning ? 0 : this.cluster.timings.controllerMs);
  }

  private podOf(worker: Worker): Pod | undefined {
    const [namespace = "", name = ""] = worker.key.split("/");
    const pod = this.cluster.store.get(PODS, namespace, name);
    return pod?.metadata.uid === worker.uid ? pod : undefined;
  }

  private live(uid: string): { worker: Worker; pod: Pod } | undefined {
    const worker = this.workers.get(uid);
    if (worker === undefined || !this.isAlive(worker.nodeName)) return undefined;
    const pod = this.podOf(worker);
    return pod === undefined ? undefined : { worker, pod };
  }

  private start(uid: string): void {
    const found = this.live(uid);
    if (found === undefined || isDeleting(found.pod)) return;
    const { worker, pod } = found;
    if (worker.state === "new") {
      this.accept(pod, worker);
      return;
    }
    let run: PodToRun;
    try {
      this.requireVolumes(pod);
      run = this.toRun(pod, worker);
    } catch (error) {
      if (!(error instanceof UnresolvedReference)) throw error;
      this.cluster.events.record(pod, "Warning", error.reason, error.message, COMPONENT);
      this.writeStatus(pod, (status, now) =>
        waitingStatus(status, pod, now, error.reason === "FailedMount" ? WAITING_REASON : error.reason, error.message),
      );
      this.starts.add(uid, MOUNT_RETRY_MS);
      return;
    }
    worker.files = run.files;
    worker.state = "running";
    this.runtime.start(run);
    const facts = { address: worker.address, hostAddress: this.hostAddress(worker.nodeName), crashes: worker.crashes };
    this.writeStatus(pod, (status, now) => runningStatus(status, pod, facts, now));
    this.cluster.events.record(pod, "Normal", "Started", "Container started", COMPONENT);
    this.probes.add(uid);
  }

  /** The kubelet has seen the pod: images and volumes are on their way. */
  private accept(pod: Pod, worker: Worker): void {
    const { identity, timings } = this.cluster;
    worker.state = "starting";
    this.writeStatus(pod, (status, now) => waitingStatus(status, pod, now, WAITING_REASON, ""));
    this.starts.add(worker.uid, identity.between(timings.startPodMs, `start/${worker.uid}`));
  }

  /** Claims bound, and their volumes not held by another node. */
  private requireVolumes(pod: Pod): void {
    const { namespace } = pod.metadata;
    for (const name of claimNames(pod)) {
      const claim = this.cluster.store.get(CLAIMS, namespace, name);
      if (claim === undefined || claim.status.phase !== "Bound") {
        throw new UnresolvedReference(
          "FailedMount",
          `Unable to attach or mount volumes: persistentvolumeclaim "${name}" is not bound`,
        );
      }
      const holder = this.attachments.attach(claim, pod.spec.nodeName ?? "");
      if (holder !== undefined) {
        throw new UnresolvedReference(
          "FailedMount",
          `Multi-Attach error for volume "${claim.spec.volumeName}" Volume is already exclusively attached to node ${holder} and can't be attached to another`,
        );
      }
    }
  }

  private toRun(pod: Pod, worker: Worker): PodToRun {
    const [main] = pod.spec.containers;
    const withAddress: Pod = {
      ...pod,
      status: { ...pod.status, podIP: worker.address, hostIP: this.hostAddress(worker.nodeName) },
    };
    const env: Record<string, string> = {};
    for (const container of [...pod.spec.containers].reverse())
      Object.assign(env, environmentOf(this.cluster, withAddress, container));
    const node = this.cluster.store.get(NODES, undefined, worker.nodeName);
    return {
      uid: worker.uid,
      name: pod.metadata.name,
      namespace: pod.metadata.namespace ?? "",
      nodeName: worker.nodeName,
      zone: node?.metadata.labels?.[ZONE_LABEL] ?? "",
      podIp: worker.address,
      image: main?.image ?? "",
      env,
      files: filesOf(this.cluster, withAddress),
      claims: claimNames(pod).map((name) => `${pod.metadata.namespace}/${name}`),
      memoryMib: memoryMibOf(pod),
      labels: pod.metadata.labels ?? {},
    };
  }

  private hostAddress(nodeName: string): string {
    const addresses = this.cluster.store.get(NODES, undefined, nodeName)?.status.addresses ?? [];
    return addresses.find((each) => each.type === "InternalIP")?.address ?? "127.0.0.1";
  }

  private probe(uid: string): void {
    const found = this.live(uid);
    if (found === undefined || found.worker.state !== "running" || isDeleting(found.pod)) return;
    const { pod, worker } = found;
    const ready = this.runtime.isReady(worker.uid);
    if (ready !== isReady(pod)) {
      this.writeStatus(pod, (status, now) => {
        status.containerStatuses = (status.containerStatuses ?? []).map((each) => ({ ...each, ready }));
        setReady(status, ready, now);
      });
      if (!ready) this.cluster.events.record(pod, "Warning", "Unhealthy", "Readiness probe failed", COMPONENT);
    }
    const { probeMs } = this.cluster.timings;
    this.probes.add(uid, ready ? probeMs * READY_PROBE_FACTOR : probeMs);
  }

  private noteFiles(kind: "ConfigMap" | "Secret", namespace: string | undefined, name: string): void {
    for (const worker of this.workers.values()) {
      if (!worker.key.startsWith(`${namespace}/`) || worker.state !== "running") continue;
      const pod = this.podOf(worker);
      if (pod !== undefined && readsObject(pod, kind, name)) this.refreshes.add(worker.uid);
    }
  }

  private refresh(uid: string): void {
    const found = this.live(uid);
    if (found === undefined || found.worker.state !== "running") return;
    const { pod, worker } = found;
    let files: PodToRun["files"];
    try {
      files = filesOf(this.cluster, pod);
    } catch (error) {
      // What vanished stays as it was mounted, as with a real kubelet.
      if (error instanceof UnresolvedReference) return;
      throw error;
    }
    if (sameFiles(files, worker.files ?? {})) return;
    worker.files = files;
    this.runtime.refreshFiles(uid, files);
  }

  /** Carries out a resize in place: the node must have room for it. */
  private resize(uid: string): void {
    const found = this.live(uid);
    if (found === undefined || found.worker.state !== "running" || !isResizing(found.pod)) return;
    const { pod } = found;
    const obstacle = this.resizeObstacle(pod);
    if (obstacle !== undefined) {
      this.writeStatus(pod, (status, now) => {
        status.conditions = setCondition(
          status.conditions,
          { type: "PodResizePending", status: "True", ...obstacle },
          now,
        );
      });
      if (obstacle.reason === "Deferred") this.resizes.add(uid, MOUNT_RETRY_MS);
      return;
    }
    this.writeStatus(pod, (status) => resizedStatus(status, pod));
  }

  /** Why a node cannot give a pod what it now asks for: never (Infeasible), or not beside the others (Deferred). */
  private resizeObstacle(pod: Pod): { reason: string; message: string } | undefined {
    const nodeName = pod.spec.nodeName ?? "";
    const allocatable = vectorOf(this.cluster.store.get(NODES, undefined, nodeName)?.status.allocatable);
    const wanted = podRequests(pod.spec);
    const taken: Vector = {};
    for (const other of this.cluster.store.all(PODS)) {
      if (other.spec.nodeName === nodeName && !isTerminal(other)) addTo(taken, podRequests(other.spec));
    }
    for (const resource of ["cpu", "memory"]) {
      const offered = allocatable[resource] ?? 0;
      const facts = `Node didn't have enough ${resource}`;
      if ((wanted[resource] ?? 0) > offered) return { reason: "Infeasible", message: `${facts} capacity` };
      if ((taken[resource] ?? 0) > offered) return { reason: "Deferred", message: facts };
    }
    return undefined;
  }

  private beginEnd(pod: Pod, worker: Worker | undefined): void {
    const uid = pod.metadata.uid ?? "";
    const grace = pod.metadata.deletionGracePeriodSeconds ?? 0;
    if (worker === undefined) {
      // Bound, but it never ran here: nothing to wait for.
      this.workers.set(uid, {
        uid,
        key: objectKey(pod.metadata.namespace, pod.metadata.name),
        nodeName: pod.spec.nodeName ?? "",
        address: pod.status.podIP ?? "",
        state: "stopping",
        crashes: 0,
        files: undefined,
      });
      this.stops.add(uid, this.cluster.timings.controllerMs);
      return;
    }
    if (worker.state === "stopping") return;
    const wasRunning = worker.state === "running";
    worker.state = "stopping";
    if (wasRunning) {
      this.runtime.stop(uid, grace);
      this.cluster.events.record(pod, "Normal", "Killing", "Stopping container", COMPONENT);
    }
    const { timings, identity } = this.cluster;
    const stopMs = wasRunning
      ? Math.min(grace * 1000, identity.between(timings.stopPodMs, `stop/${uid}`))
      : timings.controllerMs;
    this.stops.add(uid, stopMs);
  }

  /** The containers have ended: says so, and lets the object go. */
  private finish(uid: string): void {
    const found = this.live(uid);
    if (found === undefined || !isDeleting(found.pod)) return;
    const { pod, worker } = found;
    const { namespace, name } = pod.metadata;
    this.forget(worker, 0);
    if ((pod.status.containerStatuses ?? []).length > 0 && !isTerminal(pod)) {
      this.writeStatus(pod, (status, now) => endedStatus(status, now));
    }
    this.cluster.registry.remove(PODS, namespace, name, { preconditions: { uid }, gracePeriodSeconds: 0 }, SYSTEM);
  }

  private forget(worker: Worker, graceSeconds: number): void {
    this.workers.delete(worker.uid);
    this.runtime.stop(worker.uid, graceSeconds);
    this.addresses.release(worker.uid, worker.address);
    for (const queue of [this.starts, this.probes, this.refreshes, this.resizes]) queue.drop(worker.uid);
  }

  private writeStatus(pod: Pod, change: (status: PodStatus, now: string) => void): void {
    const { namespace, name, uid } = pod.metadata;
    const current = this.cluster.store.get(PODS, namespace, name);
    if (current?.metadata.uid !== uid) return;
    this.cluster.registry.update(
      PODS,
      namespace,
      name,
      (draft) => {
        change(draft.status, nowText(this.cluster));
        draft.status.observedGeneration = draft.metadata.generation ?? 1;
      },
      { ...SYSTEM, part: "status" },
    );
  }
}

function sameFiles(a: PodToRun["files"], b: PodToRun["files"]): boolean {
  const flat = (files: PodToRun["files"]): string[] =>
    Object.entries(files)
      .flatMap(([path, contents]) =>
        Object.entries(contents).map(
          ([name, content]) => `${path}\n${name}\n${Buffer.from(content).toString("base64")}`,
        ),
      )
      .sort();
  return equal(flat(a), flat(b));
}
