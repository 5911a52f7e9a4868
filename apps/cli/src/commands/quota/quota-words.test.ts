import { describe, expect, it } from "vitest";
import { formatUse, quotaLimit, quotaWord } from "./quota-words.ts";

describe("a limit on the command line", () => {
  it("is added to those before it, in bytes where it is an amount", () => {
    const limits = ["clusters=10", "memory=64GiB", "keys=5"].reduce<ReturnType<typeof quotaLimit>>(
      (before, text) => quotaLimit(text, before),
      {},
    );
    expect(limits).toEqual({ clusters: { limit: 10 }, memory_bytes: { limit: 64 * 2 ** 30 }, api_keys: { limit: 5 } });
  });

  it.each(["clusters", "clusters=", "clusters=-1", "clusters=1g", "memory=lots", "nodes=3", "=3", ""])(
    "%j is refused",
    (text) => expect(() => quotaLimit(text)).toThrow(),
  );
});

it("what is used of a quota is shown with its unit, and a quota of a newer API under its own name", () => {
  expect(formatUse("memory_bytes", { used: 24 * 2 ** 30, limit: 2 * 2 ** 40 })).toBe("24GiB/2TiB");
  expect(formatUse("members", { used: 1, limit: 200 })).toBe("1/200");
  expect([quotaWord("api_keys"), quotaWord("snapshots")]).toEqual(["keys", "snapshots"]);
});
