import { describe, expect, it } from "vitest";
import type { PodRuntime } from "../pod-runtime.ts";
import type { Claim, PersistentVolume } from "./objects.ts";
import { NAMESPACE, POD_LIST, podBody, podPath, type TestCluster, testCluster } from "./testing.ts";

const CLAIMS = `/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims`;
const MERGE = { type: "application/merge-patch+json" };
const MODE = "WaitForFirstConsumer";
const claimBody = (name: string, over: Record<string, unknown> = {}): object => ({
  metadata: { name },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Gi" } }, ...over },
});
const using = (claim: string): Record<string, unknown> => ({
  volumes: [{ name: "d", persistentVolumeClaim: { claimName: claim } }],
});

const claimOf = (cluster: TestCluster, name = "c"): Claim => cluster.must<Claim>("GET", `${CLAIMS}/${name}`);
const volumesOf = (cluster: TestCluster): PersistentVolume[] =>
  cluster.model.objects("PersistentVolume") as PersistentVolume[];

function claimAndPod(cluster: TestCluster, over: Record<string, unknown> = {}): void {
  cluster.must("POST", CLAIMS, claimBody("c", over));
  cluster.must("POST", POD_LIST, podBody("p", using("c")));
  cluster.clock.advance(3_000);
}

describe("a claim that waits for its first consumer", () => {
  it("stays pending without a pod, and then gets a volume in the pod's zone", () => {
    const cluster = testCluster({ nodes: 3 });
    cluster.must("POST", CLAIMS, claimBody("c"));
    cluster.clock.advance(60_000);
    expect(claimOf(cluster).status.phase).toBe("Pending");
    cluster.must("POST", POD_LIST, podBody("p", { ...using("c"), nodeSelector: { "kubernetes.io/hostname": "n1" } }));
    cluster.clock.advance(3_000);
    expect(claimOf(cluster)).toMatchObject({ status: { phase: "Bound", capacity: { storage: "10Gi" } } });
    const [volume] = volumesOf(cluster);
    expect(volume?.spec.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions).toEqual([
      { key: "topology.kubernetes.io/zone", operator: "In", values: ["eu-central-1b"] },
    ]);
    expect(cluster.pod("p").status.phase).toBe("Running");
  });

  it("ties later pods to its zone", () => {
    const cluster = testCluster({ nodes: 3 });
    cluster.must("POST", CLAIMS, claimBody("c"));
    cluster.must("POST", POD_LIST, podBody("p", { ...using("c"), nodeSelector: { "kubernetes.io/hostname": "n1" } }));
    cluster.clock.advance(3_000);
    cluster.must("DELETE", podPath("p"), { gracePeriodSeconds: 0 });
    cluster.must("POST", POD_LIST, podBody("q", { ...using("c"), nodeSelector: { "kubernetes.io/hostname": "n0" } }));
    cluster.clock.advance(3_000);
    const message = cluster.pod("q").status.conditions?.[0]?.message;
    expect(message).toContain("1 node(s) didn't match PersistentVolume's node affinity");
  });

  it("takes a free volume that fits before a new one is made", () => {
    const cluster = testCluster({ nodes: 3 });
    const spec = {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "20Gi" },
      storageClassName: "gp3",
      csi: { driver: "ebs.csi.aws.com", volumeHandle: "vol-1" },
    };
    cluster.must("POST", "/api/v1/persistentvolumes", { metadata: { name: "made" }, spec });
    cluster.clock.advance(1_000);
    claimAndPod(cluster);
    expect(claimOf(cluster)).toMatchObject({ spec: { volumeName: "made" }, status: { capacity: { storage: "20Gi" } } });
  });
});

