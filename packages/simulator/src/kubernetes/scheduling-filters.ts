import type { Node, Pod, PodAffinityTerm, Taint, Toleration } from "./objects.ts";
import { podRequests } from "./pod-resources.ts";
import type { Vector } from "./quantities.ts";
import { NAMESPACES } from "./resources.ts";
import type { NodeInfo } from "./scheduler-cache.ts";
import { matchesNodeSelector, matchesSelector } from "./selectors.ts";
import type { Store } from "./store.ts";

/** Why a node does not take a pod; `helpless` when removing other pods could not change it. */
export interface Rejection {
  readonly reasons: readonly string[];
  readonly helpless: boolean;
}

const helpless = (reason: string): Rejection => ({ reasons: [reason], helpless: true });

/** What is asked of every node for one pod, worked out once. */
export interface Wanted {
  readonly pod: Pod;
  readonly requests: Vector;
  readonly antiAffinity: readonly PodAffinityTerm[];
  readonly affinity: readonly PodAffinityTerm[];
}

export function wantedOf(pod: Pod): Wanted {
  const { affinity } = pod.spec;
  return {
    pod,
    requests: { ...podRequests(pod.spec), pods: 1 },
    antiAffinity: affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
    affinity: affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
  };
}

/** Nodes that a required `metadata.name` field names, when every term has one; undefined when any node may do. */
export function namedNodes(pod: Pod): Set<string> | undefined {
  const terms =
    pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const names = new Set<string>();
  for (const term of terms) {
    const field = (term.matchFields ?? []).find((each) => each.key === "metadata.name" && each.operator === "In");
    if (field === undefined) return undefined;
    for (const name of field.values ?? []) names.add(name);
  }
  return terms.length === 0 ? undefined : names;
}

/** The first reason against a node, in the order of kube-scheduler's plugins; volumes are looked at after these. */
export function rejectNode(wanted: Wanted, info: NodeInfo): Rejection | undefined {
  const { node } = info;
  const { spec } = wanted.pod;
  if (node.spec.unschedulable === true && !toleratesUnschedulable(spec.tolerations))
    return helpless("node(s) were unschedulable");
  if ((spec.nodeName ?? "") !== "" && spec.nodeName !== info.name)
    return helpless("node(s) didn't match the requested node name");
  const taint = untolerated(node.spec.taints, spec.tolerations, ["NoSchedule", "NoExecute"]);
  if (taint !== undefined) return helpless(`node(s) had untolerated taint(s)`);
  if (!matchesNodeAffinity(wanted.pod, node)) return helpless("node(s) didn't match Pod's node affinity/selector");
  return rejectByPorts(wanted, info) ?? rejectByResources(wanted, info);
}

const toleratesUnschedulable = (tolerations: Toleration[] | undefined): boolean =>
  untolerated([{ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }], tolerations, ["NoSchedule"]) ===
  undefined;

/** The first taint with one of these effects that nothing tolerates. */
export function untolerated(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly string[],
): Taint | undefined {
  return (taints ?? []).find(
    (taint) =>
      effects.includes(taint.effect) && !(tolerations ?? []).some((toleration) => tolerates(toleration, taint)),
  );
}

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if ((toleration.effect ?? "") !== "" && toleration.effect !== taint.effect) return false;
  if ((toleration.key ?? "") === "") return toleration.operator === "Exists";
  if (toleration.key !== taint.key) return false;
  return toleration.operator === "Exists" || (toleration.value ?? "") === (taint.value ?? "");
}

function matchesNodeAffinity(pod: Pod, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  for (const [key, value] of Object.entries(pod.spec.nodeSelector ?? {})) if (labels[key] !== value) return false;
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || matchesNodeSelector(required, { name: node.metadata.name, labels });
}

function rejectByPorts(wanted: Wanted, info: NodeInfo): Rejection | undefined {
  const ports = hostPorts(wanted.pod);
  if (ports.length === 0) return undefined;
  const taken = new Set([...info.pods.values()].flatMap(hostPorts));
  if (!ports.some((port) => taken.has(port))) return undefined;
  return { reasons: ["node(s) didn't have free ports for the requested pod ports"], helpless: false };
}

