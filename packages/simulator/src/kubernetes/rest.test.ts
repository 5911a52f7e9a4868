import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ConfigMap, KubeObject, Pod } from "./objects.ts";
import { RESOURCES } from "./resources.ts";
import { NAMESPACE, POD_LIST, podBody, podPath, testCluster } from "./testing.ts";

const MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
const map = (name: string, over: object = {}): object => ({ metadata: { name, ...over }, data: { a: "1" } });

interface List {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly KubeObject[];
}

describe("creating", () => {
  it("stamps identity, and refuses a taken name, a missing namespace and a bad name", () => {
    const cluster = testCluster();
    const made = cluster.must<ConfigMap>("POST", MAPS, map("m"));
    expect(made.metadata).toMatchObject({ namespace: NAMESPACE, uid: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(cluster.refused("POST", MAPS, map("m"))).toMatchObject({ code: 409, reason: "AlreadyExists" });
    expect(cluster.refused("POST", "/api/v1/namespaces/none/configmaps", map("m"))).toMatchObject({ code: 404 });
    const bad = cluster.refused("POST", MAPS, map("Bad_Name"));
    expect(bad).toMatchObject({ code: 422, details: { causes: [{ field: "metadata.name" }] } });
  });

  it("makes names from generateName", () => {
    const cluster = testCluster();
    const [one, two] = [1, 2].map(() => cluster.must("POST", MAPS, { metadata: { generateName: "m-" } }).metadata.name);
    expect(one).toMatch(/^m-[a-z0-9]{5}$/);
    expect(two).not.toBe(one);
  });

  it("warns of unknown fields and drops them, or refuses them when asked to be strict", () => {
    const cluster = testCluster();
    const answer = cluster.call("POST", MAPS, { ...map("m"), bogus: 1 });
    expect(answer.headers.Warning).toContain("unknown field");
    expect(answer.body).not.toHaveProperty("bogus");
    const strict = cluster.refused("POST", MAPS, { ...map("n"), bogus: 1 }, { query: { fieldValidation: "Strict" } });
    expect(strict).toMatchObject({ code: 400, message: expect.stringContaining('unknown field "bogus"') });
  });

  it("changes nothing on a dry run", () => {
    const cluster = testCluster();
    cluster.must("POST", MAPS, map("m"), { query: { dryRun: "All" } });
    expect(cluster.refused("GET", `${MAPS}/m`).code).toBe(404);
  });

  it("writes quantities in the server's own form", () => {
    const cluster = testCluster();
    const limits = { cpu: "1000m", memory: "2048Mi" };
    const containers = [{ name: "a", image: "x:1", resources: { limits, requests: { cpu: "0.5" } } }];
    const pod = cluster.must<Pod>("POST", POD_LIST, podBody("p", { containers }));
    expect(pod.spec.containers[0]?.resources).toEqual({
      limits: { cpu: "1", memory: "2Gi" },
      requests: { cpu: "500m", memory: "2Gi" },
    });
  });
});

describe("updating", () => {
  it("is refused from an old version, and spends no revision when nothing changes", () => {
    const cluster = testCluster();
    const made = cluster.must<ConfigMap>("POST", MAPS, map("m"));
    const changed = cluster.must<ConfigMap>("PUT", `${MAPS}/m`, { ...made, data: { a: "2" } });
    expect(cluster.refused("PUT", `${MAPS}/m`, { ...made, data: { a: "3" } })).toMatchObject({
      code: 409,
      reason: "Conflict",
    });
    expect(cluster.must("PUT", `${MAPS}/m`, changed).metadata.resourceVersion).toBe(changed.metadata.resourceVersion);
  });

  it("counts generations for changes of the spec alone", () => {
    const cluster = testCluster();
    cluster.must("POST", POD_LIST, podBody("p", { schedulingGates: [{ name: "berth.dev/placement" }] }));
    const merge = { type: "application/merge-patch+json" };
    const labelled = cluster.must("PATCH", podPath("p"), { metadata: { labels: { a: "b" } } }, merge);
    expect(labelled.metadata.generation).toBe(1);
    expect(cluster.must("PATCH", podPath("p"), { spec: { schedulingGates: null } }, merge).metadata.generation).toBe(2);
  });

  it("of status leaves the spec alone, and of the rest leaves status alone", () => {
    const cluster = testCluster();
    cluster.must("POST", POD_LIST, podBody("p", { schedulingGates: [{ name: "berth.dev/placement" }] }));
    const merge = { type: "application/merge-patch+json" };
    cluster.must("PATCH", podPath("p"), { status: { message: "no" } }, merge);
    expect(cluster.pod("p").status.message).toBeUndefined();
    cluster.must("PATCH", `${podPath("p")}/status`, { status: { message: "yes" }, spec: { hostname: "x" } }, merge);
    expect(cluster.pod("p")).toMatchObject({ status: { message: "yes" }, spec: { containers: [{ name: "es" }] } });
    expect(cluster.pod("p").spec.hostname).toBeUndefined();
  });
});

describe("deleting", () => {
  it("holds to uid and resourceVersion", () => {
    const cluster = testCluster();
    const made = cluster.must<ConfigMap>("POST", MAPS, map("m"));
    const wrong = { preconditions: { uid: "00000000-0000-4000-8000-000000000000" } };
    expect(cluster.refused("DELETE", `${MAPS}/m`, wrong).code).toBe(409);
    expect(cluster.refused("DELETE", `${MAPS}/m`, { preconditions: { resourceVersion: "1" } }).code).toBe(409);
    const { uid, resourceVersion } = made.metadata;
    expect(cluster.must("DELETE", `${MAPS}/m`, { preconditions: { uid, resourceVersion } })).toMatchObject({
      status: "Success",
    });
  });

  it("waits for finalizers, and lets none be added meanwhile", () => {
    const cluster = testCluster();
    cluster.must("POST", MAPS, map("m", { finalizers: ["a.b/c"] }));
    expect(cluster.must<ConfigMap>("DELETE", `${MAPS}/m`).metadata.deletionTimestamp).toBeDefined();
    const type = "application/json-patch+json";
    const add = [{ op: "add", path: "/metadata/finalizers/-", value: "d.e/f" }];
    expect(cluster.refused("PATCH", `${MAPS}/m`, add, { type }).code).toBe(422);
    cluster.must("PATCH", `${MAPS}/m`, [{ op: "remove", path: "/metadata/finalizers" }], { type });
    expect(cluster.refused("GET", `${MAPS}/m`).code).toBe(404);
  });

  it("of a collection takes what the selector names", () => {
    const cluster = testCluster();
    cluster.must("POST", MAPS, map("m", { labels: { keep: "no" } }));
    cluster.must("POST", MAPS, map("n"));
    cluster.must("DELETE", MAPS, undefined, { query: { labelSelector: "keep=no" } });
    const names = cluster.must<List>("GET", MAPS).items.map((item) => item.metadata.name);
    expect(names).toEqual(["kube-root-ca.crt", "n"]);
  });
});

describe("listing", () => {
  it("gives pages of one moment, whatever is written between them", () => {
    const cluster = testCluster();
    for (const name of ["a", "b", "c", "d"]) cluster.must("POST", MAPS, map(name));
    const first = cluster.must<List>("GET", MAPS, undefined, { query: { limit: "2" } });
    expect(first.metadata.remainingItemCount).toBe(3);
    cluster.must("DELETE", `${MAPS}/c`);
    cluster.must("POST", MAPS, map("bb"));
    const query = { limit: "10", continue: first.metadata.continue ?? "" };
    const second = cluster.must<List>("GET", MAPS, undefined, { query });
    expect([...first.items, ...second.items].map((item) => item.metadata.name)).toEqual([
      "a",
      "b",
      "c",
      "d",
      "kube-root-ca.crt",
    ]);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    cluster.model.faults.compact();
    expect(cluster.refused("GET", MAPS, undefined, { query }).code).toBe(410);
  });

  it("leaves kind and apiVersion off its items, as the server's typed lists do", () => {
    const cluster = testCluster();
    const [item] = cluster.must<List>("GET", MAPS).items;
    expect(item).not.toHaveProperty("kind");
    expect(item).not.toHaveProperty("apiVersion");
  });

  it.each([
    ["labelSelector", "app=x", ["one"]],
    ["labelSelector", "app in (x,y),!gone", ["one", "two"]],
    ["labelSelector", "app notin (x)", ["three", "two"]],
    ["labelSelector", "app", ["one", "two"]],
    ["labelSelector", "app!=y", ["one", "three"]],
    ["fieldSelector", "metadata.name=two", ["two"]],
    ["fieldSelector", "status.phase!=Running,metadata.name!=one", ["three", "two"]],
    ["fieldSelector", "spec.nodeName=", ["one", "three", "two"]],
  ])("selects by %s %s", (key, selector, names) => {
    const cluster = testCluster();
    cluster.must("POST", POD_LIST, podBody("one", {}, { app: "x" }));
    cluster.must("POST", POD_LIST, podBody("two", {}, { app: "y" }));
    cluster.must("POST", POD_LIST, podBody("three"));
    const list = cluster.must<List>("GET", POD_LIST, undefined, { query: { [key]: selector } });
    expect(list.items.map((item) => item.metadata.name)).toEqual(names);
  });

  it("refuses selectors that it cannot read or does not know", () => {
    const cluster = testCluster();
    expect(cluster.refused("GET", POD_LIST, undefined, { query: { labelSelector: "a===b" } }).code).toBe(400);
    expect(cluster.refused("GET", POD_LIST, undefined, { query: { fieldSelector: "spec.colour=red" } }).code).toBe(400);
  });
});

describe("the same events in two groups", () => {
  it("are one store: written as core, read as events.k8s.io, and back", () => {
    const cluster = testCluster();
    const regarding = { kind: "Pod", name: "p", namespace: NAMESPACE };
    const path = `/namespaces/${NAMESPACE}/events`;
    const body = {
      metadata: { name: "e" },
      regarding,
      note: "text",
      reason: "R",
      type: "Normal",
      reportingController: "berth",
    };
    cluster.must("POST", `/apis/events.k8s.io/v1${path}`, body);
    expect(cluster.must("GET", `/api/v1${path}/e`)).toMatchObject({ involvedObject: regarding, message: "text" });
    expect(cluster.must("GET", `/apis/events.k8s.io/v1${path}/e`)).toMatchObject({ regarding, note: "text" });
  });
});

describe("anything that a client may send", () => {
  it("gets an answer and never an exception", () => {
    const cluster = testCluster({ nodes: 1 });
    cluster.must("POST", POD_LIST, podBody("p"));
    cluster.clock.advance(2_000);
    const names = fc.constantFrom("p", "n0", "default", NAMESPACE, "kube-root-ca.crt", "x");
    const resource = fc.constantFrom(...RESOURCES);
    const member = fc.constantFrom(
      "metadata",
      "spec",
      "status",
      "data",
      "template",
      "containers",
      "name",
      "conditions",
      "rules",
    );
    const { body } = fc.letrec((tie) => ({
      body: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<unknown>(null, "", "x", 1, true, [], {}),
        fc.dictionary(member, tie("body"), { maxKeys: 4 }),
        fc.array(tie("body"), { maxLength: 2 }),
      ),
    }));
    const types = fc.constantFrom(
      "application/json",
      "application/json-patch+json",
      "application/merge-patch+json",
      "application/strategic-merge-patch+json",
      "application/apply-patch+yaml",
    );
    const call = fc.record({
      method: fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "BREW"),
      resource,
      name: fc.option(names),
      subresource: fc.option(
        fc.constantFrom("status", "scale", "binding", "eviction", "resize", "approval", "finalize", "log"),
      ),
      type: types,
      body,
    });
    fc.assert(
      fc.property(call, ({ method, resource, name, subresource, type, body }) => {
        const root = resource.group === "" ? "/api/v1" : `/apis/${resource.group}/v1`;
        const scope = resource.namespaced ? `/namespaces/${NAMESPACE}` : "";
        const tail = name === null ? "" : `/${name}${subresource === null ? "" : `/${subresource}`}`;
        const path = `${root}${scope}/${resource.plural}${tail}`;
        const object = body as Record<string, unknown>;
        const whole =
          type.includes("apply") && typeof body === "object" && body !== null && !Array.isArray(body)
            ? { ...object, apiVersion: root.replace(/^\/apis?\//, ""), kind: resource.kind, metadata: { name } }
            : body;
        const answer = cluster.call(method, path, whole, { type, query: { fieldManager: "f" } });
        expect(answer.status).toBeGreaterThanOrEqual(200);
        cluster.clock.advance(50);
      }),
      { numRuns: 1_500, seed: 7 },
    );
  });
});
