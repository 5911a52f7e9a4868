import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findJsonFault } from "./scan-json.ts";

/** Depth alone. */
const deep = (depth: number) => ({ depth, members: 1e9, allMembers: 1e9 });

describe("findJsonFault", () => {
  it("finds no fault in anything that JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        const text = JSON.stringify(value, null, 1);
        if (text.includes("__proto__")) return;
        expect(findJsonFault(text, deep(32))).toBeUndefined();
      }),
    );
  });

  it("finds a key that is there twice, wherever it stands and however it is written", () => {
    const key = fc.string({ minLength: 1, maxLength: 4 }).filter((text) => text !== "__proto__");
    const escaped = (text: string) =>
      `"${[...text].map((letter) => [...Array(letter.length).keys()].map((at) => `\\u${letter.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")).join("")}"`;
    fc.assert(
      fc.property(key, fc.jsonValue({ maxDepth: 2 }), fc.boolean(), (name, value, escapes) => {
        if (JSON.stringify(value).includes("__proto__")) return; // A fault of its own.
        const twice = `{${JSON.stringify(name)}:${JSON.stringify(value)},${escapes ? escaped(name) : JSON.stringify(name)}:1}`;
        for (const text of [twice, `[1,${twice}]`, `{"outer_":{"inner":[${twice}]}}`]) {
          expect(findJsonFault(text, deep(32))?.kind).toBe("duplicate_key");
        }
      }),
    );
  });

  it("takes the same key in two objects, and a value that looks like a key", () => {
    expect(findJsonFault('[{"a":"a"},{"a":{"a":"}{"}},"a","a"]', deep(32))).toBeUndefined();
  });

  it("counts the depth, not the brackets", () => {
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    expect(findJsonFault(nested(32), deep(32))).toBeUndefined();
    expect(findJsonFault(`[${Array(100).fill("[]").join(",")}]`, deep(2))).toBeUndefined();
    expect(findJsonFault(nested(33), deep(32))?.kind).toBe("too_deep");
  });

  it("counts the members of each object and array, and says which has too many", () => {
    const limits = { depth: 32, members: 3, allMembers: 1e9 };
    for (const text of ["[1,2,3]", '{"a":1,"b":2,"c":3}', '[[1,2,3],{"a":"1,2,3,4"},[[],[],[]]]', "[]"]) {
      expect(findJsonFault(text, limits), text).toBeUndefined();
    }
    for (const [text, pointer] of [
      ["[1,2,3,4]", ""],
      ['{"a":1,"b":2,"c":3,"d":4}', ""],
      ['{"x":[{},{"a~/b":[[1],{"a":1},[[],[],[],[]]]}]}', "/x/1/a~0~1b/2"],
      ['{"x":{"a":[1,2],"b":2,"c":3,"d":4}}', "/x"],
    ] as const) {
      expect(findJsonFault(text, limits), text).toEqual({
        kind: "too_many_members",
        pointer,
        detail: "An object or array has at most 3 members.",
      });
    }
  });

  it("counts the members of all objects and arrays together", () => {
    const limits = { depth: 32, members: 100, allMembers: 6 };
    expect(findJsonFault('{"a":[1,2],"b":{"c":[3]}}', limits)).toBeUndefined();
    expect(findJsonFault('{"a":[1,2],"b":{"c":[3,4]}}', limits)).toEqual({
      kind: "too_many_members",
      pointer: "",
      detail: "All objects and arrays of a body have at most 6 members together.",
    });
  });

  it("ends on any text at all, quickly", () => {
    fc.assert(fc.property(fc.string(), (text) => void findJsonFault(text, deep(32))));
    const startedAt = performance.now();
    findJsonFault(`{"a":"${"\\".repeat(250_000)}`, deep(32));
    findJsonFault('{"a":'.repeat(50_000), deep(1e9));
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});
