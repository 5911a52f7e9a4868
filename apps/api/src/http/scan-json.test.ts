import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findJsonFault } from "./scan-json.ts";

describe("findJsonFault", () => {
  it("finds no fault in anything that JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        const text = JSON.stringify(value, null, 1);
        if (text.includes("__proto__")) return;
        expect(findJsonFault(text, 32)).toBeUndefined();
      }),
    );
  });

  it("finds a key that is there twice, wherever it stands and however it is written", () => {
    const key = fc.string({ minLength: 1, maxLength: 4 }).filter((text) => text !== "__proto__");
    const escaped = (text: string) =>
      `"${[...text].map((letter) => [...Array(letter.length).keys()].map((at) => `\\u${letter.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")).join("")}"`;
    fc.assert(
      fc.property(key, fc.jsonValue({ maxDepth: 2 }), fc.boolean(), (name, value, escapes) => {
        const twice = `{${JSON.stringify(name)}:${JSON.stringify(value)},${escapes ? escaped(name) : JSON.stringify(name)}:1}`;
        for (const text of [twice, `[1,${twice}]`, `{"outer_":{"inner":[${twice}]}}`]) {
          expect(findJsonFault(text, 32)?.kind).toBe("duplicate_key");
        }
      }),
    );
  });

  it("takes the same key in two objects, and a value that looks like a key", () => {
    expect(findJsonFault('[{"a":"a"},{"a":{"a":"}{"}},"a","a"]', 32)).toBeUndefined();
  });

  it("counts the depth, not the brackets", () => {
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    expect(findJsonFault(nested(32), 32)).toBeUndefined();
    expect(findJsonFault(`[${Array(100).fill("[]").join(",")}]`, 2)).toBeUndefined();
    expect(findJsonFault(nested(33), 32)?.kind).toBe("too_deep");
  });

  it("ends on any text at all, quickly", () => {
    fc.assert(fc.property(fc.string(), (text) => void findJsonFault(text, 32)));
    const startedAt = performance.now();
    findJsonFault(`{"a":"${"\\".repeat(250_000)}`, 32);
    findJsonFault('{"a":'.repeat(50_000), 1e9);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});
