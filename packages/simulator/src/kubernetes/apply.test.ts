import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KubeObject, StatefulSet } from "./objects.ts";
import { NAMESPACE, STATEFUL_SET_PATH, statefulSet, type TestCluster, testCluster } from "./testing.ts";

const PATH = `/api/v1/namespaces/${NAMESPACE}/configmaps/m`;

function apply(cluster: TestCluster, manager: string, data: Record<string, string>, force = false) {
  const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "m" }, data };
  const query = { fieldManager: manager, ...(force ? { force: "true" } : {}) };
  return cluster.call("PATCH", PATH, body, { type: "application/apply-patch+yaml", query });
}

const dataOf = (cluster: TestCluster): unknown => (cluster.must<{ data?: unknown }>("GET", PATH).data ?? {}) as unknown;

describe("server-side apply", () => {
  it("creates, and applying the same again spends no revision", () => {
    const cluster = testCluster();
    expect(apply(cluster, "one", { a: "1" }).status).toBe(201);
    const first = cluster.must("GET", PATH);
    cluster.clock.advance(5_000);
    expect(apply(cluster, "one", { a: "1" }).body).toEqual(first);
  });

  it("removes a field that its manager stops applying, unless another manager wants it too", () => {
    const cluster = testCluster();
    apply(cluster, "one", { a: "1", b: "1" });
    apply(cluster, "two", { b: "1" });
    apply(cluster, "one", {});
    expect(dataOf(cluster)).toEqual({ b: "1" });
  });

  it("keeps what others wrote by other means", () => {
    const cluster = testCluster();
    apply(cluster, "one", { a: "1" });
    cluster.must("PATCH", PATH, { data: { hand: "x" } }, { type: "application/merge-patch+json" });
    apply(cluster, "one", {});
    expect(dataOf(cluster)).toEqual({ hand: "x" });
  });

  it("refuses to change another manager's field with one cause for each field", () => {
    const cluster = testCluster();
    apply(cluster, "one", { a: "1", b: "1" });
    const answer = apply(cluster, "two", { a: "2", b: "2" });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({
      reason: "Conflict",
      details: {
        causes: [
          { reason: "FieldManagerConflict", field: ".data.a", message: 'conflict with "one"' },
          { reason: "FieldManagerConflict", field: ".data.b" },
        ],
      },
    });
  });

  it("takes the field when forced, and then the other manager no longer owns it", () => {
    const cluster = testCluster();
    apply(cluster, "one", { a: "1" });
    expect(apply(cluster, "two", { a: "2" }, true).status).toBe(200);
    apply(cluster, "one", {});
    expect(dataOf(cluster)).toEqual({ a: "2" });
  });

  it("shares a field that both set to the same value", () => {
    const cluster = testCluster();
    apply(cluster, "one", { a: "1" });
    expect(apply(cluster, "two", { a: "1" }).status).toBe(200);
  });

  it("refuses without a manager, with unknown fields, and with a uid that is not the object's", () => {
    const cluster = testCluster();
    const type = "application/apply-patch+yaml";
    const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "m" } };
    expect(cluster.refused("PATCH", PATH, body, { type })).toMatchObject({ code: 422 });
    const query = { fieldManager: "one" };
    expect(cluster.refused("PATCH", PATH, { ...body, bogus: 1 }, { type, query }).message).toContain(".bogus");
    const elsewhere = { ...body, metadata: { name: "m", uid: "00000000-0000-4000-8000-000000000000" } };
    expect(cluster.refused("PATCH", PATH, elsewhere, { type, query }).code).toBe(409);
  });

  it("reads YAML as well as JSON", () => {
    const cluster = testCluster();
    const text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {a: '1'}\n";
    const query = { fieldManager: "one" };
    expect(cluster.call("PATCH", PATH, text, { type: "application/apply-patch+yaml", query }).status).toBe(201);
  });

  it("merges containers by name, environment by name and mounts by path", () => {
    const cluster = testCluster();
    const options = { type: "application/apply-patch+yaml", query: { fieldManager: "berth" } };
    cluster.must("PATCH", STATEFUL_SET_PATH, statefulSet(NAMESPACE), options);
    const other = {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "data" },
      spec: { template: { spec: { containers: [{ name: "es", env: [{ name: "A", value: "1" }] }] } } },
    };
    const set = cluster.must<StatefulSet>("PATCH", STATEFUL_SET_PATH, other, {
      ...options,
      query: { fieldManager: "second" },
    });
    const [container, ...more] = set.spec.template.spec.containers;
    expect(more).toEqual([]);
    expect(container).toMatchObject({
      image: expect.stringContaining("elasticsearch"),
      env: [{ name: "A", value: "1" }],
    });
    expect(container?.volumeMounts).toHaveLength(1);
    const without = { ...other, spec: { template: { spec: { containers: [{ name: "es" }] } } } };
    const after = cluster.must<StatefulSet>("PATCH", STATEFUL_SET_PATH, without, {
      ...options,
      query: { fieldManager: "second" },
    });
    expect(after.spec.template.spec.containers[0]?.env).toBeUndefined();
  });

  it("ends, whatever managers apply in whatever order, with the union of their last wishes", () => {
    const data = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.constantFrom("1", "2"));
    const step = fc.record({ manager: fc.constantFrom("one", "two", "three"), data });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const cluster = testCluster();
        const wishes = new Map<string, Record<string, string>>();
        for (const { manager, data } of steps) {
          expect(apply(cluster, manager, data, true).status).toBeLessThan(300);
          // A forced change takes the field away from those who wanted another value.
          for (const wish of wishes.values()) {
            for (const [key, value] of Object.entries(data)) if (wish[key] !== value) delete wish[key];
          }
          wishes.set(manager, { ...data });
          const expected = Object.assign({}, ...wishes.values()) as Record<string, string>;
          expect(dataOf(cluster)).toEqual(expected);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("managed fields", () => {
  it("give a field to its last writer and take vanished ones from everybody", () => {
    const cluster = testCluster();
    apply(cluster, "one", { a: "1", b: "1" });
    const patch = { data: { a: "9", b: null } };
    const object = cluster.must<KubeObject>("PATCH", PATH, patch, { type: "application/merge-patch+json" });
    const entries = object.metadata.managedFields?.map(({ manager, operation, fieldsV1 }) => [
      manager,
      operation,
      fieldsV1,
    ]);
    expect(entries).toEqual([["test", "Update", { "f:data": { "f:a": {} } }]]);
  });
});
