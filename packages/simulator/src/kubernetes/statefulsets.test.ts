import { describe, expect, it } from "vitest";
import type { ControllerRevision, StatefulSet } from "./objects.ts";
import { APPLY, NAMESPACE, podPath, STATEFUL_SET_PATH, statefulSet, type TestCluster, testCluster } from "./testing.ts";

const MERGE = { type: "application/merge-patch+json" };
const SETTLED_MS = 5_000;

function create(cluster: TestCluster, facts: Parameters<typeof statefulSet>[1] = {}): void {
  cluster.must("PATCH", STATEFUL_SET_PATH, statefulSet(NAMESPACE, facts), APPLY);
  cluster.clock.advance(SETTLED_MS);
}

const statusOf = (cluster: TestCluster): StatefulSet["status"] =>
  cluster.must<StatefulSet>("GET", STATEFUL_SET_PATH).status;
const names = (cluster: TestCluster): string[] => cluster.pods().map((pod) => pod.metadata.name);
const imagesOf = (cluster: TestCluster): (string | undefined)[] =>
  cluster.pods().map((pod) => pod.spec.containers[0]?.image);
const setImage = (cluster: TestCluster, image: string): void => {
  const patch = [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: image }];
  cluster.must("PATCH", STATEFUL_SET_PATH, patch, { type: "application/json-patch+json" });
};
const claimsOf = (cluster: TestCluster) => cluster.model.objects("PersistentVolumeClaim", NAMESPACE);

