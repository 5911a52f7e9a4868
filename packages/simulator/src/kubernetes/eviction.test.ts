import { describe, expect, it } from "vitest";
import type { DisruptionBudget } from "./objects.ts";
import {
  APPLY,
  NAMESPACE,
  POD_LIST,
  podBody,
  podPath,
  STATEFUL_SET_PATH,
  statefulSet,
  type TestCluster,
  testCluster,
} from "./testing.ts";

const BUDGETS = `/apis/policy/v1/namespaces/${NAMESPACE}/poddisruptionbudgets`;

function withBudget(spec: object, name = "data"): TestCluster {
  const cluster = testCluster({ nodes: 3 });
  cluster.must("PATCH", STATEFUL_SET_PATH, statefulSet(NAMESPACE), APPLY);
  cluster.clock.advance(5_000);
  addBudget(cluster, spec, name);
  cluster.clock.advance(1_000);
  return cluster;
}

function addBudget(cluster: TestCluster, spec: object, name: string): void {
  cluster.must("POST", BUDGETS, { metadata: { name }, spec: { selector: { matchLabels: { app: "es" } }, ...spec } });
}

const evict = (cluster: TestCluster, name: string, deleteOptions: object = {}) =>
  cluster.call("POST", `${podPath(name)}/eviction`, { metadata: { name }, deleteOptions });
const statusOf = (cluster: TestCluster): DisruptionBudget["status"] =>
  cluster.must<DisruptionBudget>("GET", `${BUDGETS}/data`).status;

describe("an eviction", () => {
  it("within the budget deletes the pod; the next is blocked until its successor is ready", () => {
    const cluster = withBudget({ maxUnavailable: 1 });
    expect(statusOf(cluster)).toMatchObject({
      disruptionsAllowed: 1,
      currentHealthy: 3,
      desiredHealthy: 2,
      expectedPods: 3,
    });
    expect(evict(cluster, "data-0").status).toBe(201);
    expect(evict(cluster, "data-1").status).toBe(429);
    cluster.clock.advance(40);
    const blocked = evict(cluster, "data-1");
    expect(blocked.body).toMatchObject({
      reason: "TooManyRequests",
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: {
        causes: [
          {
            reason: "DisruptionBudget",
            message: "The disruption budget data needs 2 healthy pods and has 2 currently",
          },
        ],
      },
    });
    cluster.clock.advance(10_000);
    expect(evict(cluster, "data-1").status).toBe(201);
  });

  it("blocked for good names the budget and gives no Retry-After, as the real server", () => {
    const cluster = withBudget({ maxUnavailable: 0 });
    const blocked = evict(cluster, "data-0");
    expect(blocked.status).toBe(429);
    expect(blocked.headers).not.toHaveProperty("Retry-After");
  });

  it("of a budget that its controller has not seen yet says when to come again", () => {
    const cluster = withBudget({ maxUnavailable: 1 });
    cluster.must("PATCH", `${BUDGETS}/data`, { spec: { maxUnavailable: 2 } }, { type: "application/merge-patch+json" });
    const blocked = evict(cluster, "data-0");
    expect(blocked.status).toBe(429);
    expect(blocked.headers["Retry-After"]).toBe("10");
  });

  it("of a pod under two budgets is an error", () => {
    const cluster = withBudget({ maxUnavailable: 1 });
    addBudget(cluster, { maxUnavailable: 1 }, "second");
    cluster.clock.advance(1_000);
    expect(evict(cluster, "data-0").status).toBe(500);
  });

  it("of a pod that does not run yet needs no budget", () => {
    const cluster = withBudget({ maxUnavailable: 0 });
    cluster.must("POST", POD_LIST, podBody("pending", { schedulingGates: [{ name: "a.b/c" }] }, { app: "es" }));
    expect(evict(cluster, "pending").status).toBe(201);
  });

  it("holds to the uid, and finds no pod that is gone", () => {
    const cluster = withBudget({ maxUnavailable: 1 });
    const wrong = evict(cluster, "data-0", { preconditions: { uid: "00000000-0000-4000-8000-000000000000" } });
    expect(wrong.status).toBe(409);
    expect(evict(cluster, "none").status).toBe(404);
    expect(statusOf(cluster).disruptionsAllowed).toBe(1);
  });

  it("of an unready pod goes by the budget's policy for those", () => {
    const cluster = withBudget({ maxUnavailable: 0 });
    const unready = { status: { conditions: [{ type: "Ready", status: "False" }] } };
    const strategic = { type: "application/strategic-merge-patch+json" };
    cluster.model.kubelets.freeze(cluster.pod("data-0").spec.nodeName ?? "");
    cluster.must("PATCH", `${podPath("data-0")}/status`, unready, strategic);
    cluster.clock.advance(40);
    expect(evict(cluster, "data-0").status).toBe(429);
    const always = { spec: { unhealthyPodEvictionPolicy: "AlwaysAllow" } };
    cluster.must("PATCH", `${BUDGETS}/data`, always, { type: "application/merge-patch+json" });
    expect(evict(cluster, "data-0").status).toBe(201);
  });

  it("that is only tried changes nothing", () => {
    const cluster = withBudget({ maxUnavailable: 1 });
    const body = { metadata: { name: "data-0" } };
    cluster.must("POST", `${podPath("data-0")}/eviction`, body, { query: { dryRun: "All" } });
    expect(cluster.pod("data-0").metadata.deletionTimestamp).toBeUndefined();
    expect(statusOf(cluster).disruptionsAllowed).toBe(1);
  });
});
