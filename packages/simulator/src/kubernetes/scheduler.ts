import { type Cluster, type Controller, nowText } from "./cluster.ts";
import { setCondition } from "./conditions.ts";
import { equal } from "./json.ts";
import type { Claim, Node, Pod } from "./objects.ts";
import { bindPod } from "./pod-binding.ts";
import { isBound, isDeleting, isGated, isTerminal } from "./pods.ts";
import { SYSTEM } from "./registry.ts";
import { CLAIMS, CSI_NODES, NODES, PODS, type Resource, STORAGE_CLASSES, VOLUMES } from "./resources.ts";
import { type NodeInfo, SchedulerCache } from "./scheduler-cache.ts";
import { affinityFilter, namedNodes, type Rejection, rejectNode, wantedOf } from "./scheduling-filters.ts";
import { type PodVolumes, rejectByVolumes, volumesOf } from "./scheduling-volumes.ts";
import { type Change, objectKey } from "./store.ts";
import { candidateVolumes, reachableVolume, SELECTED_NODE } from "./volume-matching.ts";
import { WorkQueue } from "./work-queue.ts";

const COMPONENT = "default-scheduler";

/**
 * kube-scheduler's part: filters every node for each pod that is due, binds to the least filled, says why when none fits.
 *
 * Pods that fit nowhere wait until something changed that could help. No preemption, no preferred affinity, no topology
 * spread: Berth's own placer decides, the scheduler confirms.
 */
export function createScheduler(cluster: Cluster): Controller {
  const cache = new SchedulerCache(cluster.store);
  const stuck = new Set<string>();
  /** Pods that wait for the volumes of the node that was chosen for them. */
  const reserved = new Map<string, string>();
  const queue = new WorkQueue(cluster.clock, cluster.timings.scheduleMs, (key) => schedule(key));
  const wake = new WorkQueue(cluster.clock, cluster.timings.rescheduleMs, () => {
    for (const key of stuck) queue.add(key, 0);
    stuck.clear();
  });

  cluster.store.onChange((change) => {
    const { resource, object } = change;
    if (resource === (PODS as Resource)) notePod(change);
    else if (resource === (CLAIMS as Resource)) {
      for (const key of reserved.keys()) if (key.startsWith(`${object.metadata.namespace}/`)) queue.add(key);
      if (stuck.size > 0) wake.add("all");
    } else if (stuck.size > 0 && couldHelp(change)) wake.add("all");
  });

  function notePod({ type, object, previous }: Change): void {
    const pod = object as Pod;
    const key = objectKey(pod.metadata.namespace, pod.metadata.name);
    if (type === "DELETED" || isDeleting(pod)) {
      stuck.delete(key);
      if (reserved.delete(key)) cache.forget(key);
      if (isBound(pod) && stuck.size > 0) wake.add("all");
      return;
    }
    if (isBound(pod)) {
      if (stuck.size > 0 && previous !== undefined && couldFree(pod, previous as Pod)) wake.add("all");
      return;
    }
    if (isGated(pod) || isTerminal(pod) || pod.spec.schedulerName !== "default-scheduler") return;
    const before = previous as Pod | undefined;
    if (
      before !== undefined &&
      stuck.has(key) &&
      equal(before.spec, pod.spec) &&
      equal(before.metadata.labels, pod.metadata.labels)
    )
      return;
    if (stuck.delete(key) || before === undefined || isGated(before) || !queue.has(key)) queue.add(key);
  }

  function schedule(key: string): void {
    const [namespace = "", name = ""] = key.split("/");
    const pod = cluster.store.get(PODS, namespace, name);
    if (pod === undefined || isBound(pod) || isDeleting(pod) || isGated(pod) || isTerminal(pod)) return;
    const volumes = volumesOf(pod, cluster.store);
    const chosen = reserved.get(key);
    if (chosen !== undefined) {
      if (volumes.blocked === undefined && cache.get(chosen) !== undefined) {
        finish(key, pod, volumes.waiting.length, chosen);
        return;
      }
      reserved.delete(key);
      cache.forget(key);
    }
    const decision = choose(cluster, cache, pod, volumes);
    if ("message" in decision) {
      stuck.add(key);
      sayUnschedulable(cluster, pod, decision.message);
      return;
    }
    const { node } = decision;
    const waiting = volumes.blocked === undefined ? volumes.waiting.map(({ claim }) => claim) : [];
    if (waiting.length > 0) {
      reserved.set(key, node.metadata.name);
      cache.assume(pod, node.metadata.name);
      for (const claim of waiting) reserveVolume(cluster, claim, node);
      return;
    }
    finish(key, pod, 0, node.metadata.name);
  }

  function finish(key: string, pod: Pod, waitingClaims: number, nodeName: string): void {
    if (waitingClaims > 0) return; // A claim's change brings us back.
    const { namespace = "", name, uid } = pod.metadata;
    const bound = bindPod(cluster, namespace, name, nodeName, uid);
    reserved.delete(key);
    cluster.events.record(bound, "Normal", "Scheduled", `Successfully assigned ${key} to ${nodeName}`, COMPONENT);
  }

  return {
    resync() {
      cache.rebuild();
      stuck.clear();
      reserved.clear();
      for (const pod of cluster.store.all(PODS)) {
        if (!isBound(pod) && !isGated(pod)) queue.add(objectKey(pod.metadata.namespace, pod.metadata.name));
      }
    },
    stop() {
      queue.stop();
      wake.stop();
    },
  };
}

