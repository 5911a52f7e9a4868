import { formatCpuMilli, formatMebibytes, holdsData, isMasterEligible, LABELS, SCHEDULING_GATE } from "@berth/domain";
import type { StatefulSet } from "@berth/ports";
import { configMapNameOf, SEED_HOSTS } from "./config-maps.ts";
import { READINESS_PORT, staticSettingsOf } from "./engine-config.ts";
import { hashOf } from "./hash.ts";
import {
  type Anchor,
  type ClusterManifestInput,
  identityLabels,
  type ManifestComponent,
  ownedMeta,
  podLabels,
} from "./input.ts";
import { HTTP_PORT, TRANSPORT_PORT } from "./network-policies.ts";
import { PREPARE_SCRIPT } from "./prepare.ts";
import { TLS_SECRET, USERS_SECRET } from "./secrets.ts";
import { NODES_SERVICE } from "./services.ts";

export const TEMPLATE_HASH = "berth.dev/template-hash";
export const ENGINE_CONTAINER = "engine";

const USER_ID = 1000;
const HOST_NAME = "kubernetes.io/hostname";
/** Heap at most: above it the JVM gives up compressed pointers. */
const MAX_HEAP_MIB = 31 * 1024;

type Fields = Readonly<Record<string, unknown>>;

/**
 * One component: its pods, all started together (masters wait for each other), restarted by us alone (OnDelete), each held
 * by a gate until a placement names its node; volumes outlive everything but our own garbage collection.
 *
 * Nothing that changes without a restart is in the template, so a template differs from a running pod exactly when the
 * desired release does.
 */
export function statefulSetManifest(
  input: ClusterManifestInput,
  anchor: Anchor,
  component: ManifestComponent,
): StatefulSet {
  const labels = podLabels(input, component);
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: ownedMeta(input, anchor, component.name, {
      [LABELS.component]: component.name,
      [LABELS.version]: input.engine.version,
    }),
    spec: {
      replicas: component.instances,
      serviceName: NODES_SERVICE,
      podManagementPolicy: "Parallel",
      updateStrategy: { type: "OnDelete" },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
      revisionHistoryLimit: 3,
      selector: { matchLabels: componentSelector(input, component) },
      template: {
        metadata: { labels, annotations: { [TEMPLATE_HASH]: templateHashOf(input, component) } },
        spec: podSpecOf(input, component),
      },
      volumeClaimTemplates: [
        {
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
          // Claim templates are immutable: only labels that a component keeps for life, so neither its size nor its roles.
          metadata: { name: "data", labels: { ...identityLabels(input), [LABELS.component]: component.name } },
          spec: {
            accessModes: ["ReadWriteOnce"],
            volumeMode: "Filesystem",
            storageClassName: input.storageClass,
            resources: { requests: { storage: formatMebibytes(component.storageMib) } },
          },
        },
      ],
    },
  };
}

/** What selects a component's pods: immutable in a StatefulSet, so only ids. */
export function componentSelector(input: ClusterManifestInput, component: ManifestComponent): Record<string, string> {
  return { [LABELS.cluster]: input.clusterId, [LABELS.component]: component.name };
}

/**
 * Hash of what needs a restart to change: image, resources, roles, static settings. Not of seed hosts, first masters,
 * certificates or labels. A release of ours that builds another template for the same inputs keeps the hash, so that it
 * restarts nobody (ECK #7842).
 */
export function templateHashOf(input: ClusterManifestInput, component: ManifestComponent): string {
  return hashOf({
    image: input.engine.image,
    memoryMib: component.memoryMib,
    cpuMilli: component.cpuMilli,
    cpuLimitMilli: component.cpuLimitMilli,
    roles: [...component.roles].sort(),
    settings: staticSettingsOf(input.engine.engine, component),
  });
}

function podSpecOf(input: ClusterManifestInput, component: ManifestComponent): Fields {
  const home = homeOf(input);
  const engineYml = `${input.engine.engine}.yml`;
  return {
    schedulingGates: [{ name: SCHEDULING_GATE }],
    affinity: affinityOf(input, component),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 180,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER_ID,
      runAsGroup: USER_ID,
      fsGroup: USER_ID,
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" },
      appArmorProfile: { type: "RuntimeDefault" },
    },
    initContainers: [
      {
        name: "prepare",
        image: input.engine.image,
        command: ["/bin/bash", "-c", PREPARE_SCRIPT],
        env: [
          { name: "ENGINE_HOME", value: home },
          { name: "ENGINE_YML", value: engineYml },
        ],
        resources: resourcesOf(component),
        securityContext: CONTAINER_SECURITY,
        volumeMounts: [
          { name: "config", mountPath: "/berth/target" },
          { name: "component-config", mountPath: "/berth/config", readOnly: true },
          { name: "tls", mountPath: "/berth/tls", readOnly: true },
          { name: "users", mountPath: "/berth/users", readOnly: true },
          { name: "tmp", mountPath: "/tmp" },
        ],
      },
    ],
    containers: [
      {
        name: ENGINE_CONTAINER,
        image: input.engine.image,
        env: envOf(input, component),
        ports: [
          { name: "https", containerPort: HTTP_PORT, protocol: "TCP" },
          { name: "transport", containerPort: TRANSPORT_PORT, protocol: "TCP" },
        ],
        resources: resourcesOf(component),
        securityContext: CONTAINER_SECURITY,
        ...probesOf(input),
        lifecycle: { preStop: { sleep: { seconds: 20 } } },
        volumeMounts: [
          { name: "data", mountPath: `${home}/data` },
          { name: "logs", mountPath: `${home}/logs` },
          { name: "config", mountPath: `${home}/config` },
          { name: "tmp", mountPath: "/tmp" },
          { name: "seed-hosts", mountPath: "/berth/seed-hosts", readOnly: true },
          { name: "tls", mountPath: "/berth/tls", readOnly: true },
          { name: "users", mountPath: "/berth/users", readOnly: true },
        ],
      },
    ],
    volumes: [
      { name: "config", emptyDir: { sizeLimit: "64Mi" } },
      { name: "logs", emptyDir: { sizeLimit: "1Gi" } },
      { name: "tmp", emptyDir: { sizeLimit: "512Mi" } },
      { name: "component-config", configMap: { name: configMapNameOf(component), defaultMode: 0o440 } },
      { name: "seed-hosts", configMap: { name: SEED_HOSTS, defaultMode: 0o444 } },
      { name: "tls", secret: { secretName: TLS_SECRET, defaultMode: 0o440 } },
      { name: "users", secret: { secretName: USERS_SECRET, defaultMode: 0o440 } },
    ],
  };
}

