import type { KubeObject } from "../kubernetes/objects.ts";
import type { ApiResponse } from "../kubernetes/request.ts";
import type { World } from "./world.ts";

/** Builders for this folder's tests: what Berth's loops would do, by hand. */

/** A call of the cluster's administrator; must succeed. */
export function kube<T = KubeObject>(world: World, method: string, path: string, body?: unknown): T {
  const answer: ApiResponse = world.kubernetes.handle({
    method,
    path,
    body,
    headers: { authorization: `Bearer ${world.kubernetes.adminToken}`, "content-type": "application/json" },
  });
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body as T;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** Puts a bootstrap token there and launches the machine that was given it; gives the instance's id. */
export function launchMachine(
  world: World,
  nodeName: string,
  zone: string,
  over: { readonly endpoint?: string; readonly instanceType?: string; readonly clientToken?: string } = {},
): string {
  const id = nodeName
    .replaceAll(/[^a-z0-9]/g, "")
    .slice(-6)
    .padStart(6, "0");
  const secret = `${id}0123456789`;
  const path = `/api/v1/namespaces/kube-system/secrets`;
  if (
    !world.kubernetes.objects("Secret", "kube-system").some(({ metadata }) => metadata.name === `bootstrap-token-${id}`)
  ) {
    kube(world, "POST", path, {
      metadata: { name: `bootstrap-token-${id}`, namespace: "kube-system" },
      type: "bootstrap.kubernetes.io/token",
      data: {
        "token-id": base64(id),
        "token-secret": base64(secret),
        "usage-bootstrap-authentication": base64("true"),
        "auth-extra-groups": base64("system:bootstrappers:berth"),
      },
    });
  }
  const join = {
    apiServerEndpoint: over.endpoint ?? "https://127.0.0.1:6443",
    caCertData: base64(world.kubernetes.authority.certificatePem),
    token: `${id}.${secret}`,
    nodeName,
    labels: { "berth.dev/pool": "general" },
    taints: [],
    maxPods: 22,
  };
  const script = `#!/bin/bash\ncat > /etc/join <<'JOIN'\n# berth-join-begin\n${JSON.stringify(join)}\n# berth-join-end\nJOIN\n`;
  const [view] = world.ec2.runInstances({
    imageId: "ami-0123456789abcdef0",
    instanceType: over.instanceType ?? "m7i.2xlarge",
    minCount: 1,
    maxCount: 1,
    zone,
    userData: base64(script),
    tags: {},
    blockDevices: [],
    securityGroupIds: [],
    clientToken: over.clientToken,
  });
  return view?.instance.id ?? "";
}

interface SigningRequest extends KubeObject {
  readonly status?: { readonly conditions?: readonly unknown[] };
}

/** Approves every certificate request that waits; gives how many. */
export function approveAll(world: World): number {
  const path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
  const waiting = (world.kubernetes.objects("CertificateSigningRequest") as SigningRequest[]).filter(
    ({ status }) => (status?.conditions ?? []).length === 0,
  );
  for (const request of waiting) {
    const condition = { type: "Approved", status: "True", reason: "Test", message: "" };
    kube(world, "PUT", `${path}/${request.metadata.name}/approval`, {
      ...request,
      status: { conditions: [condition] },
    });
  }
  return waiting.length;
}

interface NodeObject extends KubeObject {
  readonly spec: { readonly providerID?: string };
  readonly status: {
    readonly allocatable?: Readonly<Record<string, string>>;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

export function nodes(world: World): readonly NodeObject[] {
  return world.kubernetes.objects("Node") as unknown as NodeObject[];
}

export function readyNodes(world: World): readonly string[] {
  const isReady = ({ status }: NodeObject) =>
    status.conditions?.some((one) => one.type === "Ready" && one.status === "True");
  return nodes(world)
    .filter(isReady)
    .map(({ metadata }) => metadata.name);
}

const NAMESPACE = "cl-test";

/** A set of three Elasticsearch instances as Berth lays them out, without gates and security. */
export function applyCluster(world: World): void {
  const config = [
    "cluster.name: cl-test",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the engine expands it.
    "node.name: ${POD_NAME}",
    "discovery.seed_providers: file",
    "cluster.initial_master_nodes: [data-0, data-1, data-2]",
    "xpack.security.enabled: false",
  ].join("\n");
  kube(world, "POST", "/api/v1/namespaces", { metadata: { name: NAMESPACE } });
  const maps = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
  kube(world, "POST", maps, { metadata: { name: "data-config" }, data: { "elasticsearch.yml": config } });
  kube(world, "POST", maps, { metadata: { name: "seed-hosts" }, data: { "unicast_hosts.txt": "" } });
  kube(world, "POST", `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets`, {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "data" },
    spec: {
      replicas: 3,
      serviceName: "nodes",
      podManagementPolicy: "Parallel",
      updateStrategy: { type: "OnDelete" },
      selector: { matchLabels: { app: "es" } },
      template: {
        metadata: { labels: { app: "es" } },
        spec: {
          affinity: {
            podAntiAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: [
                { labelSelector: { matchLabels: { app: "es" } }, topologyKey: "kubernetes.io/hostname" },
              ],
            },
          },
          containers: [
            {
              name: "engine",
              image: "docker.elastic.co/elasticsearch/elasticsearch:8.19.21",
              env: [{ name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
              resources: { requests: { cpu: "500m", memory: "2Gi" }, limits: { cpu: "1", memory: "2Gi" } },
              volumeMounts: [
                { name: "data", mountPath: "/usr/share/elasticsearch/data" },
                { name: "config", mountPath: "/berth/config" },
                { name: "seed-hosts", mountPath: "/berth/seed-hosts" },
              ],
            },
          ],
          volumes: [
            { name: "config", configMap: { name: "data-config" } },
            { name: "seed-hosts", configMap: { name: "seed-hosts" } },
          ],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: "data" },
          spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Gi" } } },
        },
      ],
    },
  });
}

interface PodObject extends KubeObject {
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

export function pods(world: World): readonly PodObject[] {
  return world.kubernetes.objects("Pod", NAMESPACE) as unknown as PodObject[];
}

export function readyPods(world: World): readonly string[] {
  const isReady = ({ status }: PodObject) =>
    status.conditions?.some((one) => one.type === "Ready" && one.status === "True");
  return pods(world)
    .filter(isReady)
    .map(({ metadata }) => metadata.name)
    .sort();
}

export function podAddresses(world: World): readonly string[] {
  return pods(world).flatMap(({ status }) => status.podIP ?? []);
}

/** Writes the addresses that pods have now into the seed file. */
export function publishSeeds(world: World): void {
  const path = `/api/v1/namespaces/${NAMESPACE}/configmaps/seed-hosts`;
  const map = kube<KubeObject & { data: Record<string, string> }>(world, "GET", path);
  kube(world, "PUT", path, { ...map, data: { "unicast_hosts.txt": podAddresses(world).join("\n") } });
}
