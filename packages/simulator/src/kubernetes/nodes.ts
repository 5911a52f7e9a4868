import { type Cluster, type Controller, nowText } from "./cluster.ts";
import { hasCondition, setCondition } from "./conditions.ts";
import { equal } from "./json.ts";
import type { Condition, Node, Pod, Taint } from "./objects.ts";
import { isBound, isDeleting, isTerminal } from "./pods.ts";
import { SYSTEM } from "./registry.ts";
import { LEASES, NODES, PODS, type Resource } from "./resources.ts";
import { tolerates } from "./scheduling-filters.ts";
import { objectKey } from "./store.ts";
import { WorkQueue } from "./work-queue.ts";

const COMPONENT = "node-controller";
const NOT_READY = "node.kubernetes.io/not-ready";
const UNREACHABLE = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE = "node.kubernetes.io/unschedulable";
export const OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";

/**
 * Watches the nodes: a lease that is not renewed makes a node Unknown, conditions make taints, NoExecute taints evict
 * pods after their toleration, and pods of nodes that do not exist any more are removed (node-lifecycle, taint-eviction, pod-gc).
 */
export function createNodeController(cluster: Cluster): Controller {
  const { store, registry, timings, clock } = cluster;
  const nodes = new WorkQueue(clock, timings.controllerMs, (name) => syncNode(name));
  const monitor = new WorkQueue(clock, timings.nodeMonitorPeriodMs, () => checkHeartbeats());
  const evictions = new WorkQueue(clock, 0, (key) => evictTainted(key));
  const gone = new WorkQueue(clock, timings.podGcMs, () => collectPods());
  /** When each node was last seen alive, by this controller's own clock. */
  const seen = new Map<string, { heartbeat: string; at: number }>();

  store.onChange(({ resource, type, object }) => {
    if (resource === (NODES as Resource)) {
      const { name } = object.metadata;
      if (type === "DELETED") {
        seen.delete(name);
        gone.add("all");
        return;
      }
      nodes.add(name);
      monitor.add("all");
    } else if (resource === (PODS as Resource) && type !== "DELETED" && isBound(object as Pod))
      noteTaints(object as Pod);
  });

  function noteTaints(pod: Pod): void {
    const node = store.get(NODES, undefined, pod.spec.nodeName ?? "");
    if (node === undefined) gone.add("all");
    else if ((node.spec.taints ?? []).some((taint) => taint.effect === "NoExecute")) planEviction(pod, node);
  }

  function checkHeartbeats(): void {
    const now = clock.now();
    for (const node of store.all(NODES)) {
      const { name } = node.metadata;
      const heartbeat = heartbeatOf(node);
      const last = seen.get(name);
      if (last === undefined || last.heartbeat !== heartbeat) {
        seen.set(name, { heartbeat, at: now });
        if (last !== undefined && hasCondition(node.status.conditions, "Ready", "Unknown")) nodes.add(name);
        continue;
      }
      if (now - last.at > timings.nodeMonitorGraceMs) markUnknown(node);
    }
    if (store.count(NODES) > 0) monitor.add("all");
  }

  /** What a live kubelet changes: its lease, or its status. */
  function heartbeatOf(node: Node): string {
    const lease = store.get(LEASES, "kube-node-lease", node.metadata.name);
    const status = (node.status.conditions ?? []).map((each) => each.lastHeartbeatTime ?? "").join();
    return `${lease?.spec.renewTime ?? ""}|${status}`;
  }

  function markUnknown(node: Node): void {
    if (hasCondition(node.status.conditions, "Ready", "Unknown")) return;
    const now = nowText(cluster);
    const unknown = {
      status: "Unknown" as const,
      reason: "NodeStatusUnknown",
      message: "Kubelet stopped posting node status.",
    };
    const conditions = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"].reduce<Condition[]>((list, type) => {
      const present = list.find((each) => each.type === type);
      const heartbeat =
        present?.lastHeartbeatTime === undefined ? {} : { lastHeartbeatTime: present.lastHeartbeatTime };
      return setCondition(list, { type, ...unknown, ...heartbeat }, now);
    }, node.status.conditions ?? []);
    registry.update(
      NODES,
      undefined,
      node.metadata.name,
      (draft) => {
        draft.status = { ...draft.status, conditions };
      },
      { ...SYSTEM, part: "status" },
    );
    cluster.events.record(
      node,
      "Normal",
      "NodeNotReady",
      `Node ${node.metadata.name} status is now: NodeNotReady`,
      COMPONENT,
    );
    for (const pod of podsOn(node.metadata.name)) setUnready(pod);
  }

  function podsOn(nodeName: string): Pod[] {
    return [...store.all(PODS)].filter((pod) => pod.spec.nodeName === nodeName);
  }

  /** Nobody hears from the pods of a silent node: they leave their services, but keep their phase. */
  function setUnready(pod: Pod): void {
    if (!hasCondition(pod.status.conditions, "Ready")) return;
    registry.update(
      PODS,
      pod.metadata.namespace,
      pod.metadata.name,
      (draft) => {
        draft.status.conditions = setCondition(
          draft.status.conditions,
          { type: "Ready", status: "False" },
          nowText(cluster),
        );
      },
      { ...SYSTEM, part: "status" },
    );
  }

  function syncNode(name: string): void {
    const node = store.get(NODES, undefined, name);
    if (node === undefined) return;
    const wanted = taintsFor(node, nowText(cluster));
    if (!equal(wanted, node.spec.taints ?? [])) {
      registry.update(
        NODES,
        undefined,
        name,
        (draft) => {
          if (wanted.length === 0) delete draft.spec.taints;
          else draft.spec.taints = wanted;
        },
        SYSTEM,
      );
      return; // Its change brings the node back here.
    }
    const noExecute = wanted.some((taint) => taint.effect === "NoExecute");
    for (const pod of podsOn(name)) {
      if (noExecute) planEviction(pod, node);
      else evictions.drop(objectKey(pod.metadata.namespace, pod.metadata.name));
    }
    if (wanted.some((taint) => taint.key === OUT_OF_SERVICE)) gone.add("all", timings.controllerMs);
  }

  function planEviction(pod: Pod, node: Node): void {
    if (isDeleting(pod)) return;
    const delayMs = toleratedMs(pod, node.spec.taints ?? [], clock.now());
    const key = objectKey(pod.metadata.namespace, pod.metadata.name);
    if (delayMs === undefined) evictions.drop(key);
    else evictions.add(key, delayMs);
  }

  function evictTainted(key: string): void {
    const [namespace = "", name = ""] = key.split("/");
    const pod = store.get(PODS, namespace, name);
    const node = store.get(NODES, undefined, pod?.spec.nodeName ?? "");
    if (pod === undefined || node === undefined || isDeleting(pod)) return;
    const leftMs = toleratedMs(pod, node.spec.taints ?? [], clock.now());
    if (leftMs === undefined) return;
    if (leftMs > 0) {
      evictions.add(key, leftMs);
      return;
    }
    registry.update(
      PODS,
      namespace,
      name,
      (draft) => {
        const condition = {
          type: "DisruptionTarget",
          status: "True" as const,
          reason: "DeletionByTaintManager",
          message: "Taint manager: deleting due to NoExecute taint",
        };
        draft.status.conditions = setCondition(draft.status.conditions, condition, nowText(cluster));
      },
      { ...SYSTEM, part: "status" },
    );
    cluster.events.record(
      pod,
      "Normal",
      "TaintManagerEviction",
      `Marking for deletion Pod ${key}`,
      "taint-eviction-controller",
    );
    registry.remove(PODS, namespace, name, { preconditions: { uid: pod.metadata.uid } }, SYSTEM);
  }

  /** Removes pods whose node is gone, and deleted pods of a node that somebody declared out of service. */
  function collectPods(): void {
    for (const pod of [...store.all(PODS)]) {
      if (!isBound(pod)) continue;
      const node = store.get(NODES, undefined, pod.spec.nodeName ?? "");
      const lost = node === undefined;
      const fenced =
        node !== undefined &&
        isDeleting(pod) &&
        !hasCondition(node.status.conditions, "Ready") &&
        (node.spec.taints ?? []).some((taint) => taint.key === OUT_OF_SERVICE);
      if (!lost && !fenced) continue;
      const { namespace, name, uid } = pod.metadata;
      if (!isTerminal(pod)) {
        registry.update(
          PODS,
          namespace,
          name,
          (draft) => {
            draft.status.phase = "Failed";
            if (!lost) return;
            const condition = {
              type: "DisruptionTarget",
              status: "True" as const,
              reason: "DeletionByPodGC",
              message: "PodGC: node no longer exists",
            };
            draft.status.conditions = setCondition(draft.status.conditions, condition, nowText(cluster));
          },
          { ...SYSTEM, part: "status" },
        );
      }
      registry.remove(PODS, namespace, name, { preconditions: { uid }, gracePeriodSeconds: 0 }, SYSTEM);
    }
  }

  return {
    resync() {
      seen.clear();
      for (const node of store.all(NODES)) nodes.add(node.metadata.name);
      monitor.add("all");
      gone.add("all");
    },
    stop() {
      for (const queue of [nodes, monitor, evictions, gone]) queue.stop();
    },
  };
}

