import { describe, expect, it } from "vitest";
import { ApiError } from "./api-error.ts";
import type { Json, JsonObject } from "./json.ts";
import { applyJsonPatch, applyMergePatch, applyStrategicPatch } from "./patch.ts";
import { schemaOf } from "./schema/schema.ts";

const document: JsonObject = { a: { b: [1, 2, 3] }, "x/y": "slash", n: null };

describe("a JSON patch", () => {
  const accepted: [string, Json, JsonObject][] = [
    ["adds to a map", [{ op: "add", path: "/a/c", value: 1 }], { ...document, a: { b: [1, 2, 3], c: 1 } }],
    ["inserts into a list", [{ op: "add", path: "/a/b/1", value: 9 }], { ...document, a: { b: [1, 9, 2, 3] } }],
    ["appends with a dash", [{ op: "add", path: "/a/b/-", value: 9 }], { ...document, a: { b: [1, 2, 3, 9] } }],
    ["removes from a list", [{ op: "remove", path: "/a/b/0" }], { ...document, a: { b: [2, 3] } }],
    ["replaces a member that is missing", [{ op: "replace", path: "/z", value: 1 }], { ...document, z: 1 }],
    ["reads ~1 as a slash", [{ op: "replace", path: "/x~1y", value: "s" }], { ...document, "x/y": "s" }],
    ["tests equality in depth", [{ op: "test", path: "/a", value: { b: [1, 2, 3] } }], document],
    ["tests that something is absent", [{ op: "test", path: "/zz", value: null }], document],
    ["moves", [{ op: "move", from: "/a/b/0", path: "/first" }], { ...document, a: { b: [2, 3] }, first: 1 }],
    ["copies", [{ op: "copy", from: "/x~1y", path: "/copy" }], { ...document, copy: "slash" }],
  ];
  it.each(accepted)("%s", (_name, patch, expected) => {
    expect(applyJsonPatch(document, patch)).toEqual(expected);
  });

  const refused: [string, Json, number][] = [
    ["a test that fails", [{ op: "test", path: "/a/b/0", value: 2 }], 422],
    ["a missing member to remove", [{ op: "remove", path: "/zz" }], 422],
    ["a missing parent", [{ op: "add", path: "/zz/y", value: 1 }], 422],
    ["an index beyond the list", [{ op: "add", path: "/a/b/9", value: 1 }], 422],
    ["an unknown operation", [{ op: "increase", path: "/a" }], 422],
    ["something that is no list", { op: "add" }, 400],
  ];
  it.each(refused)("refuses %s", (_name, patch, code) => {
    try {
      applyJsonPatch(document, patch);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ApiError);
      expect((error as ApiError).code).toBe(code);
    }
  });

  it("carries out nothing of a patch whose last operation fails", () => {
    const before = structuredClone(document);
    expect(() =>
      applyJsonPatch(document, [
        { op: "add", path: "/q", value: 1 },
        { op: "remove", path: "/zz" },
      ]),
    ).toThrow();
    expect(document).toEqual(before);
  });
});

describe("a merge patch", () => {
  it("removes by null, merges maps and replaces lists", () => {
    const patched = applyMergePatch({ a: { b: 1, c: 2 }, l: [1] }, { a: { b: null, d: 3 }, l: [2], n: 1 });
    expect(patched).toEqual({ a: { c: 2, d: 3 }, l: [2], n: 1 });
  });
});

describe("a strategic merge patch", () => {
  const pod = schemaOf("core.v1.Pod");
  const base: JsonObject = { spec: { containers: [{ name: "a", image: "x:1" }], tolerations: [{ key: "k" }] } };

  it("merges lists by their key and replaces those without", () => {
    const patch: JsonObject = { spec: { containers: [{ name: "a", image: "x:2" }], tolerations: [{ key: "l" }] } };
    expect(applyStrategicPatch(base, patch, pod)).toEqual(patch);
  });

  it("deletes an item by directive", () => {
    const patch = { spec: { containers: [{ name: "a", $patch: "delete" }] } };
    expect(applyStrategicPatch(base, patch, pod)).toMatchObject({ spec: { containers: [] } });
  });

  it("merges conditions by type", () => {
    const before = { status: { conditions: [{ type: "Ready", status: "False", reason: "r" }] } };
    const patch = { status: { conditions: [{ type: "Ready", status: "True" }] } };
    expect(applyStrategicPatch(before, patch, schemaOf("core.v1.Node"))).toEqual({
      status: { conditions: [{ type: "Ready", status: "True", reason: "r" }] },
    });
  });
});
