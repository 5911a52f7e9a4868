import { describe, expect, it } from "vitest";
import { JSON_PATCH, machine, POD_LIST, podBody, podPath, podSpec, type TestCluster, testCluster } from "./testing.ts";

const GATE = { schedulingGates: [{ name: "berth.dev/placement" }] };
const onNode = (name: string): object => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [name] }] }],
    },
  },
});
const apart = {
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { app: "x" } } },
    ],
  },
};
const asking = (cpu: string): object => ({
  containers: [{ name: "a", image: "x:1", resources: { requests: { cpu, memory: "1Gi" } } }],
});

function place(cluster: TestCluster, name: string, spec: object = {}, labels: Record<string, string> = {}): void {
  cluster.must("POST", POD_LIST, podBody(name, spec as Record<string, unknown>, labels));
  cluster.clock.advance(1_000);
}

const nodeOf = (cluster: TestCluster, name: string): string | undefined => cluster.pod(name).spec.nodeName;
const whyNot = (cluster: TestCluster, name: string): string | undefined =>
  cluster.pod(name).status.conditions?.find((each) => each.type === "PodScheduled" && each.status === "False")?.message;

describe("the scheduler", () => {
  it("leaves gated pods alone, and binds them once the gate is lifted to the node that the same patch names", () => {
    const cluster = testCluster({ nodes: 3 });
    place(cluster, "p", GATE);
    expect(nodeOf(cluster, "p")).toBeUndefined();
    const { uid, resourceVersion } = cluster.pod("p").metadata;
    const patch = [
      { op: "test", path: "/metadata/uid", value: uid },
      { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
      { op: "add", path: "/spec/affinity", value: onNode("n2") },
      { op: "remove", path: "/spec/schedulingGates" },
    ];
    cluster.must("PATCH", podPath("p"), patch, JSON_PATCH);
    cluster.clock.advance(1_000);
    expect(nodeOf(cluster, "p")).toBe("n2");
    expect(cluster.pod("p").metadata.labels?.["topology.kubernetes.io/zone"]).toBe("eu-central-1c");
    expect(cluster.refused("PATCH", podPath("p"), patch, JSON_PATCH).code).toBe(422);
  });

  it("spreads over the least filled nodes", () => {
    const cluster = testCluster({ nodes: 3 });
    for (const name of ["a", "b", "c"]) place(cluster, name);
    expect(new Set(["a", "b", "c"].map((name) => nodeOf(cluster, name))).size).toBe(3);
  });

  it("waits for a node that comes later, and takes no other", () => {
    const cluster = testCluster({ nodes: 1 });
    place(cluster, "p", { affinity: onNode("later") });
    expect(whyNot(cluster, "p")).toBe(
      "0/1 nodes are available: 1 node(s) didn't satisfy plugin(s) [NodeAffinity]. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
    );
    cluster.model.kubelets.add({ nodeName: "later" }, machine("a"));
    cluster.clock.advance(2_000);
    expect(nodeOf(cluster, "p")).toBe("later");
  });

  it("counts requests, and tries again when a pod leaves", () => {
    const cluster = testCluster({ nodes: 1 });
    place(cluster, "first", asking("3"));
    place(cluster, "second", asking("2"));
    expect(whyNot(cluster, "second")).toContain("1 Insufficient cpu");
    cluster.must("DELETE", podPath("first"));
    cluster.clock.advance(3_000);
    expect(nodeOf(cluster, "second")).toBe("n0");
  });

  it("knows when no eviction could help", () => {
    const cluster = testCluster({ nodes: 1 });
    place(cluster, "huge", asking("99"));
    expect(whyNot(cluster, "huge")).toContain("1 Preemption is not helpful for scheduling");
    place(cluster, "first", asking("3"));
    place(cluster, "second", asking("2"));
    expect(whyNot(cluster, "second")).toContain("1 No preemption victims found for incoming pod");
  });

  it("keeps anti-affinity both ways", () => {
    const cluster = testCluster({ nodes: 1 });
    place(cluster, "one", { affinity: apart }, { app: "x" });
    place(cluster, "two", { affinity: apart }, { app: "x" });
    expect(whyNot(cluster, "two")).toContain("1 node(s) didn't match pod anti-affinity rules");
    place(cluster, "plain", {}, { app: "x" });
    expect(whyNot(cluster, "plain")).toContain("1 node(s) didn't satisfy existing pods anti-affinity rules");
    place(cluster, "other", {}, { app: "y" });
    expect(nodeOf(cluster, "other")).toBe("n0");
  });

  it("keeps off cordoned and tainted nodes unless the pod tolerates it", () => {
    const cluster = testCluster({ nodes: 1 });
    const merge = { type: "application/merge-patch+json" };
    cluster.must("PATCH", "/api/v1/nodes/n0", { spec: { unschedulable: true } }, merge);
    place(cluster, "p");
    expect(whyNot(cluster, "p")).toContain("1 node(s) were unschedulable");
    cluster.must("PATCH", "/api/v1/nodes/n0", { spec: { unschedulable: false } }, merge);
    cluster.clock.advance(2_000);
    expect(nodeOf(cluster, "p")).toBe("n0");
    const taints = [{ key: "dedicated", value: "a", effect: "NoSchedule" }];
    cluster.must("PATCH", "/api/v1/nodes/n0", { spec: { taints } }, merge);
    place(cluster, "q");
    expect(whyNot(cluster, "q")).toContain("1 node(s) had untolerated taint(s)");
    place(cluster, "r", { tolerations: [{ key: "dedicated", operator: "Exists" }] });
    expect(nodeOf(cluster, "r")).toBe("n0");
  });

  it("keeps to node labels, pod slots and attachable volumes", () => {
    const cluster = testCluster({ nodes: 1 });
    place(cluster, "p", { nodeSelector: { "berth.dev/pool": "hot" } });
    expect(whyNot(cluster, "p")).toContain("1 node(s) didn't match Pod's node affinity/selector");
    const few = {
      capacity: { cpu: "4", memory: "16Gi", pods: "1" },
      allocatable: { cpu: "4", memory: "16Gi", pods: "1" },
    };
    cluster.model.kubelets.add({ nodeName: "hot", labels: { "berth.dev/pool": "hot" } }, machine("a", few));
    cluster.clock.advance(2_000);
    expect(nodeOf(cluster, "p")).toBe("hot");
    place(cluster, "q", { nodeSelector: { "berth.dev/pool": "hot" } });
    expect(whyNot(cluster, "q")).toContain("1 Too many pods");
  });

  it("stops at the number of volumes that a machine attaches", () => {
    const cluster = testCluster();
    cluster.model.kubelets.add({ nodeName: "n0" }, machine("a", { attachableVolumes: 1 }));
    cluster.clock.advance(2_000);
    for (const name of ["one", "two"]) {
      const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
      cluster.must("POST", POD_LIST.replace("pods", "persistentvolumeclaims"), { metadata: { name }, spec });
      place(cluster, name, { volumes: [{ name: "d", persistentVolumeClaim: { claimName: name } }] });
    }
    expect(nodeOf(cluster, "one")).toBe("n0");
    expect(whyNot(cluster, "two")).toContain("1 node(s) exceed max volume count");
  });

  it("says when there are no nodes at all", () => {
    const cluster = testCluster();
    place(cluster, "p");
    expect(whyNot(cluster, "p")).toBe("no nodes available to schedule pods");
  });
});

describe("a gated pod's affinity", () => {
  const required = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms";
  const start = {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: "z", operator: "In", values: ["a"] }] }],
        },
      },
    },
  };

  it.each([
    [
      "may be tightened by a field",
      {
        op: "add",
        path: `${required}/0/matchFields`,
        value: [{ key: "metadata.name", operator: "In", values: ["n0"] }],
      },
      200,
    ],
    [
      "may be tightened by an expression",
      { op: "add", path: `${required}/0/matchExpressions/-`, value: { key: "y", operator: "Exists" } },
      200,
    ],
    [
      "may not get another term",
      {
        op: "add",
        path: `${required}/-`,
        value: { matchFields: [{ key: "metadata.name", operator: "In", values: ["n0"] }] },
      },
      422,
    ],
    ["may not be changed", { op: "replace", path: `${required}/0/matchExpressions/0/values`, value: ["b"] }, 422],
    ["may not be removed", { op: "remove", path: "/spec/affinity" }, 422],
    [
      "may not get anti-affinity",
      { op: "add", path: "/spec/affinity/podAntiAffinity", value: apart.podAntiAffinity },
      422,
    ],
  ])("%s", (_rule, operation, status) => {
    const cluster = testCluster();
    place(cluster, "p", { ...GATE, ...start });
    expect(cluster.call("PATCH", podPath("p"), [operation], JSON_PATCH).status).toBe(status);
  });

  it("may not be touched once the gate is off", () => {
    const cluster = testCluster();
    place(cluster, "p", start);
    const operation = { op: "add", path: `${required}/0/matchExpressions/-`, value: { key: "y", operator: "Exists" } };
    expect(cluster.call("PATCH", podPath("p"), [operation], JSON_PATCH).status).toBe(422);
  });

  it("comes with a gate that cannot be put back, nor another one added", () => {
    const cluster = testCluster();
    cluster.must("POST", POD_LIST, podBody("p", podSpec()));
    const add = [{ op: "add", path: "/spec/schedulingGates", value: [{ name: "berth.dev/placement" }] }];
    expect(cluster.refused("PATCH", podPath("p"), add, JSON_PATCH)).toMatchObject({
      code: 422,
      message: expect.stringContaining("only deletion is allowed, but found new scheduling gate 'berth.dev/placement'"),
    });
  });
});
