import { describe, expect, it } from "vitest";
import type { KubeObject, Namespace } from "./objects.ts";
import { APPLY, NAMESPACE, STATEFUL_SET_PATH, statefulSet, type TestCluster, testCluster } from "./testing.ts";

const MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;

function make(cluster: TestCluster, name: string, owners: KubeObject[] = [], over: object = {}): KubeObject {
  const ownerReferences = owners.map(({ apiVersion, kind, metadata }) => ({
    apiVersion,
    kind,
    name: metadata.name,
    uid: metadata.uid,
    blockOwnerDeletion: true,
  }));
  return cluster.must("POST", MAPS, {
    metadata: { name, ...(owners.length === 0 ? {} : { ownerReferences }), ...over },
  });
}

const exists = (cluster: TestCluster, name: string): boolean => cluster.call("GET", `${MAPS}/${name}`).status === 200;

describe("garbage collection", () => {
  it("in the foreground ends the owner last", () => {
    const cluster = testCluster();
    const anchor = make(cluster, "anchor");
    make(cluster, "held", [anchor], { finalizers: ["berth.dev/test"] });
    make(cluster, "free", [anchor]);
    cluster.must("DELETE", `${MAPS}/anchor`, { propagationPolicy: "Foreground" });
    cluster.clock.advance(60_000);
    expect([exists(cluster, "free"), exists(cluster, "held"), exists(cluster, "anchor")]).toEqual([false, true, true]);
    cluster.must("PATCH", `${MAPS}/held`, [{ op: "remove", path: "/metadata/finalizers" }], {
      type: "application/json-patch+json",
    });
    cluster.clock.advance(1_000);
    expect([exists(cluster, "held"), exists(cluster, "anchor")]).toEqual([false, false]);
  });

  it("in the background ends the owner first and the dependents after it", () => {
    const cluster = testCluster();
    const anchor = make(cluster, "anchor");
    make(cluster, "child", [anchor]);
    cluster.must("DELETE", `${MAPS}/anchor`, { propagationPolicy: "Background" });
    expect([exists(cluster, "anchor"), exists(cluster, "child")]).toEqual([false, true]);
    cluster.clock.advance(1_000);
    expect(exists(cluster, "child")).toBe(false);
  });

  it("by orphaning leaves the dependents without an owner", () => {
    const cluster = testCluster();
    const anchor = make(cluster, "anchor");
    make(cluster, "child", [anchor]);
    cluster.must("DELETE", `${MAPS}/anchor`, { propagationPolicy: "Orphan" });
    cluster.clock.advance(1_000);
    expect(exists(cluster, "anchor")).toBe(false);
    expect(cluster.must("GET", `${MAPS}/child`).metadata.ownerReferences).toBeUndefined();
  });

  it("keeps what has another owner left", () => {
    const cluster = testCluster();
    const [one, two] = [make(cluster, "one"), make(cluster, "two")];
    make(cluster, "child", [one, two]);
    cluster.must("DELETE", `${MAPS}/one`);
    cluster.clock.advance(1_000);
    expect(cluster.must("GET", `${MAPS}/child`).metadata.ownerReferences).toMatchObject([{ name: "two" }]);
  });

  it("goes by uid: an owner of that name made later owns nothing", () => {
    const cluster = testCluster();
    const anchor = make(cluster, "anchor");
    cluster.must("DELETE", `${MAPS}/anchor`);
    make(cluster, "anchor");
    make(cluster, "late", [anchor]);
    cluster.clock.advance(1_000);
    expect(exists(cluster, "late")).toBe(false);
  });

  it("of an anchor takes sets and pods along and leaves the claims", () => {
    const cluster = testCluster({ nodes: 3 });
    const anchor = make(cluster, "anchor");
    const set = statefulSet(NAMESPACE) as KubeObject;
    const owner = {
      apiVersion: "v1",
      kind: "ConfigMap",
      name: "anchor",
      uid: anchor.metadata.uid ?? "",
      blockOwnerDeletion: true,
    };
    cluster.must(
      "PATCH",
      STATEFUL_SET_PATH,
      { ...set, metadata: { ...set.metadata, ownerReferences: [owner] } },
      APPLY,
    );
    cluster.clock.advance(5_000);
    cluster.must("DELETE", `${MAPS}/anchor`, { propagationPolicy: "Foreground" });
    cluster.clock.advance(10_000);
    expect(exists(cluster, "anchor")).toBe(false);
    expect(cluster.pods()).toEqual([]);
    expect(cluster.model.objects("StatefulSet")).toEqual([]);
    expect(cluster.model.objects("PersistentVolumeClaim")).toHaveLength(3);
  });
});

describe("a namespace that is deleted", () => {
  it("is Terminating at once, takes nothing new, and goes when it is empty", () => {
    const cluster = testCluster({ nodes: 3 });
    cluster.must("PATCH", STATEFUL_SET_PATH, statefulSet(NAMESPACE), APPLY);
    cluster.clock.advance(5_000);
    make(cluster, "held", [], { finalizers: ["berth.dev/test"] });
    const path = `/api/v1/namespaces/${NAMESPACE}`;
    expect(cluster.must<Namespace>("DELETE", path).status.phase).toBe("Terminating");
    const late = cluster.refused("POST", MAPS, { metadata: { name: "late" } });
    expect(late).toMatchObject({ code: 403, details: { causes: [{ reason: "NamespaceTerminating" }] } });
    cluster.clock.advance(30_000);
    expect(cluster.pods()).toEqual([]);
    expect(cluster.model.objects("PersistentVolumeClaim")).toEqual([]);
    const conditions = cluster.must<Namespace>("GET", path).status.conditions ?? [];
    expect(conditions.find((each) => each.type === "NamespaceFinalizersRemaining")?.message).toContain(
      "berth.dev/test in 1 resource",
    );
    cluster.must("PATCH", `${MAPS}/held`, [{ op: "remove", path: "/metadata/finalizers" }], {
      type: "application/json-patch+json",
    });
    cluster.clock.advance(1_000);
    expect(cluster.refused("GET", path).code).toBe(404);
    expect(cluster.model.objects("PersistentVolume")).toEqual([]);
  });
});