/** The taints that follow from conditions and from cordoning, beside those that others set. */
function taintsFor(node: Node, now: string): Taint[] {
  const ready = (node.status.conditions ?? []).find((each) => each.type === "Ready")?.status;
  const wanted: Taint[] = [];
  if (ready === undefined || ready === "False") wanted.push({ key: NOT_READY, effect: "NoSchedule" });
  if (ready === "False") wanted.push({ key: NOT_READY, effect: "NoExecute" });
  if (ready === "Unknown")
    wanted.push({ key: UNREACHABLE, effect: "NoSchedule" }, { key: UNREACHABLE, effect: "NoExecute" });
  if (node.spec.unschedulable === true) wanted.push({ key: UNSCHEDULABLE, effect: "NoSchedule" });
  const present = node.spec.taints ?? [];
  const managed = new Set([NOT_READY, UNREACHABLE, UNSCHEDULABLE]);
  const others = present.filter((taint) => !managed.has(taint.key));
  const stamped = wanted.map(
    (taint) =>
      present.find((each) => each.key === taint.key && each.effect === taint.effect) ?? { ...taint, timeAdded: now },
  );
  return [...others, ...stamped];
}

/** Milliseconds until a pod has to leave: 0 now, undefined never. The shortest toleration counts. */
function toleratedMs(pod: Pod, taints: readonly Taint[], now: number): number | undefined {
  let earliest: number | undefined;
  for (const taint of taints) {
    if (taint.effect !== "NoExecute") continue;
    const matching = (pod.spec.tolerations ?? []).filter((each) => tolerates(each, taint));
    if (matching.length === 0) return 0;
    const seconds = matching.flatMap((each) => (each.tolerationSeconds === undefined ? [] : [each.tolerationSeconds]));
    if (seconds.length === 0) continue;
    const since = taint.timeAdded === undefined ? now : Date.parse(taint.timeAdded);
    const left = Math.max(0, since + Math.min(...seconds) * 1000 - now);
    earliest = earliest === undefined ? left : Math.min(earliest, left);
  }
  return earliest;
}
