import type {
  Claim,
  Container,
  DisruptionBudget,
  KubeObject,
  Namespace,
  Node,
  PersistentVolume,
  Pod,
  PodSpec,
  Secret,
  StatefulSet,
  StorageClass,
} from "./objects.ts";
import type { Resource } from "./resources.ts";
import { schemaOf } from "./schema/schema.ts";

/**
 * Fills in what the API server fills in (pkg/apis/core/v1/defaults.go and its siblings, 1.37), so that an object read
 * back differs from the one sent just as it does there. Changes the object; does the same again without effect.
 */
export function setDefaults(resource: Resource, object: KubeObject): void {
  // Go structs are always there: code behind this relies on it.
  if (schemaOf(resource.schema).fields.get("spec")?.kind === "struct") object.spec ??= {};
  switch (resource.kind) {
    case "Pod":
      defaultPod(object as Pod);
      return;
    case "StatefulSet":
      defaultStatefulSet(object as StatefulSet);
      return;
    case "PersistentVolumeClaim":
      defaultClaim(object as Claim);
      return;
    case "PersistentVolume": {
      const volume = object as PersistentVolume;
      volume.spec ??= {};
      volume.spec.persistentVolumeReclaimPolicy ??= "Retain";
      volume.spec.volumeMode ??= "Filesystem";
      volume.status ??= {};
      volume.status.phase ??= "Pending";
      return;
    }
    case "Service":
      defaultService(object);
      return;
    case "Secret": {
      const secret = object as Secret;
      secret.type ??= "Opaque";
      for (const [key, text] of Object.entries(secret.stringData ?? {})) {
        secret.data ??= {};
        secret.data[key] = Buffer.from(text).toString("base64");
      }
      delete secret.stringData;
      return;
    }
    case "StorageClass": {
      const storageClass = object as StorageClass;
      storageClass.reclaimPolicy ??= "Delete";
      storageClass.volumeBindingMode ??= "Immediate";
      return;
    }
    case "Namespace": {
      const namespace = object as Namespace;
      const { name } = namespace.metadata;
      if (name !== undefined) {
        namespace.metadata.labels = { ...namespace.metadata.labels, "kubernetes.io/metadata.name": name };
      }
      namespace.spec ??= {};
      namespace.status ??= {};
      namespace.status.phase ??= "Active";
      return;
    }
    case "Node": {
      const node = object as Node;
      node.spec ??= {};
      node.status ??= {};
      if (node.status.capacity !== undefined) node.status.allocatable ??= node.status.capacity;
      return;
    }
    case "PodDisruptionBudget": {
      const budget = object as DisruptionBudget;
      budget.spec ??= {};
      budget.status ??= { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
      return;
    }
    case "NetworkPolicy":
      defaultNetworkPolicy(object);
      return;
    case "CertificateSigningRequest":
    case "ResourceQuota":
      object.status ??= {};
      return;
    default:
      return;
  }
}

function defaultPod(pod: Pod): void {
  pod.status ??= {};
  pod.status.phase ??= "Pending";
  const spec = pod.spec;
  defaultPodSpec(spec);
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
    if (container.resources?.limits === undefined) continue;
    container.resources.requests = { ...container.resources.limits, ...container.resources.requests };
  }
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork !== true) return;
  for (const container of spec.containers)
    for (const port of container.ports ?? []) port.hostPort ??= port.containerPort;
}

function defaultPodSpec(spec: PodSpec): void {
  spec.containers ??= [];
  spec.restartPolicy ??= "Always";
  spec.dnsPolicy ??= "ClusterFirst";
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ??= "default-scheduler";
  if (spec.serviceAccountName === undefined && spec.serviceAccount !== undefined) {
    spec.serviceAccountName = spec.serviceAccount;
  }
  if (spec.serviceAccountName !== undefined) spec.serviceAccount = spec.serviceAccountName;
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) defaultContainer(container);
  for (const volume of spec.volumes ?? []) {
    for (const source of [volume.configMap, volume.secret, volume.downwardAPI, volume.projected]) {
      if (source !== undefined) (source as { defaultMode?: number }).defaultMode ??= 420;
    }
    const items = [...(volume.downwardAPI?.items ?? [])];
    for (const source of volume.projected?.sources ?? []) items.push(...(source.downwardAPI?.items ?? []));
    for (const item of items) defaultFieldRef(item.fieldRef);
  }
}

