import { describe, expect, it } from "vitest";
import type { ResourceQuota } from "./objects.ts";
import { NAMESPACE, POD_LIST, podBody, podPath, statefulSet, type TestCluster, testCluster } from "./testing.ts";

const SAFE = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
  containers: [
    { name: "a", image: "x:1", securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } },
  ],
};

function restricted(): TestCluster {
  const cluster = testCluster();
  const labels = Object.fromEntries(
    ["enforce", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"]),
  );
  cluster.must(
    "PATCH",
    `/api/v1/namespaces/${NAMESPACE}`,
    { metadata: { labels } },
    { type: "application/merge-patch+json" },
  );
  return cluster;
}

const [safeContainer] = SAFE.containers;

describe("Pod Security in a restricted namespace", () => {
  it("lets a careful pod in", () => {
    expect(restricted().call("POST", POD_LIST, podBody("p", SAFE)).status).toBe(201);
  });

  it.each([
    ["host network", { hostNetwork: true }, "host namespaces (hostNetwork=true)"],
    ["a host path", { volumes: [{ name: "v", hostPath: { path: "/" } }] }, "restricted volume types"],
    [
      "root",
      { securityContext: { ...SAFE.securityContext, runAsUser: 0 } },
      "runAsUser=0 (pod must not set runAsUser=0)",
    ],
    ["no word on root", { securityContext: { seccompProfile: { type: "RuntimeDefault" } } }, "runAsNonRoot != true"],
    ["no seccomp profile", { securityContext: { runAsNonRoot: true } }, "seccompProfile (pod or container"],
    [
      "escalation",
      { containers: [{ ...safeContainer, securityContext: { capabilities: { drop: ["ALL"] } } }] },
      "allowPrivilegeEscalation != false",
    ],
    [
      "capabilities",
      {
        containers: [
          {
            ...safeContainer,
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"], add: ["SYS_ADMIN"] } },
          },
        ],
      },
      'must not include "SYS_ADMIN"',
    ],
    [
      "privilege",
      { containers: [{ ...safeContainer, securityContext: { privileged: true } }] },
      "privileged (container",
    ],
  ])("refuses %s", (_what, over, words) => {
    const refusal = restricted().refused("POST", POD_LIST, podBody("p", { ...SAFE, ...over }));
    expect(refusal).toMatchObject({
      code: 403,
      message: expect.stringContaining('violates PodSecurity "restricted:latest"'),
    });
    expect(refusal.message).toContain(words);
  });

  it("only warns of a workload, and refuses its pods", () => {
    const cluster = restricted();
    const answer = cluster.call("POST", `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets`, statefulSet(NAMESPACE));
    expect(answer.status).toBe(201);
    expect(answer.headers.Warning).toContain("would violate PodSecurity");
    cluster.clock.advance(5_000);
    expect(cluster.pods()).toEqual([]);
  });
});

describe("a quota", () => {
  const QUOTAS = `/api/v1/namespaces/${NAMESPACE}/resourcequotas`;
  const withQuota = (hard: Record<string, string>): TestCluster => {
    const cluster = testCluster();
    cluster.must("POST", QUOTAS, { metadata: { name: "plan" }, spec: { hard } });
    return cluster;
  };

  it.each([
    [{ pods: "1" }, "requested: pods=1, used: pods=1, limited: pods=1"],
    [
      { "requests.memory": "3Gi" },
      "requested: requests.memory=2Gi, used: requests.memory=2Gi, limited: requests.memory=3Gi",
    ],
    [{ "limits.cpu": "1500m" }, "requested: limits.cpu=1, used: limits.cpu=1, limited: limits.cpu=1500m"],
  ])("%j refuses the pod that goes beyond it", (hard, words) => {
    const cluster = withQuota(hard);
    cluster.must("POST", POD_LIST, podBody("one"));
    const refusal = cluster.refused("POST", POD_LIST, podBody("two"));
    expect(refusal).toMatchObject({ code: 403, message: `pods "two" is forbidden: exceeded quota: plan, ${words}` });
    cluster.must("DELETE", podPath("one"));
    cluster.must("POST", POD_LIST, podBody("two"));
  });

  it("counts claims and their storage", () => {
    const cluster = withQuota({ persistentvolumeclaims: "2", "requests.storage": "15Gi" });
    const claims = `/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims`;
    const claim = (name: string): object => ({
      metadata: { name },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Gi" } } },
    });
    cluster.must("POST", claims, claim("one"));
    expect(cluster.refused("POST", claims, claim("two")).message).toContain("requests.storage=10Gi");
  });

  it("of memory wants every container to say what it needs", () => {
    const cluster = withQuota({ "limits.memory": "10Gi" });
    const refusal = cluster.refused("POST", POD_LIST, podBody("p", { containers: [{ name: "a", image: "x:1" }] }));
    expect(refusal.message).toContain("failed quota: plan: must specify limits.memory for: a");
  });

  it("shows what is used", () => {
    const cluster = withQuota({ pods: "5", "requests.cpu": "4" });
    cluster.must("POST", POD_LIST, podBody("one"));
    cluster.clock.advance(1_000);
    const { status } = cluster.must<ResourceQuota>("GET", `${QUOTAS}/plan`);
    expect(status).toEqual({ hard: { pods: "5", "requests.cpu": "4" }, used: { pods: "1", "requests.cpu": "500m" } });
  });
});

describe("a limit range", () => {
  it("fills in what is missing and refuses what is too much", () => {
    const cluster = testCluster();
    const limits = [
      {
        type: "Container",
        default: { cpu: "1", memory: "1Gi" },
        defaultRequest: { cpu: "100m" },
        max: { memory: "4Gi" },
      },
    ];
    cluster.must("POST", `/api/v1/namespaces/${NAMESPACE}/limitranges`, { metadata: { name: "l" }, spec: { limits } });
    cluster.must("POST", POD_LIST, podBody("p", { containers: [{ name: "a", image: "x:1" }] }));
    expect(cluster.pod("p").spec.containers[0]?.resources).toEqual({
      limits: { cpu: "1", memory: "1Gi" },
      requests: { cpu: "100m", memory: "1Gi" },
    });
    const resources = { limits: { memory: "8Gi" } };
    const refusal = cluster.refused(
      "POST",
      POD_LIST,
      podBody("q", { containers: [{ name: "a", image: "x:1", resources }] }),
    );
    expect(refusal).toMatchObject({
      code: 403,
      message: expect.stringContaining("maximum memory usage per Container is 4Gi"),
    });
  });
});
