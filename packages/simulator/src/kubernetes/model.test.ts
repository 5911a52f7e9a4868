import { describe, expect, it } from "vitest";
import { virtualClock } from "../clock.ts";
import type { PodRuntime, PodToRun } from "../pod-runtime.ts";
import { seededRandom } from "../random.ts";
import { createKubernetesModel, type KubernetesSnapshot } from "./model.ts";
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

const grown = (seed: number): TestCluster => {
  const cluster = testCluster({ nodes: 3, seed });
  cluster.must("PATCH", STATEFUL_SET_PATH, statefulSet(NAMESPACE), APPLY);
  cluster.clock.advance(5_000);
  cluster.model.faults.crashPod(NAMESPACE, "data-1");
  cluster.must("DELETE", podPath("data-2"));
  cluster.model.kubelets.vanish("n0");
  cluster.clock.advance(30_000);
  return cluster;
};

describe("the model", () => {
  it("repeats itself to the last byte under one seed, and differs under another", () => {
    const text = (seed: number): string => JSON.stringify(grown(seed).model.snapshot());
    expect(text(1)).toBe(text(1));
    expect(text(1)).not.toBe(text(2));
  });

  it("goes on after a restart: same objects, tokens and addresses, pods running again, work that was under way done", () => {
    const before = grown(1);
    before.must("DELETE", podPath("data-1"));
    before.must("POST", POD_LIST, podBody("late", { schedulingGates: [{ name: "a.b/c" }] }));
    const snapshot = JSON.parse(JSON.stringify(before.model.snapshot())) as KubernetesSnapshot;
    before.model.close();

    const started: PodToRun[] = [];
    const runtime: PodRuntime = {
      start: (pod) => started.push(pod),
      refreshFiles: () => undefined,
      isReady: () => true,
      stop: () => undefined,
      discardClaim: () => undefined,
    };
    const clock = virtualClock(before.clock.now() + 1_000);
    const model = createKubernetesModel({ clock, random: seededRandom(99), podRuntime: runtime });
    model.restore(snapshot);
    expect(model.adminToken).toBe(before.model.adminToken);
    expect(model.authority.certificatePem).toBe(before.model.authority.certificatePem);
    expect(JSON.stringify(model.objects("Pod"))).toBe(JSON.stringify(before.pods()));
    const kept = before.pod("data-2");
    const survivor = (): string | undefined => started.find((pod) => pod.uid === kept.metadata.uid)?.podIp;
    clock.advance(20);
    expect(survivor()).toBe(kept.status.podIP);
    clock.advance(20_000);
    const names = model.objects("Pod", NAMESPACE).map((pod) => pod.metadata.name);
    expect(names).toEqual(["data-0", "data-1", "data-2", "late"]);
    const stages = Object.fromEntries(model.kubelets.list().map((node) => [node.nodeName, node.stage()]));
    expect(stages).toEqual({ n0: "dead", n1: "running", n2: "running" });
  });

  it("answers 410 to a watch from before a restart", () => {
    const cluster = grown(1);
    const snapshot = cluster.model.snapshot();
    cluster.model.restore(snapshot);
    const query = { watch: "true", resourceVersion: String(snapshot.store.revision - 1) };
    expect(cluster.refused("GET", POD_LIST, undefined, { query }).code).toBe(410);
    const fresh = { watch: "true", resourceVersion: String(snapshot.store.revision) };
    expect(cluster.call("GET", POD_LIST, undefined, { query: fresh }).status).toBe(200);
  });

  it("stands still when it is closed", () => {
    const cluster = testCluster({ nodes: 1 });
    cluster.model.close();
    expect(cluster.clock.step()).toBe(false);
  });
});
