import { randomBytes } from "node:crypto";
import type { KubernetesOptions } from "@berth/kubernetes";
import type { Kubernetes, Namespace, Pod } from "@berth/ports";
import { waitFor } from "../../wait-for.ts";
import type { ConformanceCase } from "../case.ts";

export interface NodeToAdd {
  readonly name: string;
  readonly zone: string;
  readonly cpu: string;
  readonly memory: string;
}

export interface KubernetesEnv {
  /** How long the slowest controller may take. */
  readonly patienceMs: number;
  /** A class that provisions and waits for the first consumer. */
  readonly storageClass: string;
  /** Adds a ready node whose pods run and get ready by themselves, and go when they are deleted. */
  addNode(node: NodeToAdd): Promise<void>;
  /** The same kube through a connection of its own. */
  connect(options: KubernetesOptions): Kubernetes;
  /** The same kube as the holder of a bearer token sees it. */
  asToken(token: string): Kubernetes;
  /** The whole body of a GET, as text: for what no adapter shows. */
  rawGet(path: string): Promise<string>;
}

export type KubernetesCase = ConformanceCase<Kubernetes, KubernetesEnv>;

export const unique = (prefix: string): string => `${prefix}-${randomBytes(5).toString("hex")}`;

/** A namespace of the case's own, open for pods: its default service account is there. */
export async function newNamespace(
  kube: Kubernetes,
  labels: Readonly<Record<string, string>> = {},
): Promise<Namespace & { readonly metadata: { readonly uid: string } }> {
  const namespace = await kube.create<Namespace>({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: unique("case"), labels },
  });
  return { ...namespace, metadata: { ...namespace.metadata, uid: namespace.metadata.uid ?? "" } };
}

export interface PodOptions {
  readonly labels?: Readonly<Record<string, string>>;
  readonly gated?: boolean;
  readonly privileged?: boolean;
  readonly claim?: string;
  readonly memory?: string;
}

export const GATE = "berth.dev/placement";

/** A pod spec that the restricted profile lets in, unless it is asked for as privileged. */
export function podSpec(options: PodOptions = {}): Record<string, unknown> {
  const memory = options.memory ?? "64Mi";
  const resources = { requests: { cpu: "50m", memory }, limits: { cpu: "100m", memory } };
  return {
    ...(options.gated === true ? { schedulingGates: [{ name: GATE }] } : {}),
    affinity: { podAntiAffinity: {} },
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 1,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name: "main",
        image: "example.com/image:1",
        resources,
        securityContext:
          options.privileged === true
            ? { privileged: true, allowPrivilegeEscalation: true }
            : { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        volumeMounts: options.claim === undefined ? [] : [{ name: "data", mountPath: "/data" }],
      },
    ],
    volumes: options.claim === undefined ? [] : [{ name: "data", persistentVolumeClaim: { claimName: options.claim } }],
  };
}

export function pod(namespace: string, name: string, options: PodOptions = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels: options.labels ?? { app: "case" } },
    spec: podSpec(options) as unknown as Pod["spec"],
  };
}

/** The one patch by which Berth places a pod: tests, affinity to a node by its name, zone label, gate off. */
export async function liftGate(kube: Kubernetes, target: Pod, node: string, zone: string): Promise<Pod> {
  const fresh = await mustRead(kube, target);
  const term = { matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] };
  return await kube.patch("Pod", fresh.metadata, [
    { op: "test", path: "/metadata/uid", value: fresh.metadata.uid },
    { op: "test", path: "/metadata/resourceVersion", value: fresh.metadata.resourceVersion },
    {
      op: "add",
      path: "/spec/affinity/nodeAffinity",
      value: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } },
    },
    { op: "add", path: "/metadata/labels/topology.kubernetes.io~1zone", value: zone },
    { op: "replace", path: "/spec/schedulingGates", value: [] },
  ]);
}

/** As `liftGate`, again when the scheduler wrote its condition in between. */
export async function placeOn(kube: Kubernetes, env: KubernetesEnv, target: Pod, node: string, zone: string) {
  return await waitFor(() => liftGate(kube, target, node, zone), {
    timeoutMs: env.patienceMs,
    what: `the gate of ${target.metadata.name} to be lifted`,
  });
}

export async function mustRead(kube: Kubernetes, target: Pod): Promise<Pod> {
  const found = await kube.read("Pod", target.metadata);
  if (found === undefined) throw new Error(`pod ${target.metadata.name} is gone`);
  return found;
}

export function isReady(target: Pod | undefined): boolean {
  return target?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

export async function untilReady(kube: Kubernetes, env: KubernetesEnv, namespace: string, name: string): Promise<Pod> {
  return await waitFor(
    async () => {
      const found = await kube.read("Pod", { namespace, name });
      return isReady(found) ? found : undefined;
    },
    { timeoutMs: env.patienceMs, what: `pod ${name} to be ready` },
  );
}

export async function untilGone(
  env: KubernetesEnv,
  what: string,
  read: () => Promise<unknown | undefined>,
): Promise<void> {
  await waitFor(async () => (await read()) === undefined, { timeoutMs: env.patienceMs, what: `${what} to be gone` });
}