/** Changes that can make a pod fit which did not: not a heartbeat. */
function couldHelp({ resource, type, object, previous }: Change): boolean {
  if (resource === (NODES as Resource)) {
    if (type !== "MODIFIED" || previous === undefined) return type === "ADDED";
    const [after, before] = [object as Node, previous as Node];
    return (
      !equal(after.spec, before.spec) ||
      !equal(after.metadata.labels, before.metadata.labels) ||
      !equal(after.status.allocatable, before.status.allocatable)
    );
  }
  return [VOLUMES, STORAGE_CLASSES, CSI_NODES].some((each) => resource === (each as Resource));
}

function couldFree(pod: Pod, before: Pod): boolean {
  return (
    (isTerminal(pod) && !isTerminal(before)) ||
    (pod.spec !== before.spec && !equal(pod.spec, before.spec)) ||
    !equal(pod.metadata.labels, before.metadata.labels)
  );
}

/** For a claim that waits for its first consumer: binds a fitting free volume, or asks the provisioner for one near the node. */
function reserveVolume(cluster: Cluster, claim: Claim, node: Node): void {
  const { namespace, name, uid } = claim.metadata;
  const free = reachableVolume(candidateVolumes(claim, cluster.store), node);
  if (free !== undefined) {
    cluster.registry.update(
      VOLUMES,
      undefined,
      free.metadata.name,
      (volume) => {
        volume.spec.claimRef = {
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
          namespace: namespace ?? "",
          name,
          uid: uid ?? "",
        };
      },
      SYSTEM,
    );
    return;
  }
  cluster.registry.update(
    CLAIMS,
    namespace,
    name,
    (draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, [SELECTED_NODE]: node.metadata.name };
    },
    SYSTEM,
  );
}

function choose(
  cluster: Cluster,
  cache: SchedulerCache,
  pod: Pod,
  volumes: PodVolumes,
): { node: Node } | { message: string } {
  const all = cache.nodes();
  if (all.length === 0) return { message: "no nodes available to schedule pods" };
  if (volumes.blocked !== undefined) {
    return { message: `0/${all.length} nodes are available: ${volumes.blocked}. not found` };
  }
  const wanted = wantedOf(pod);
  const names = namedNodes(pod);
  const candidates = names === undefined ? all : all.filter((info) => names.has(info.name));
  const rejectByAffinity = affinityFilter(wanted, all, cluster.store);
  const rejections: Rejection[] = [];
  let best: NodeInfo | undefined;
  let bestFill = Number.POSITIVE_INFINITY;
  for (const info of candidates) {
    const rejection =
      rejectNode(wanted, info) ?? rejectByVolumes(pod, volumes, info, cluster.store) ?? rejectByAffinity(info);
    if (rejection !== undefined) {
      rejections.push(rejection);
      continue;
    }
    const fill = fillOf(info, wanted.requests);
    if (fill < bestFill || (fill === bestFill && best !== undefined && info.name < best.name)) {
      best = info;
      bestFill = fill;
    }
  }
  if (best !== undefined) return { node: best.node };
  const others = all.length - candidates.length;
  for (let count = 0; count < others; count += 1) {
    rejections.push({ reasons: ["node(s) didn't satisfy plugin(s) [NodeAffinity]"], helpless: true });
  }
  return { message: unschedulableMessage(all.length, rejections) };
}

/** The mean share of cpu and memory taken after placement: less is better. */
function fillOf(info: NodeInfo, requests: Record<string, number>): number {
  const shares = ["cpu", "memory"].map((resource) => {
    const allocatable = info.allocatable[resource] ?? 0;
    return allocatable === 0 ? 1 : ((info.requested[resource] ?? 0) + (requests[resource] ?? 0)) / allocatable;
  });
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

function unschedulableMessage(total: number, rejections: readonly Rejection[]): string {
  const counts = histogram(rejections.flatMap((rejection) => rejection.reasons));
  const preemption = histogram(
    rejections.map((rejection) =>
      rejection.helpless ? "Preemption is not helpful for scheduling" : "No preemption victims found for incoming pod",
    ),
  );
  const none = `0/${total} nodes are available`;
  return `${none}: ${counts}. preemption: ${none}: ${preemption}.`;
}

function histogram(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(", ");
}

function sayUnschedulable(cluster: Cluster, pod: Pod, message: string): void {
  cluster.events.record(pod, "Warning", "FailedScheduling", message, COMPONENT);
  cluster.registry.update(
    PODS,
    pod.metadata.namespace,
    pod.metadata.name,
    (draft) => {
      const condition = { type: "PodScheduled", status: "False" as const, reason: "Unschedulable", message };
      draft.status.conditions = setCondition(draft.status.conditions, condition, nowText(cluster));
    },
    { ...SYSTEM, part: "status" },
  );
}
