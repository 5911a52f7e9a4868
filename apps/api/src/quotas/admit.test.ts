import type { OrganizationUsage } from "@berth/domain";
import { describe, expect, it } from "vitest";
import { admitOne } from "./admit.ts";
import { toQuotaEntries } from "./wire.ts";

const usage: OrganizationUsage = {
  quotas: {
    clusters: { limit: 20, used: 2 },
    instances: { limit: 200, used: 6 },
    memoryMib: { limit: 2048, used: 1024 },
    storageMib: { limit: 4096, used: 1024 },
    projects: { limit: 3, used: 2 },
    members: { limit: 5, used: 5 },
    apiKeys: { limit: 4, used: 9 },
  },
  spend: { capMicroUsdPerHour: null, usedMicroUsdPerHour: 0 },
};

describe("one more", () => {
  it("passes below the limit", () => {
    expect(admitOne("projects", usage.quotas.projects).ok).toBe(true);
  });

  it.each([
    ["members", "members", 5, 5],
    ["apiKeys", "api_keys", 4, 9],
  ] as const)(
    "of %s is refused at the limit, and when there are more than that already",
    (quota, name, limit, used) => {
      const answer = admitOne(quota, usage.quotas[quota]);
      expect(answer).toMatchObject({
        ok: false,
        error: { code: "quota_exceeded", extra: { quota: name, limit, used, requested: 1 } },
      });
    },
  );
});

describe("quotas on the wire", () => {
  it("are bytes where they are mebibytes with us, and all there", () => {
    const entries = toQuotaEntries(usage);
    expect(entries.map(({ name }) => name)).toEqual([
      "clusters",
      "instances",
      "memory_bytes",
      "storage_bytes",
      "projects",
      "members",
      "api_keys",
    ]);
    expect(entries[2]).toEqual({ name: "memory_bytes", limit: 2 * 2 ** 30, used: 2 ** 30 });
  });
});
