import { ApiError, forbidden, notFound } from "./api-error.ts";
import { enforceClaimResize } from "./claim-resize.ts";
import { type Cluster, nowText } from "./cluster.ts";
import { equal } from "./json.ts";
import { applyLimitRanges } from "./limit-ranges.ts";
import type {
  CertificateSigningRequest,
  Claim,
  KubeObject,
  Namespace,
  Node,
  PersistentVolume,
  Pod,
  StatefulSet,
} from "./objects.ts";
import { qosClassOf } from "./pod-resources.ts";
import { enforcePodSecurity, warnOfPodSecurity } from "./pod-security.ts";
import { enforceQuota } from "./quota.ts";
import type { Admission, WriteOptions } from "./registry.ts";
import {
  NAMESPACES,
  PRIORITY_CLASSES,
  type Resource,
  SERVICE_ACCOUNTS,
  SERVICES,
  STORAGE_CLASSES,
} from "./resources.ts";
import { fillNamespace } from "./seed-objects.ts";

/** The admission plugins that are on by default and that Berth can meet, and the preparations of each kind's strategy. */
export function createAdmission(cluster: Cluster, caPem: () => string): Admission {
  return {
    mutate(resource, object, before, options) {
      if (before === undefined) {
        requireOpenNamespace(cluster, resource, object);
        prepare(cluster, resource, object, options);
      }
    },
    validate(resource, object, before, options) {
      if (resource.kind === "Pod") {
        const pod = object as Pod;
        if (before === undefined || !equal(pod.spec, before.spec))
          enforcePodSecurity(cluster.store, pod, options.warnings);
      }
      if (resource.kind === "StatefulSet" && (before === undefined || !equal(object.spec, before.spec))) {
        warnOfPodSecurity(cluster.store, object as StatefulSet, options.warnings);
      }
      if (resource.kind === "PersistentVolumeClaim" && before !== undefined) {
        enforceClaimResize(cluster.store, object as Claim, before as Claim);
      }
      enforceQuota(cluster, resource, object, before, options);
    },
    created(resource, object) {
      // Controllers of a real cluster do this a moment later; here a new namespace takes pods at once.
      if (resource.kind === "Namespace") fillNamespace(cluster, object.metadata.name, caPem());
    },
  };
}

/** Nothing is created in a namespace that is missing (404) or ending (403 with cause NamespaceTerminating). */
function requireOpenNamespace(cluster: Cluster, resource: Resource, object: KubeObject): void {
  if (!resource.namespaced) return;
  const name = object.metadata.namespace ?? "";
  const namespace = cluster.store.get(NAMESPACES, undefined, name);
  if (namespace === undefined) throw notFound(NAMESPACES, name);
  if (namespace.metadata.deletionTimestamp === undefined) return;
  throw forbidden(
    resource,
    object.metadata.name,
    `unable to create new content in namespace ${name} because it is being terminated`,
    [{ reason: "NamespaceTerminating", message: `namespace ${name} is being terminated`, field: "metadata.namespace" }],
  );
}

function prepare(cluster: Cluster, resource: Resource, object: KubeObject, options: WriteOptions): void {
  switch (resource.kind) {
    case "Namespace":
      (object as Namespace).spec.finalizers = ["kubernetes"];
      return;
    case "Pod":
      preparePod(cluster, object as Pod);
      return;
    case "PersistentVolumeClaim":
      prepareClaim(cluster, object as Claim);
      return;
    case "PersistentVolume":
      addFinalizer(object as PersistentVolume, "kubernetes.io/pv-protection");
      return;
    case "Node":
      prepareNode(object as Node);
      return;
    case "Service":
      prepareService(cluster, object);
      return;
    case "CertificateSigningRequest": {
      const { spec } = object as CertificateSigningRequest;
      spec.username = options.caller.username;
      spec.groups = [...options.caller.groups];
      return;
    }
    default:
      return;
  }
}

function addFinalizer(object: KubeObject, finalizer: string): void {
  const present = object.metadata.finalizers ?? [];
  if (!present.includes(finalizer)) object.metadata.finalizers = [...present, finalizer];
}