export function homeOf(input: ClusterManifestInput): string {
  return `/usr/share/${input.engine.engine}`;
}

/** The `restricted` profile asks for all of these of every container, init containers too; read-only root is ours. */
const CONTAINER_SECURITY = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  privileged: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  seccompProfile: { type: "RuntimeDefault" },
};

/** Memory request equals limit, always: a kube full of pods that keep their word never kills one for another. */
function resourcesOf(component: ManifestComponent): Fields {
  const memory = formatMebibytes(component.memoryMib);
  const limit = Math.max(component.cpuMilli, component.cpuLimitMilli);
  return {
    requests: { cpu: formatCpuMilli(component.cpuMilli), memory, "ephemeral-storage": "512Mi" },
    limits: { cpu: formatCpuMilli(limit), memory, "ephemeral-storage": "2Gi" },
  };
}

/**
 * At most one data and one master-eligible instance of the cluster on a node, as the packer plans it: the second wall.
 * The field is always there, so that the gate patch can add a node affinity beside it.
 */
function affinityOf(input: ClusterManifestInput, component: ManifestComponent): Fields {
  const apartFrom = (labels: Readonly<Record<string, string>>): Fields => ({
    labelSelector: { matchLabels: { [LABELS.cluster]: input.clusterId, ...labels } },
    topologyKey: HOST_NAME,
  });
  const required: Fields[] = [];
  if (holdsData(component.roles)) required.push(apartFrom({ [LABELS.holdsData]: "true" }));
  if (isMasterEligible(component.roles)) required.push(apartFrom({ [LABELS.masterEligible]: "true" }));
  if (required.length > 0) return { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } };
  const preferred = { weight: 100, podAffinityTerm: apartFrom({ [LABELS.component]: component.name }) };
  return { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [preferred] } };
}

function envOf(input: ClusterManifestInput, component: ManifestComponent): Fields[] {
  const field = (name: string, fieldPath: string): Fields => ({
    name,
    valueFrom: { fieldRef: { apiVersion: "v1", fieldPath } },
  });
  const env: Fields[] = [
    field("POD_NAME", "metadata.name"),
    field("POD_IP", "status.podIP"),
    // Set with the gate patch, so it is there before any container starts.
    field("ZONE", `metadata.labels['${LABELS.zone}']`),
  ];
  if (input.engine.engine === "opensearch") {
    env.push(
      { name: "DISABLE_INSTALL_DEMO_CONFIG", value: "true" },
      { name: "DISABLE_PERFORMANCE_ANALYZER_AGENT_CLI", value: "true" },
    );
  }
  if (!input.engine.capabilities.autoHeap) {
    const heapMib = Math.min(MAX_HEAP_MIB, Math.floor(component.memoryMib / 2));
    env.push({ name: "OPENSEARCH_JAVA_OPTS", value: `-Xms${heapMib}m -Xmx${heapMib}m` });
  }
  return env;
}

/** No liveness probe, on purpose: an engine under load that is killed for it only makes the load worse. */
function probesOf(input: ClusterManifestInput): Fields {
  const startupProbe = {
    tcpSocket: { port: TRANSPORT_PORT },
    periodSeconds: 10,
    timeoutSeconds: 5,
    failureThreshold: 60,
    successThreshold: 1,
  };
  const readiness = input.engine.capabilities.readinessPort
    ? { tcpSocket: { port: READINESS_PORT } }
    : { exec: { command: ["/bin/bash", "-c", ANSWERS_BY_LOGIN] } };
  return {
    startupProbe,
    readinessProbe: { ...readiness, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3, successThreshold: 1 },
  };
}

/** Ready once a request without a password is refused as such: before its security index is there, OpenSearch says 503. */
const ANSWERS_BY_LOGIN = `[ "$(curl -ks -o /dev/null -m 4 -w '%{http_code}' "https://$POD_IP:${HTTP_PORT}/")" = 401 ]`;
