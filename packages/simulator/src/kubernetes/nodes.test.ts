import { describe, expect, it } from "vitest";
import type { PodRuntime } from "../pod-runtime.ts";
import type { CertificateSigningRequest, Lease, Node } from "./objects.ts";
import { machine, NAMESPACE, POD_LIST, podBody, podPath, type TestCluster, testCluster } from "./testing.ts";

const REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
const TOKEN = { id: "abcdef", secret: "0123456789abcdef" };
const MERGE = { type: "application/merge-patch+json" };

function addToken(cluster: TestCluster, over: Record<string, string> = {}): string {
  const stringData = {
    "token-id": TOKEN.id,
    "token-secret": TOKEN.secret,
    "usage-bootstrap-authentication": "true",
    "auth-extra-groups": "system:bootstrappers:berth",
    expiration: new Date(cluster.clock.now() + 600_000).toISOString(),
    ...over,
  };
  cluster.must("POST", "/api/v1/namespaces/kube-system/secrets", {
    metadata: { name: `bootstrap-token-${TOKEN.id}` },
    type: "bootstrap.kubernetes.io/token",
    stringData,
  });
  return `${TOKEN.id}.${TOKEN.secret}`;
}

const requests = (cluster: TestCluster): CertificateSigningRequest[] =>
  cluster.model.objects("CertificateSigningRequest") as CertificateSigningRequest[];

function approve(cluster: TestCluster, name: string, type = "Approved"): void {
  const conditions = [{ type, status: "True", reason: "Berth", message: "launched by Berth" }];
  cluster.must("PATCH", `${REQUESTS}/${name}/approval`, { status: { conditions } }, MERGE);
}

const nodeOf = (cluster: TestCluster, name: string): Node => cluster.must<Node>("GET", `/api/v1/nodes/${name}`);
const readyOf = (cluster: TestCluster, name: string): string | undefined =>
  nodeOf(cluster, name).status.conditions?.find((each) => each.type === "Ready")?.status;

describe("a machine that joins", () => {
  it("asks with its token, waits for approval, and becomes its own Node", () => {
    const cluster = testCluster();
    const node = cluster.model.kubelets.join(
      { token: addToken(cluster), nodeName: "mac-1", labels: { "berth.dev/pool": "hot" }, maxPods: 29 },
      machine("b"),
    );
    cluster.clock.advance(60_000);
    const [request] = requests(cluster);
    expect(request?.spec).toMatchObject({
      signerName: "kubernetes.io/kube-apiserver-client-kubelet",
      username: "system:bootstrap:abcdef",
      groups: expect.arrayContaining(["system:bootstrappers:berth"]),
    });
    expect(request?.status.certificate).toBeUndefined();
    expect(cluster.refused("GET", "/api/v1/nodes/mac-1").code).toBe(404);

    cluster.must("DELETE", `/api/v1/namespaces/kube-system/secrets/bootstrap-token-${TOKEN.id}`);
    approve(cluster, request?.metadata.name ?? "");
    cluster.clock.advance(2_000);
    expect(node.isOpen()).toBe(true);
    expect(nodeOf(cluster, "mac-1")).toMatchObject({
      metadata: {
        labels: {
          "berth.dev/pool": "hot",
          "topology.kubernetes.io/zone": "eu-central-1b",
          "topology.kubernetes.io/region": "eu-central-1",
        },
      },
      status: { allocatable: { pods: "29" } },
    });
  });

  it.each([
    ["is unknown", { "token-secret": "ffffffffffffffff" }],
    ["has expired", { expiration: "2025-01-01T00:00:00Z" }],
    ["is not for authentication", { "usage-bootstrap-authentication": "false" }],
  ])("gets nowhere when its token %s", (_why, over) => {
    const cluster = testCluster();
    const token = addToken(cluster, over);
    const node = cluster.model.kubelets.join({ token, nodeName: "mac-1" }, machine("a"));
    cluster.clock.advance(10_000);
    expect(requests(cluster)).toEqual([]);
    expect(node.lastRefusal()).toBe("401 Unauthorized");
  });

  it("asks again when it is denied", () => {
    const cluster = testCluster();
    cluster.model.kubelets.join({ token: addToken(cluster), nodeName: "mac-1" }, machine("a"));
    cluster.clock.advance(1_000);
    approve(cluster, requests(cluster)[0]?.metadata.name ?? "", "Denied");
    cluster.clock.advance(5_000);
    expect(requests(cluster)).toHaveLength(2);
  });

  it("may with its token do nothing but ask", () => {
    const cluster = testCluster();
    const token = addToken(cluster);
    expect(cluster.refused("GET", "/api/v1/pods", undefined, { token }).code).toBe(403);
    expect(cluster.refused("POST", "/api/v1/nodes", { metadata: { name: "mine" } }, { token }).code).toBe(403);
  });

  it("may as a node write only itself, its lease and its pods", () => {
    const cluster = testCluster({ nodes: 2 });
    const user = { username: "system:node:n0", groups: ["system:nodes", "system:authenticated"] };
    const as = (method: string, path: string, body: unknown) =>
      cluster.model.handle({ method, path, body, user, headers: { "content-type": "application/merge-patch+json" } })
        .status;
    const spec = { spec: { unschedulable: true } };
    expect(as("PATCH", "/api/v1/nodes/n0", spec)).toBe(200);
    expect(as("PATCH", "/api/v1/nodes/n1", spec)).toBe(403);
    expect(as("DELETE", "/api/v1/nodes/n0", {})).toBe(403);
    const lease = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
    expect(as("PATCH", `${lease}/n0`, { spec: { leaseDurationSeconds: 40 } })).toBe(200);
    expect(as("PATCH", `${lease}/n1`, { spec: { leaseDurationSeconds: 40 } })).toBe(403);
    const labels = { "node-restriction.kubernetes.io/trusted": "yes" };
    expect(as("POST", "/api/v1/nodes", { metadata: { name: "n0", labels } })).toBe(403);
    expect(as("GET", `/api/v1/namespaces/${NAMESPACE}/secrets/any`, undefined)).toBe(403);
  });
});