describe("deleting a claim", () => {
  it("waits for the pod that uses it, then its volume goes by the reclaim policy", () => {
    const discarded: string[] = [];
    const runtime: PodRuntime = {
      start: () => undefined,
      refreshFiles: () => undefined,
      isReady: () => true,
      stop: () => undefined,
      discardClaim: (claim) => discarded.push(claim),
    };
    const cluster = testCluster({ nodes: 1, deps: { podRuntime: runtime } });
    claimAndPod(cluster);
    cluster.must("DELETE", `${CLAIMS}/c`);
    cluster.clock.advance(10_000);
    expect(claimOf(cluster).metadata.deletionTimestamp).toBeDefined();
    cluster.must("DELETE", podPath("p"));
    cluster.clock.advance(10_000);
    expect(cluster.refused("GET", `${CLAIMS}/c`).code).toBe(404);
    expect(volumesOf(cluster)).toEqual([]);
    expect(discarded).toEqual([`${NAMESPACE}/c`]);
  });

  it("keeps a volume whose policy was switched to Retain, as Released", () => {
    const cluster = testCluster({ nodes: 1 });
    claimAndPod(cluster);
    const name = volumesOf(cluster)[0]?.metadata.name ?? "";
    cluster.must(
      "PATCH",
      `/api/v1/persistentvolumes/${name}`,
      { spec: { persistentVolumeReclaimPolicy: "Retain" } },
      MERGE,
    );
    cluster.must("DELETE", podPath("p"));
    cluster.must("DELETE", `${CLAIMS}/c`);
    cluster.clock.advance(60_000);
    expect(volumesOf(cluster).map((volume) => volume.status.phase)).toEqual(["Released"]);
  });

  it("lets a new claim of that name start empty, though the runtime knows claims by name", () => {
    const discarded: string[] = [];
    const runtime: PodRuntime = {
      start: () => undefined,
      refreshFiles: () => undefined,
      isReady: () => true,
      stop: () => undefined,
      discardClaim: (claim) => discarded.push(claim),
    };
    const options = { storageClasses: [{ name: "keep", reclaimPolicy: "Retain" as const }] };
    const cluster = testCluster({ nodes: 1, deps: { podRuntime: runtime, options } });
    claimAndPod(cluster);
    cluster.must("DELETE", podPath("p"));
    cluster.must("DELETE", `${CLAIMS}/c`);
    cluster.clock.advance(10_000);
    expect(discarded).toEqual([]);
    claimAndPod(cluster);
    expect(discarded).toEqual([`${NAMESPACE}/c`]);
  });
});

describe("growing a claim", () => {
  it("grows volume and claim when a pod has it mounted", () => {
    const cluster = testCluster({ nodes: 1 });
    claimAndPod(cluster);
    cluster.must("PATCH", `${CLAIMS}/c`, { spec: { resources: { requests: { storage: "30Gi" } } } }, MERGE);
    expect(claimOf(cluster).status.capacity).toEqual({ storage: "10Gi" });
    cluster.clock.advance(5_000);
    expect(claimOf(cluster).status.capacity).toEqual({ storage: "30Gi" });
    expect(volumesOf(cluster)[0]?.spec.capacity).toEqual({ storage: "30Gi" });
  });

  it("waits for a pod before the filesystem grows", () => {
    const cluster = testCluster({ nodes: 1 });
    claimAndPod(cluster);
    cluster.must("DELETE", podPath("p"));
    cluster.clock.advance(5_000);
    cluster.must("PATCH", `${CLAIMS}/c`, { spec: { resources: { requests: { storage: "30Gi" } } } }, MERGE);
    cluster.clock.advance(5_000);
    expect(claimOf(cluster).status).toMatchObject({
      capacity: { storage: "10Gi" },
      conditions: [{ type: "FileSystemResizePending" }],
    });
    cluster.must("POST", POD_LIST, podBody("q", using("c")));
    cluster.clock.advance(5_000);
    expect(claimOf(cluster).status).toEqual({
      phase: "Bound",
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "30Gi" },
    });
  });

  it("is refused while the claim is pending, of a class that cannot, and downwards", () => {
    const fixed = { name: "fixed", allowVolumeExpansion: false, volumeBindingMode: MODE } as const;
    const deps = { options: { storageClasses: [{ name: "gp3" }, fixed] } };
    const cluster = testCluster({ nodes: 1, deps });
    const grow = { spec: { resources: { requests: { storage: "30Gi" } } } };
    cluster.must("POST", CLAIMS, claimBody("pending"));
    expect(cluster.refused("PATCH", `${CLAIMS}/pending`, grow, MERGE).code).toBe(422);
    claimAndPod(cluster, { storageClassName: "fixed" });
    expect(cluster.refused("PATCH", `${CLAIMS}/c`, grow, MERGE).code).toBe(403);
    const shrink = { spec: { resources: { requests: { storage: "1Gi" } } } };
    expect(cluster.refused("PATCH", `${CLAIMS}/c`, shrink, MERGE).code).toBe(422);
    expect(cluster.refused("PATCH", `${CLAIMS}/c`, { spec: { accessModes: ["ReadOnlyMany"] } }, MERGE).code).toBe(422);
  });
});

describe("a claim whose volume is lost", () => {
  it("says so, and pods on it wait", () => {
    const cluster = testCluster({ nodes: 1 });
    claimAndPod(cluster);
    const name = volumesOf(cluster)[0]?.metadata.name ?? "";
    cluster.must("DELETE", `/api/v1/persistentvolumes/${name}`);
    const type = "application/json-patch+json";
    cluster.must("PATCH", `/api/v1/persistentvolumes/${name}`, [{ op: "remove", path: "/metadata/finalizers" }], {
      type,
    });
    cluster.clock.advance(1_000);
    expect(claimOf(cluster).status.phase).toBe("Lost");
  });
});
