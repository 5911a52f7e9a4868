import type { VirtualClock } from "../clock.ts";
import { virtualClock } from "../clock.ts";
import { seededRandom } from "../random.ts";
import type { Status } from "./api-error.ts";
import { createKubernetesModel, type KubernetesModel } from "./model.ts";
import type { MachineFacts } from "./node-object.ts";
import type { KubeObject, Pod } from "./objects.ts";
import type { KubernetesModelDeps } from "./options.ts";
import type { ApiResponse } from "./request.ts";

/** Builders for this folder's tests. */
export interface TestCluster {
  readonly clock: VirtualClock;
  readonly model: KubernetesModel;
  /** A call of the administrator. */
  call(method: string, path: string, body?: unknown, options?: CallOptions): ApiResponse;
  /** The same, and it must succeed: gives the body. */
  must<T = KubeObject>(method: string, path: string, body?: unknown, options?: CallOptions): T;
  /** The same, and it must be refused: gives the Status. */
  refused(method: string, path: string, body?: unknown, options?: CallOptions): Status;
  pod(name: string, namespace?: string): Pod;
  pods(namespace?: string): Pod[];
}

interface CallOptions {
  readonly type?: string;
  readonly query?: Record<string, string>;
  readonly token?: string;
}

export const NAMESPACE = "cl-test";
export const APPLY = { type: "application/apply-patch+yaml", query: { fieldManager: "berth" } } as const;
export const JSON_PATCH = { type: "application/json-patch+json" } as const;

/** A model on a virtual clock with a namespace and as many ready nodes as asked for, in zones a, b, c in turn. */
export function testCluster(
  facts: { nodes?: number; seed?: number; deps?: Partial<KubernetesModelDeps> } = {},
): TestCluster {
  const clock = virtualClock();
  const model = createKubernetesModel({ clock, random: seededRandom(facts.seed ?? 1), ...facts.deps });
  const call = (method: string, path: string, body?: unknown, options: CallOptions = {}): ApiResponse =>
    model.handle({
      method,
      path,
      body,
      query: options.query ?? {},
      headers: {
        authorization: `Bearer ${options.token ?? model.adminToken}`,
        "user-agent": "test/1",
        "content-type": options.type ?? "application/json",
      },
    });
  const cluster: TestCluster = {
    clock,
    model,
    call,
    must: <T>(method: string, path: string, body?: unknown, options?: CallOptions): T => {
      const answer = call(method, path, body, options);
      if (answer.status >= 400) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
      return answer.body as T;
    },
    refused: (method, path, body, options) => {
      const answer = call(method, path, body, options);
      if (answer.status < 400) throw new Error(`${method} ${path} was accepted`);
      return answer.body as Status;
    },
    pod: (name, namespace = NAMESPACE) => {
      const found = cluster.pods(namespace).find((pod) => pod.metadata.name === name);
      if (found === undefined) throw new Error(`no pod ${name}`);
      return found;
    },
    pods: (namespace = NAMESPACE) => model.objects("Pod", namespace) as Pod[],
  };
  cluster.must("POST", "/api/v1/namespaces", { metadata: { name: NAMESPACE } });
  const zones = ["a", "b", "c"];
  for (let index = 0; index < (facts.nodes ?? 0); index += 1) {
    model.kubelets.add({ nodeName: `n${index}` }, machine(zones[index % 3] ?? "a"));
  }
  clock.advance(2_000);
  return cluster;
}

export function machine(zone: string, over: Partial<MachineFacts> = {}): MachineFacts {
  return {
    machineType: "m7i.xlarge",
    zone: `eu-central-1${zone}`,
    providerId: `aws:///eu-central-1${zone}/i-0123456789abcdef0`,
    capacity: { cpu: "4", memory: "16Gi", pods: "58" },
    allocatable: { cpu: "3800m", memory: "14Gi", pods: "58" },
    ...over,
  };
}

export function podSpec(over: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    containers: [
      {
        name: "es",
        image: "docker.elastic.co/elasticsearch/elasticsearch:8.19.21",
        resources: { requests: { cpu: "500m", memory: "2Gi" }, limits: { cpu: "1", memory: "2Gi" } },
      },
    ],
    ...over,
  };
}

export function podBody(name: string, over: Record<string, unknown> = {}, labels: Record<string, string> = {}): object {
  return { apiVersion: "v1", kind: "Pod", metadata: { name, labels }, spec: podSpec(over) };
}

/** A set named `data` with one claim template, as Berth makes them. */
export function statefulSet(
  namespace: string,
  facts: {
    replicas?: number;
    gated?: boolean;
    spec?: Record<string, unknown>;
    pod?: Record<string, unknown>;
    image?: string;
  } = {},
): object {
  const gates = facts.gated === true ? { schedulingGates: [{ name: "berth.dev/placement" }] } : {};
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "data", namespace },
    spec: {
      replicas: facts.replicas ?? 3,
      serviceName: "nodes",
      podManagementPolicy: "Parallel",
      updateStrategy: { type: "OnDelete" },
      selector: { matchLabels: { app: "es" } },
      template: {
        metadata: { labels: { app: "es" } },
        spec: {
          ...podSpec(),
          containers: [
            {
              name: "es",
              image: facts.image ?? "docker.elastic.co/elasticsearch/elasticsearch:8.19.21",
              resources: { requests: { cpu: "500m", memory: "2Gi" }, limits: { cpu: "1", memory: "2Gi" } },
              volumeMounts: [{ name: "data", mountPath: "/usr/share/elasticsearch/data" }],
            },
          ],
          ...gates,
          ...facts.pod,
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: "data" },
          spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Gi" } } },
        },
      ],
      ...facts.spec,
    },
  };
}

export const STATEFUL_SET_PATH = `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets/data`;
export const podPath = (name: string): string => `/api/v1/namespaces/${NAMESPACE}/pods/${name}`;
export const POD_LIST = `/api/v1/namespaces/${NAMESPACE}/pods`;