describe("a node", () => {
  it("keeps its lease", () => {
    const cluster = testCluster({ nodes: 1 });
    const read = (): string | undefined =>
      cluster.must<Lease>("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n0").spec.renewTime;
    const before = read();
    cluster.clock.advance(10_000);
    expect(Date.parse(read() ?? "")).toBeGreaterThan(Date.parse(before ?? ""));
  });

  it("that dies becomes Unknown and tainted, and its pods are deleted but stay until they are fenced", () => {
    const stopped: string[] = [];
    const runtime: PodRuntime = {
      start: () => undefined,
      refreshFiles: () => undefined,
      isReady: () => true,
      stop: (uid) => stopped.push(uid),
      discardClaim: () => undefined,
    };
    const cluster = testCluster({ nodes: 1, deps: { podRuntime: runtime } });
    cluster.must("POST", POD_LIST, podBody("p"));
    cluster.clock.advance(3_000);
    const { uid = "" } = cluster.pod("p").metadata;
    cluster.model.kubelets.vanish("n0");
    expect(stopped).toContain(uid);
    cluster.clock.advance(15_000);
    expect(readyOf(cluster, "n0")).toBe("Unknown");
    expect(nodeOf(cluster, "n0").spec.taints?.map((taint) => [taint.key, taint.effect])).toEqual([
      ["node.kubernetes.io/unreachable", "NoSchedule"],
      ["node.kubernetes.io/unreachable", "NoExecute"],
    ]);
    expect(cluster.pod("p").status.conditions?.find((each) => each.type === "Ready")?.status).toBe("False");
    expect(cluster.pod("p").metadata.deletionTimestamp).toBeUndefined();
    cluster.clock.advance(310_000);
    expect(cluster.pod("p").metadata.deletionTimestamp).toBeDefined();
    cluster.clock.advance(600_000);
    expect(cluster.pods()).toHaveLength(1);
    const taints = [{ key: "node.kubernetes.io/out-of-service", value: "nodeshutdown", effect: "NoExecute" }];
    cluster.must("PATCH", "/api/v1/nodes/n0", { spec: { taints } }, { type: "application/strategic-merge-patch+json" });
    cluster.clock.advance(5_000);
    expect(cluster.pods()).toEqual([]);
  });

  it("whose object is deleted loses its pods", () => {
    const cluster = testCluster({ nodes: 1 });
    cluster.must("POST", POD_LIST, podBody("p"));
    cluster.clock.advance(3_000);
    cluster.model.kubelets.remove("n0");
    cluster.clock.advance(5_000);
    expect(cluster.pods()).toEqual([]);
    expect(cluster.model.objects("Lease", "kube-node-lease")).toEqual([]);
  });

  it("that was only cut off comes back, with the pods that nobody deleted meanwhile", () => {
    const cluster = testCluster({ nodes: 1 });
    cluster.must("POST", POD_LIST, podBody("p"));
    cluster.clock.advance(3_000);
    cluster.model.kubelets.freeze("n0");
    cluster.clock.advance(20_000);
    expect(readyOf(cluster, "n0")).toBe("Unknown");
    cluster.must("DELETE", podPath("p"));
    cluster.clock.advance(60_000);
    expect(cluster.pods()).toHaveLength(1);
    cluster.model.kubelets.thaw("n0");
    cluster.clock.advance(10_000);
    expect(readyOf(cluster, "n0")).toBe("True");
    expect(nodeOf(cluster, "n0").spec.taints).toBeUndefined();
    expect(cluster.pods()).toEqual([]);
  });

  it("made by hand is run when it is marked for it", () => {
    const cluster = testCluster();
    cluster.must("POST", "/api/v1/nodes", {
      metadata: { name: "hand", annotations: { "simulator.berth.dev/kubelet": "true" } },
      status: { capacity: { cpu: "4", memory: "8Gi", pods: "10" } },
    });
    cluster.must("POST", POD_LIST, podBody("p"));
    cluster.clock.advance(5_000);
    expect(cluster.pod("p")).toMatchObject({ spec: { nodeName: "hand" }, status: { phase: "Running" } });
  });

  it("that nobody runs and nobody reports becomes unreachable", () => {
    const cluster = testCluster();
    cluster.must("POST", "/api/v1/nodes", { metadata: { name: "hand" } });
    const conditions = [{ type: "Ready", status: "True" }];
    cluster.must("PATCH", "/api/v1/nodes/hand/status", { status: { conditions } }, MERGE);
    cluster.clock.advance(2_000);
    expect(nodeOf(cluster, "hand").spec.taints).toBeUndefined();
    cluster.clock.advance(15_000);
    expect(readyOf(cluster, "hand")).toBe("Unknown");
  });
});