const hostPorts = (pod: Pod): string[] =>
  pod.spec.containers.flatMap((container) =>
    (container.ports ?? [])
      .filter((port) => (port.hostPort ?? 0) > 0)
      .map((port) => `${port.protocol}/${port.hostPort}`),
  );

function rejectByResources({ requests }: Wanted, info: NodeInfo): Rejection | undefined {
  const reasons: string[] = [];
  let hopeless = false;
  for (const resource in requests) {
    const request = requests[resource] ?? 0;
    const allocatable = info.allocatable[resource] ?? 0;
    if (request === 0 || request + (info.requested[resource] ?? 0) <= allocatable) continue;
    reasons.push(resource === "pods" ? "Too many pods" : `Insufficient ${resource}`);
    if (request > allocatable) hopeless = true;
  }
  return reasons.length === 0 ? undefined : { reasons, helpless: hopeless };
}

/** Required anti-affinity, both ways, over topology domains; and required affinity. Built once a pod, asked for each node. */
export function affinityFilter(
  wanted: Wanted,
  infos: readonly NodeInfo[],
  store: Store,
): (info: NodeInfo) => Rejection | undefined {
  const { pod } = wanted;
  const ownBlocked = new Set<string>();
  const othersBlocked = new Set<string>();
  const attracted = wanted.affinity.map(() => new Set<string>());
  for (const info of infos) {
    const labels = info.node.metadata.labels ?? {};
    for (const other of info.pods.values()) {
      for (const term of wanted.antiAffinity) {
        if (matchesPodTerm(term, pod, other, store)) ownBlocked.add(domainOf(term, labels));
      }
      for (const term of other.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
        if (matchesPodTerm(term, other, pod, store)) othersBlocked.add(domainOf(term, labels));
      }
      for (const [index, term] of wanted.affinity.entries()) {
        if (matchesPodTerm(term, pod, other, store)) attracted[index]?.add(domainOf(term, labels));
      }
    }
  }
  const firstOfItsKind = wanted.affinity.every(
    (term, index) => attracted[index]?.size === 0 && matchesPodTerm(term, pod, pod, store),
  );
  return (info) => {
    const labels = info.node.metadata.labels ?? {};
    const attractive = wanted.affinity.every((term, index) => attracted[index]?.has(domainOf(term, labels)));
    if (wanted.affinity.length > 0 && !attractive && !firstOfItsKind)
      return helpless("node(s) didn't match pod affinity rules");
    const inDomain = (blocked: ReadonlySet<string>): boolean => {
      for (const domain of blocked) {
        const [key = "", value] = domain.split("\n");
        if (value !== "" && labels[key] === value) return true;
      }
      return false;
    };
    if (inDomain(ownBlocked)) return { reasons: ["node(s) didn't match pod anti-affinity rules"], helpless: false };
    if (inDomain(othersBlocked)) {
      return { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"], helpless: false };
    }
    return undefined;
  };
}

const domainOf = (term: PodAffinityTerm, labels: Record<string, string>): string =>
  `${term.topologyKey}\n${labels[term.topologyKey] ?? ""}`;

/** Whether `other` is one of the pods that a term of `owner` speaks of. */
function matchesPodTerm(term: PodAffinityTerm, owner: Pod, other: Pod, store: Store): boolean {
  const namespace = other.metadata.namespace ?? "";
  const listed = term.namespaces ?? [];
  const inNamespace =
    term.namespaceSelector === undefined
      ? listed.length === 0
        ? namespace === owner.metadata.namespace
        : listed.includes(namespace)
      : listed.includes(namespace) ||
        matchesSelector(term.namespaceSelector, store.get(NAMESPACES, undefined, namespace)?.metadata.labels);
  return inNamespace && matchesSelector(term.labelSelector, other.metadata.labels);
}
