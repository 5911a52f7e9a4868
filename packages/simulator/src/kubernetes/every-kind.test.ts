import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RESOURCES, type Resource } from "./resources.ts";
import { type SchemaType, schemaOf } from "./schema/schema.ts";
import { NAMESPACE, POD_LIST, podBody, type TestCluster, testCluster } from "./testing.ts";

const WORDS = ["a", "p", "x:1", "1Gi", "Always", "In", "Exists", "RollingUpdate", "OnDelete", "WaitForFirstConsumer"];
const MAX_FIELDS = 8;
const RUNS = 25;

/** Values of the right shape with anything in them: each field there or not. */
function anyOf(type: SchemaType, depth: number): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case "scalar":
      if (type.scalar === "string") return fc.constantFrom(...WORDS);
      if (type.scalar === "number") return fc.integer({ min: -1, max: 3 });
      if (type.scalar === "boolean") return fc.boolean();
      return type.scalar === "quantity"
        ? fc.constantFrom("1", "1Gi", 2)
        : fc.constantFrom("50%", 1, "2026-01-01T00:00:00Z");
    case "list":
      return depth === 0 ? fc.constant([]) : fc.array(anyOf(type.of, depth - 1), { maxLength: 2 });
    case "map": {
      const keys = fc.constantFrom("a", "cpu", "memory", "storage");
      return depth === 0 ? fc.constant({}) : fc.dictionary(keys, anyOf(type.of, depth - 1), { maxKeys: 2 });
    }
    case "struct": {
      const fields = [...type.fields];
      if (depth === 0) return fc.constant({});
      return fc
        .subarray(fields, { maxLength: Math.min(MAX_FIELDS, fields.length) })
        .chain((some) => fc.record(Object.fromEntries(some.map(([name, of]) => [name, anyOf(of, depth - 1)]))));
    }
  }
}

const WRITES = [
  { method: "POST", type: "application/json" },
  { method: "PUT", type: "application/json" },
  { method: "PATCH", type: "application/strategic-merge-patch+json" },
  { method: "PATCH", type: "application/merge-patch+json" },
  { method: "PATCH", type: "application/apply-patch+yaml" },
] as const;

function write(
  cluster: TestCluster,
  resource: Resource,
  body: object,
  way: (typeof WRITES)[number],
  name: string,
): number {
  const apiVersion = resource.group === "" ? "v1" : `${resource.group}/v1`;
  const root = resource.group === "" ? "/api/v1" : `/apis/${apiVersion}`;
  const scope = resource.namespaced ? `/namespaces/${NAMESPACE}` : "";
  const path = `${root}${scope}/${resource.plural}${way.method === "POST" ? "" : `/${name}`}`;
  const object = { ...body, apiVersion, kind: resource.kind, metadata: { name, labels: { a: "b" } } };
  const query: Record<string, string> = way.type.includes("apply") ? { fieldManager: "f", force: "true" } : {};
  return cluster.call(way.method, path, object, { type: way.type, query }).status;
}

describe.each(RESOURCES.map((resource) => ({ name: `${resource.plural}.${resource.group}`, resource })))(
  "$name",
  ({ resource }) => {
    it("takes or refuses any object of its shape, and the controllers live with what it took", () => {
      const cluster = testCluster({ nodes: 1 });
      cluster.must("POST", POD_LIST, podBody("p"));
      cluster.clock.advance(1_000);
      const fields = [...schemaOf(resource.schema).fields].filter(
        ([name]) => !["apiVersion", "kind", "metadata"].includes(name),
      );
      const body = fc.record(Object.fromEntries(fields.map(([name, type]) => [name, anyOf(type, 6)])), {
        requiredKeys: [],
      });
      let made = 0;
      fc.assert(
        fc.property(body, fc.constantFrom(...WRITES), fc.boolean(), (object, way, same) => {
          made += 1;
          expect(write(cluster, resource, object, way, same ? "same" : `x${made}`)).toBeGreaterThanOrEqual(200);
          cluster.clock.advance(100);
        }),
        { numRuns: RUNS },
      );
    });
  },
);