describe("a volume of a dead machine", () => {
  it("stays with it until the machine is fenced, so that two never write to it", () => {
    const cluster = testCluster();
    for (const name of ["n0", "n1"]) cluster.model.kubelets.add({ nodeName: name }, machine("a"));
    cluster.clock.advance(2_000);
    const claims = POD_LIST.replace("pods", "persistentvolumeclaims");
    const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
    cluster.must("POST", claims, { metadata: { name: "c" }, spec });
    const using = (node: string): Record<string, unknown> => ({
      volumes: [{ name: "d", persistentVolumeClaim: { claimName: "c" } }],
      nodeSelector: { "kubernetes.io/hostname": node },
    });
    cluster.must("POST", POD_LIST, podBody("one", using("n0")));
    cluster.clock.advance(3_000);
    cluster.model.kubelets.vanish("n0");
    cluster.must("DELETE", podPath("one"), { gracePeriodSeconds: 0 });
    cluster.must("POST", POD_LIST, podBody("two", using("n1")));
    cluster.clock.advance(120_000);
    expect(cluster.pod("two").status.phase).toBe("Pending");
    const messages = cluster.model
      .objects("Event", NAMESPACE)
      .map((event) => (event as { message?: string }).message ?? "");
    expect(messages.some((message) => message.includes("Multi-Attach error"))).toBe(true);
    const taints = [{ key: "node.kubernetes.io/out-of-service", effect: "NoExecute" }];
    cluster.must("PATCH", "/api/v1/nodes/n0", { spec: { taints } }, MERGE);
    cluster.clock.advance(5_000);
    expect(cluster.pod("two").status.phase).toBe("Running");
  });
});
