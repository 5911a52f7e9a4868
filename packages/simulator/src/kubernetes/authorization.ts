import { ApiError } from "./api-error.ts";
import type { Verb } from "./faults.ts";
import type { KubeObject, Node, Pod } from "./objects.ts";
import type { Caller } from "./registry.ts";
import type { Target } from "./request.ts";
import { NODES, PODS } from "./resources.ts";
import type { Store } from "./store.ts";

const groupOf = (target: Target): string =>
  target.apiVersion.includes("/") ? (target.apiVersion.split("/")[0] ?? "") : "";

/**
 * Whether a caller may do this: administrators everything, nodes what the Node authorizer lets them, joining machines
 * their certificate requests. RBAC objects are stored but not evaluated.
 */
export function isAllowed(caller: Caller, verb: Verb, target: Target, store: Store): boolean {
  if (caller.groups.includes("system:masters")) return true;
  const reads = verb === "get" || verb === "list" || verb === "watch";
  if (caller.groups.includes("system:bootstrappers")) {
    if (target.plural === "certificatesigningrequests")
      return target.subresource === undefined && (reads || verb === "create");
    return target.plural === "nodes" && verb === "get";
  }
  const node = nodeNameOf(caller);
  if (node === undefined) return false;
  switch (target.plural) {
    case "nodes":
      return reads || verb === "create" || target.name === node;
    case "leases":
      return target.namespace === "kube-node-lease" && (verb === "create" || target.name === node);
    case "pods":
      return (
        reads ||
        verb === "create" ||
        target.subresource === "status" ||
        target.subresource === "eviction" ||
        verb === "delete"
      );
    case "configmaps":
    case "secrets":
      return verb === "get" && usesObject(store, node, target);
    case "events":
      return verb === "create" || verb === "update" || verb === "patch";
    case "csinodes":
      return target.name === node || verb === "create";
    case "certificatesigningrequests":
      return target.subresource === undefined && (reads || verb === "create");
    default:
      return reads && ["services", "persistentvolumes", "persistentvolumeclaims", "endpoints"].includes(target.plural);
  }
}

function nodeNameOf(caller: Caller): string | undefined {
  const isNode = caller.groups.includes("system:nodes") && caller.username.startsWith("system:node:");
  return isNode ? caller.username.slice("system:node:".length) : undefined;
}

/** A node reads only ConfigMaps and Secrets that a pod bound to it refers to. */
function usesObject(store: Store, node: string, target: Target): boolean {
  const field = `"${target.name}"`;
  for (const pod of store.all(PODS, target.namespace)) {
    if (pod.spec.nodeName === node && JSON.stringify([pod.spec.volumes, pod.spec.containers]).includes(field))
      return true;
  }
  return false;
}

export function denied(caller: Caller, verb: Verb, target: Target): ApiError {
  const group = groupOf(target);
  const resource = target.subresource === undefined ? target.plural : `${target.plural}/${target.subresource}`;
  const scope = target.namespace === undefined ? "at the cluster scope" : `in the namespace "${target.namespace}"`;
  const qualified = group === "" ? target.plural : `${target.plural}.${group}`;
  const subject = target.name === undefined ? qualified : `${qualified} "${target.name}"`;
  const message = `${subject} is forbidden: User "${caller.username}" cannot ${verb} resource "${resource}" in API group "${group}" ${scope}`;
  return new ApiError(403, "Forbidden", message, {
    ...(target.name === undefined ? {} : { name: target.name }),
    ...(group === "" ? {} : { group }),
    kind: target.plural,
  });
}

/** The NodeRestriction plugin: a node writes itself, its lease and its pods alone, and no labels that grant it pods. */
export function restrictNode(
  caller: Caller,
  verb: Verb,
  target: Target,
  object: KubeObject | undefined,
  store: Store,
): void {
  const node = nodeNameOf(caller);
  if (node === undefined || verb === "get" || verb === "list" || verb === "watch") return;
  const name = target.name ?? object?.metadata.name ?? "";
  const refuse = (why: string): never => {
    throw new ApiError(403, "Forbidden", `${target.plural} "${name}" is forbidden: ${why}`, {
      name,
      kind: target.plural,
    });
  };
  if (target.plural === "nodes") {
    if (name !== node) refuse(`node "${node}" is not allowed to modify node "${name}"`);
    if (verb === "delete") refuse(`node "${node}" is not allowed to delete itself`);
    const present = store.get(NODES, undefined, name);
    for (const [label, value] of Object.entries((object as Node | undefined)?.metadata.labels ?? {})) {
      if (present?.metadata.labels?.[label] === value || mayCarry(label)) continue;
      refuse(`is not allowed to ${present === undefined ? "set" : "modify"} the following labels: ${label}`);
    }
  }
  if (target.plural === "leases" && (name !== node || target.namespace !== "kube-node-lease")) {
    refuse(`can only access node lease with the same name as the requesting node`);
  }
  if (target.plural === "pods" && target.name !== undefined) {
    const pod: Pod | undefined = store.get(PODS, target.namespace, target.name);
    if (pod !== undefined && pod.spec.nodeName !== node) {
      refuse(
        `node "${node}" can only ${verb === "delete" ? "delete" : "update"} pods with spec.nodeName set to itself`,
      );
    }
  }
}

/** Labels of kubernetes.io and k8s.io that a kubelet may set on its own Node (pkg kubelet apis, well_known_labels.go). */
const KUBELET_LABELS = new Set([
  "kubernetes.io/hostname",
  "kubernetes.io/instance-type",
  "node.kubernetes.io/instance-type",
  "beta.kubernetes.io/instance-type",
  "kubernetes.io/os",
  "beta.kubernetes.io/os",
  "kubernetes.io/arch",
  "beta.kubernetes.io/arch",
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
]);

function mayCarry(label: string): boolean {
  const prefix = label.includes("/") ? (label.split("/")[0] ?? "") : "";
  const reserved = ["kubernetes.io", "k8s.io"].some((domain) => prefix === domain || prefix.endsWith(`.${domain}`));
  if (!reserved || KUBELET_LABELS.has(label)) return true;
  return ["kubelet.kubernetes.io", "node.kubernetes.io"].some(
    (domain) => prefix === domain || prefix.endsWith(`.${domain}`),
  );
}
