import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accepts } from "./accept.ts";
import { etagOf, isUnchanged, mayChange } from "./etag.ts";
import { createPageTokens } from "./page-token.ts";

describe("page tokens", () => {
  const tokens = createPageTokens(Buffer.alloc(32, 1));
  const scope = ["listClusters", "org_a", { state: "running" }];

  it("give back what they were made of, for the same list, filter and organization alone", () => {
    const token = tokens.make(scope, "cl_1");
    expect(tokens.read(scope, token)).toBe("cl_1");
    for (const other of [
      ["listClusters", "org_b", { state: "running" }],
      ["listClusters", "org_a", {}],
    ]) {
      expect(() => tokens.read(other, token)).toThrow();
    }
    expect(() => createPageTokens(Buffer.alloc(32, 2)).read(scope, token)).toThrow();
  });

  it("are refused when anything in them was changed, and when they are junk", () => {
    const token = tokens.make(scope, "cl_1");
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom(..."abzAZ09-_"), (at, letter) => {
        const changed = token.slice(0, at) + letter + token.slice(at + 1);
        fc.pre(Buffer.compare(Buffer.from(changed, "base64url"), Buffer.from(token, "base64url")) !== 0);
        expect(() => tokens.read(scope, changed)).toThrow();
      }),
    );
    fc.assert(
      fc.property(fc.string(), (junk) => {
        expect(() => tokens.read(scope, junk)).toThrow();
      }),
    );
  });
});

describe("ETags", () => {
  const version = { generation: 3, statusVersion: 7 };

  it.each([
    [undefined, false],
    ['"g3.s7"', true],
    ['W/"g3.s7"', true],
    ['"g3.s6", "g3.s7"', true],
    ["*", true],
    ['"g3.s8"', false],
    ['"g33.s7"', false],
  ])("If-None-Match %s: unchanged is %s", (header, unchanged) => {
    expect(isUnchanged(header, etagOf(version))).toBe(unchanged);
  });

  it.each([
    [undefined, true],
    ["*", true],
    [etagOf(version), true],
    ['"g3.s1"', true],
    ['"g2.s7"', false],
    ['W/"g3.s7"', false],
    ['"g30.s7"', false],
    ["junk", false],
  ])("If-Match %s: may change is %s", (header, may) => {
    expect(mayChange(header, 3)).toBe(may);
  });
});

describe("Accept", () => {
  it.each([
    [undefined, true],
    ["*/*", true],
    ["application/json", true],
    ["application/*;q=0.1", true],
    ["text/html,application/xhtml+xml,*/*;q=0.8", true],
    ["text/html", false],
    ["application/json;q=0, */*", false],
    ["application/json;q=x", false],
  ])("%s lets JSON through: %s", (header, through) => {
    expect(accepts(header, "application/json")).toBe(through);
  });
});