function preparePod(cluster: Cluster, pod: Pod): void {
  const { spec } = pod;
  spec.serviceAccountName ??= "default";
  spec.serviceAccount = spec.serviceAccountName;
  const { namespace } = pod.metadata;
  if (cluster.store.get(SERVICE_ACCOUNTS, namespace, spec.serviceAccountName) === undefined) {
    const why = `error looking up service account ${namespace}/${spec.serviceAccountName}: serviceaccount "${spec.serviceAccountName}" not found`;
    throw new ApiError(403, "Forbidden", `pods "${pod.metadata.name}" is forbidden: ${why}`, {
      name: pod.metadata.name,
      kind: "pods",
    });
  }
  mountServiceAccount(cluster, pod);
  resolvePriority(cluster, pod);
  for (const key of ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]) {
    const tolerations = spec.tolerations ?? [];
    const tolerated = tolerations.some(
      (each) =>
        (each.key === key || each.key === undefined) && (each.effect === undefined || each.effect === "NoExecute"),
    );
    if (!tolerated) {
      spec.tolerations = [...tolerations, { key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 }];
    }
  }
  applyLimitRanges(cluster.store, pod);
  pod.status = { phase: "Pending", qosClass: qosClassOf(spec) };
  if ((spec.schedulingGates ?? []).length > 0) {
    pod.status.conditions = [
      {
        type: "PodScheduled",
        status: "False",
        reason: "SchedulingGated",
        message: "Scheduling is blocked due to non-empty scheduling gates",
        lastTransitionTime: nowText(cluster),
      },
    ];
  }
}

const TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The projected token volume that every pod gets unless it, or its service account, says otherwise. */
function mountServiceAccount(cluster: Cluster, pod: Pod): void {
  const { spec, metadata } = pod;
  const account = cluster.store.get(SERVICE_ACCOUNTS, metadata.namespace, spec.serviceAccountName ?? "") as
    | { automountServiceAccountToken?: boolean }
    | undefined;
  if (!(spec.automountServiceAccountToken ?? account?.automountServiceAccountToken ?? true)) return;
  const name = `kube-api-access-${cluster.identity.suffix(`token/${metadata.uid}`, 5)}`;
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const bare = containers.filter((each) => !(each.volumeMounts ?? []).some((mount) => mount.mountPath === TOKEN_PATH));
  if (bare.length === 0) return;
  for (const container of bare) {
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath: TOKEN_PATH }];
  }
  const fieldRef = { apiVersion: "v1", fieldPath: "metadata.namespace" };
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
    { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
    { downwardAPI: { items: [{ path: "namespace", fieldRef }] } },
  ];
  spec.volumes = [...(spec.volumes ?? []), { name, projected: { sources, defaultMode: 420 } }];
}

function resolvePriority(cluster: Cluster, pod: Pod): void {
  const { spec } = pod;
  const builtIn: Record<string, number> = { "system-cluster-critical": 2e9, "system-node-critical": 2e9 + 1000 };
  let value = 0;
  let preemptionPolicy = "PreemptLowerPriority";
  if (spec.priorityClassName !== undefined) {
    const found = cluster.store.get(PRIORITY_CLASSES, undefined, spec.priorityClassName);
    const builtInValue = builtIn[spec.priorityClassName];
    if (found === undefined && builtInValue === undefined) {
      const why = `no PriorityClass with name ${spec.priorityClassName} was found`;
      throw new ApiError(403, "Forbidden", `pods "${pod.metadata.name}" is forbidden: ${why}`, {
        name: pod.metadata.name,
        kind: "pods",
      });
    }
    value = found?.value ?? builtInValue ?? 0;
    preemptionPolicy = found?.preemptionPolicy ?? preemptionPolicy;
  } else {
    for (const each of cluster.store.all(PRIORITY_CLASSES)) {
      if (each.globalDefault !== true) continue;
      spec.priorityClassName = each.metadata.name;
      value = each.value;
    }
  }
  spec.priority = value;
  spec.preemptionPolicy ??= preemptionPolicy;
}

function prepareClaim(cluster: Cluster, claim: Claim): void {
  addFinalizer(claim, "kubernetes.io/pvc-protection");
  if (claim.spec.storageClassName !== undefined) return;
  for (const storageClass of cluster.store.sorted(STORAGE_CLASSES)) {
    if (storageClass.metadata.annotations?.["storageclass.kubernetes.io/is-default-class"] !== "true") continue;
    claim.spec.storageClassName = storageClass.metadata.name;
    return;
  }
}

/** TaintNodesByCondition: a new node takes no pods before it is seen ready. */
function prepareNode(node: Node): void {
  const taint = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };
  const taints = node.spec.taints ?? [];
  if (!taints.some((each) => each.key === taint.key && each.effect === taint.effect))
    node.spec.taints = [...taints, taint];
}

function prepareService(cluster: Cluster, service: KubeObject): void {
  const spec = service.spec as Record<string, unknown>;
  if (spec.type === "ExternalName") return;
  if (spec.clusterIP === undefined) {
    const taken = new Set(
      [...cluster.store.all(SERVICES)].map((each) => (each.spec as { clusterIP?: string }).clusterIP),
    );
    let number = 10;
    const address = (): string => `10.96.${Math.floor(number / 256)}.${number % 256}`;
    while (taken.has(address())) number += 1;
    spec.clusterIP = address();
  }
  spec.clusterIPs = [spec.clusterIP];
}