describe("a StatefulSet", () => {
  it("makes labelled pods with claims, and counts them", () => {
    const cluster = testCluster({ nodes: 3 });
    create(cluster);
    expect(names(cluster)).toEqual(["data-0", "data-1", "data-2"]);
    const labels = cluster.pod("data-1").metadata.labels;
    expect(labels).toMatchObject({
      "statefulset.kubernetes.io/pod-name": "data-1",
      "apps.kubernetes.io/pod-index": "1",
    });
    expect(claimsOf(cluster).map((claim) => claim.metadata.name)).toEqual([
      "data-data-0",
      "data-data-1",
      "data-data-2",
    ]);
    const status = statusOf(cluster);
    expect(status).toMatchObject({ replicas: 3, readyReplicas: 3, availableReplicas: 3, observedGeneration: 1 });
    expect(labels?.["controller-revision-hash"]).toBe(status.updateRevision);
  });

  it("that is parallel makes all pods at once, gated as the template says", () => {
    const cluster = testCluster();
    create(cluster, { gated: true });
    for (const pod of cluster.pods()) {
      expect(pod.spec.schedulingGates).toEqual([{ name: "berth.dev/placement" }]);
      expect(pod.status.conditions).toMatchObject([{ type: "PodScheduled", reason: "SchedulingGated" }]);
    }
  });

  it("that is ordered waits for each pod to be ready before the next", () => {
    const cluster = testCluster();
    create(cluster, { spec: { podManagementPolicy: "OrderedReady" } });
    expect(names(cluster)).toEqual(["data-0"]);
    const condition = { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } };
    cluster.must("PATCH", `${podPath("data-0")}/status`, condition, MERGE);
    cluster.clock.advance(SETTLED_MS);
    expect(names(cluster)).toEqual(["data-0", "data-1"]);
  });

  it("with OnDelete replaces a pod only when it is deleted, with the new template", () => {
    const cluster = testCluster({ nodes: 3 });
    create(cluster, { image: "es:1" });
    setImage(cluster, "es:2");
    cluster.clock.advance(SETTLED_MS);
    expect(imagesOf(cluster)).toEqual(["es:1", "es:1", "es:1"]);
    expect(statusOf(cluster).updatedReplicas).toBeUndefined();
    const { uid } = cluster.pod("data-1").metadata;
    cluster.must("DELETE", podPath("data-1"), { preconditions: { uid } });
    cluster.clock.advance(SETTLED_MS);
    expect(imagesOf(cluster)).toEqual(["es:1", "es:2", "es:1"]);
    expect(statusOf(cluster).updatedReplicas).toBe(1);
  });

  it("with RollingUpdate goes from the highest ordinal down, one at a time", () => {
    const cluster = testCluster({ nodes: 3 });
    create(cluster, { image: "es:1", spec: { updateStrategy: { type: "RollingUpdate" } } });
    setImage(cluster, "es:2");
    const seen = new Set<string>();
    for (let step = 0; step < 400; step += 1) {
      cluster.clock.advance(50);
      if (names(cluster).length === 3) seen.add(imagesOf(cluster).join());
      expect(cluster.pods().filter((pod) => pod.metadata.deletionTimestamp !== undefined).length).toBeLessThanOrEqual(
        1,
      );
    }
    expect([...seen]).toEqual(["es:1,es:1,es:1", "es:1,es:1,es:2", "es:1,es:2,es:2", "es:2,es:2,es:2"]);
    const status = statusOf(cluster);
    expect(status.currentRevision).toBe(status.updateRevision);
  });

  it("with a partition leaves the ordinals below it, also when they are made anew", () => {
    const cluster = testCluster({ nodes: 3 });
    create(cluster, {
      image: "es:1",
      spec: { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } } },
    });
    setImage(cluster, "es:2");
    cluster.clock.advance(SETTLED_MS);
    cluster.must("DELETE", podPath("data-0"));
    cluster.clock.advance(SETTLED_MS);
    expect(imagesOf(cluster)).toEqual(["es:1", "es:1", "es:2"]);
  });

  it("scales down from the highest ordinal and keeps the claims", () => {
    const cluster = testCluster({ nodes: 3 });
    create(cluster);
    cluster.must("PATCH", `${STATEFUL_SET_PATH}/scale`, { spec: { replicas: 1 } }, MERGE);
    cluster.clock.advance(SETTLED_MS);
    expect(names(cluster)).toEqual(["data-0"]);
    expect(claimsOf(cluster)).toHaveLength(3);
  });

  it("whose claims are to go with scaling deletes them after the pod", () => {
    const cluster = testCluster({ nodes: 3 });
    create(cluster, { spec: { persistentVolumeClaimRetentionPolicy: { whenScaled: "Delete" } } });
    cluster.must("PATCH", `${STATEFUL_SET_PATH}/scale`, { spec: { replicas: 2 } }, MERGE);
    cluster.clock.advance(SETTLED_MS);
    expect(claimsOf(cluster).map((claim) => claim.metadata.name)).toEqual(["data-data-0", "data-data-1"]);
  });

  it("that is deleted with orphans leaves its pods, and its successor takes them over", () => {
    const cluster = testCluster({ nodes: 3 });
    create(cluster);
    const uids = cluster.pods().map((pod) => pod.metadata.uid);
    cluster.must("DELETE", STATEFUL_SET_PATH, { propagationPolicy: "Orphan" });
    cluster.clock.advance(SETTLED_MS);
    expect(cluster.pods().every((pod) => pod.metadata.ownerReferences === undefined)).toBe(true);
    create(cluster);
    expect(cluster.pods().map((pod) => pod.metadata.uid)).toEqual(uids);
    const { uid } = cluster.must("GET", STATEFUL_SET_PATH).metadata;
    expect(cluster.pods().every((pod) => pod.metadata.ownerReferences?.[0]?.uid === uid)).toBe(true);
    expect(statusOf(cluster).updatedReplicas).toBe(3);
  });

  it("goes back to an earlier revision when the template does", () => {
    const cluster = testCluster({ nodes: 3 });
    create(cluster, { image: "es:1" });
    const first = statusOf(cluster).updateRevision;
    setImage(cluster, "es:2");
    cluster.clock.advance(SETTLED_MS);
    setImage(cluster, "es:1");
    cluster.clock.advance(SETTLED_MS);
    expect(statusOf(cluster).updateRevision).toBe(first);
    const revisions = cluster.model.objects("ControllerRevision", NAMESPACE) as ControllerRevision[];
    expect(revisions.map((each) => each.revision).sort()).toEqual([2, 3]);
  });

  it("says in an event why a pod is not let in, and tries again", () => {
    const cluster = testCluster({ nodes: 3 });
    const quota = { metadata: { name: "q" }, spec: { hard: { pods: "1" } } };
    cluster.must("POST", `/api/v1/namespaces/${NAMESPACE}/resourcequotas`, quota);
    create(cluster);
    expect(names(cluster)).toEqual(["data-0"]);
    const reasons = cluster.model.objects("Event", NAMESPACE).map((event) => (event as { reason?: string }).reason);
    expect(reasons).toContain("FailedCreate");
    cluster.must("DELETE", `/api/v1/namespaces/${NAMESPACE}/resourcequotas/q`);
    cluster.clock.advance(60_000);
    expect(names(cluster)).toHaveLength(3);
  });

  it.each([
    ["serviceName", { serviceName: "other" }],
    ["podManagementPolicy", { podManagementPolicy: "OrderedReady" }],
    [
      "selector",
      { selector: { matchLabels: { app: "es", more: "x" } }, template: { metadata: { labels: { more: "x" } } } },
    ],
    [
      "volumeClaimTemplates",
      {
        volumeClaimTemplates: [
          {
            metadata: { name: "data" },
            spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "99Gi" } } },
          },
        ],
      },
    ],
  ])("refuses another %s", (field, spec) => {
    const cluster = testCluster();
    create(cluster, { gated: true });
    const refusal = cluster.refused("PATCH", STATEFUL_SET_PATH, { spec }, MERGE);
    expect(refusal).toMatchObject({
      code: 422,
      details: { causes: [{ field: `spec.${field}`, message: expect.stringContaining("immutable") }] },
    });
  });
});