function defaultFieldRef(reference: { fieldPath: string; apiVersion?: string } | undefined): void {
  if (reference !== undefined) reference.apiVersion ??= "v1";
}

function defaultContainer(container: Container): void {
  container.imagePullPolicy ??=
    /[:@][^/]+$/.test(container.image ?? "") && !/:latest$/.test(container.image ?? "") ? "IfNotPresent" : "Always";
  container.terminationMessagePath ??= "/dev/termination-log";
  container.terminationMessagePolicy ??= "File";
  container.resources ??= {};
  for (const port of container.ports ?? []) port.protocol ??= "TCP";
  for (const variable of container.env ?? []) defaultFieldRef(variable.valueFrom?.fieldRef);
  for (const probe of [container.readinessProbe, container.startupProbe, container.livenessProbe]) {
    if (probe === undefined) continue;
    const target = probe as Record<string, unknown>;
    target.timeoutSeconds ??= 1;
    target.periodSeconds ??= 10;
    target.successThreshold ??= 1;
    target.failureThreshold ??= 3;
    const http = target.httpGet as { scheme?: string } | undefined;
    if (http !== undefined) http.scheme ??= "HTTP";
  }
}

function defaultClaim(claim: Claim): void {
  claim.spec ??= {};
  claim.spec.volumeMode ??= "Filesystem";
  claim.status ??= {};
  claim.status.phase ??= "Pending";
}

function defaultStatefulSet(set: StatefulSet): void {
  const spec = set.spec;
  spec.template ??= { spec: { containers: [] } };
  spec.template.spec ??= { containers: [] };
  spec.replicas ??= 1;
  spec.podManagementPolicy ??= "OrderedReady";
  spec.revisionHistoryLimit ??= 10;
  spec.updateStrategy ??= {};
  spec.updateStrategy.type ??= "RollingUpdate";
  if (spec.updateStrategy.type === "RollingUpdate") {
    spec.updateStrategy.rollingUpdate ??= {};
    spec.updateStrategy.rollingUpdate.partition ??= 0;
    spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
  }
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ??= "Retain";
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ??= "Retain";
  defaultPodSpec(spec.template.spec);
  for (const template of spec.volumeClaimTemplates ?? []) {
    template.metadata ??= { name: "" };
    const claim = template as unknown as Claim;
    claim.apiVersion = "v1";
    claim.kind = "PersistentVolumeClaim";
    defaultClaim(claim);
  }
  set.status ??= { replicas: 0, availableReplicas: 0 };
}

function defaultService(service: KubeObject): void {
  const spec = (service.spec ?? {}) as Record<string, unknown>;
  service.spec = spec;
  spec.type ??= "ClusterIP";
  spec.sessionAffinity ??= "None";
  if (spec.type !== "ExternalName") {
    spec.internalTrafficPolicy ??= "Cluster";
    spec.ipFamilies ??= ["IPv4"];
    spec.ipFamilyPolicy ??= "SingleStack";
  }
  if (spec.type === "LoadBalancer" || spec.type === "NodePort") spec.externalTrafficPolicy ??= "Cluster";
  if (spec.type === "LoadBalancer") spec.allocateLoadBalancerNodePorts ??= true;
  for (const port of (spec.ports ?? []) as Record<string, unknown>[]) {
    port.protocol ??= "TCP";
    port.targetPort ??= port.port;
  }
  service.status ??= { loadBalancer: {} };
}

function defaultNetworkPolicy(policy: KubeObject): void {
  const spec = (policy.spec ?? {}) as Record<string, unknown>;
  policy.spec = spec;
  spec.podSelector ??= {};
  spec.policyTypes ??= Array.isArray(spec.egress) ? ["Ingress", "Egress"] : ["Ingress"];
  for (const rule of [...((spec.ingress ?? []) as Rule[]), ...((spec.egress ?? []) as Rule[])]) {
    for (const port of rule.ports ?? []) port.protocol ??= "TCP";
  }
}

interface Rule {
  ports?: { protocol?: string }[];
}
