import { randomUUID } from "node:crypto";
import type { OrganizationId } from "@berth/domain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aCluster, MANY, startTestApi, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const GIB = 2 ** 30;
const create = (key: string, body: object, path = "/v1/clusters", idempotencyKey = randomUUID()) =>
  api.ask("POST", path, { key, body, idempotencyKey });

/** As a client does it: what the service could not answer is asked again, under the same key. */
async function createPatiently(key: string, body: object) {
  const idempotencyKey = randomUUID();
  for (;;) {
    const answer = await create(key, body, "/v1/clusters", idempotencyKey);
    if (answer.statusCode !== 503) return answer;
  }
}

/** Each limit so that there is room for one more of these, and no second. */
const LIMITS = [
  { quota: "clusters", set: "max_clusters = 1", numbers: { limit: 1, used: 1, requested: 1 }, pointer: "" },
  { quota: "instances", set: "max_instances = 5", numbers: { limit: 5, used: 3, requested: 3 }, pointer: "/instances" },
  {
    quota: "memory_bytes",
    set: "max_memory_mib = 47 * 1024",
    numbers: { limit: 47 * GIB, used: 24 * GIB, requested: 24 * GIB },
    pointer: "/size",
  },
  {
    quota: "storage_bytes",
    set: "max_storage_mib = 720 * 1024",
    numbers: { limit: 720 * GIB, used: 720 * GIB, requested: 720 * GIB },
    pointer: "/size",
  },
  { quota: "spend_cap", set: "spend_cap_micro_usd_per_hour = 1055999", numbers: undefined, pointer: "" },
];
const limit = (organizationId: OrganizationId, set: string) =>
  api.owner.query(`update organization set ${set} where id = $1`, [organizationId]);

describe("of 200 creates at once with room for one more", () => {
  it.each(LIMITS)(
    "exactly one is accepted ($quota)",
    async ({ quota, set, numbers, pointer }) => {
      const { key, organizationId } = await api.newTenant(MANY);
      await limit(organizationId, set);
      const answers = await Promise.all(Array.from({ length: 200 }, () => createPatiently(key, aCluster())));
      const refused = answers.filter(({ statusCode }) => statusCode === 422);
      expect(answers.filter(({ statusCode }) => statusCode === 202)).toHaveLength(1);
      expect(refused).toHaveLength(199);
      const spend = {
        cap: { amount: "1.055999000000", currency: "USD" },
        used: { amount: "0.528000000000", currency: "USD" },
        requested: { amount: "0.528000000000", currency: "USD" },
      };
      const code = numbers === undefined ? "spend_cap_exceeded" : "quota_exceeded";
      for (const answer of refused) {
        expect(answer.json()).toMatchObject(numbers === undefined ? { code, spend } : { code, quota, ...numbers });
        expect(answer.json().errors).toMatchObject([{ pointer, code }]);
      }
      const [row] = await api.owner.query("select count(*)::int as n from cluster where organization_id = $1", [
        organizationId,
      ]);
      expect(row).toEqual({ n: 1 });
    },
    120_000,
  );
});

describe("a dry run", () => {
  it.each(LIMITS)("near the limit says what the create is then answered ($quota)", async ({ quota, set }) => {
    const { key, organizationId } = await api.newTenant(MANY);
    await limit(organizationId, set);
    for (const exceeded of [[], [quota]]) {
      const body = aCluster();
      const preview = await create(key, body, "/v1/clusters?dry_run=true");
      expect(preview.statusCode, preview.body).toBe(200);
      expect(preview.json().admission.would_exceed).toEqual(exceeded);
      expect((await create(key, body)).statusCode).toBe(exceeded.length === 0 ? 202 : 422);
    }
  });

  it("has the numbers: what may be had, is used and is asked for", async () => {
    const { key, organizationId } = await api.newTenant({ maxClusters: 5 });
    await limit(organizationId, "spend_cap_micro_usd_per_hour = 2000000");
    await create(key, aCluster({ instances: 1 }));
    const preview = (await create(key, aCluster(), "/v1/clusters?dry_run=true")).json();
    expect(preview.admission.quotas[0]).toEqual({
      name: "clusters",
      limit: 5,
      used: 1,
      requested: 1,
      would_exceed: false,
    });
    expect(preview.admission.quotas.map((one: { requested: number }) => one.requested)).toEqual([
      1,
      3,
      24 * GIB,
      720 * GIB,
    ]);
    expect(preview.admission.spend).toEqual({
      cap: { amount: "2.000000000000", currency: "USD" },
      used: { amount: "0.176000000000", currency: "USD" },
      requested: { amount: "0.528000000000", currency: "USD" },
      would_exceed: false,
    });
    expect(preview.price_per_month.amount).toBe("385.440000000000");
  });

  it("says when the project has a cluster of that name", async () => {
    const { key } = await api.newTenant();
    const body = aCluster({ instances: 1 });
    const taken = async () => (await create(key, body, "/v1/clusters?dry_run=true")).json().name_taken;
    expect(await taken()).toBe(false);
    await create(key, body);
    expect(await taken()).toBe(true);
  });
});

describe("a create that is too much in several ways", () => {
  it("is told all of them, the first as the refusal's own", async () => {
    const { key, organizationId } = await api.newTenant({ maxInstances: 2, maxMemoryMib: 1024 });
    await limit(organizationId, "spend_cap_micro_usd_per_hour = 1");
    const components = [{ name: "data", size: "8g", instances: 3 }];
    const answer = await create(key, { name: "demo", region: "us-east-1", components });
    expect(answer.json()).toMatchObject({ code: "quota_exceeded", quota: "instances", limit: 2, used: 0 });
    expect(answer.json().errors).toEqual([
      {
        pointer: "/components",
        code: "quota_exceeded",
        detail: "The organization may have 2 instances; it has 0, and this asks for 3.",
      },
      {
        pointer: "/components",
        code: "quota_exceeded",
        detail: "The organization may have 1 GiB of memory; it has 0 GiB, and this asks for 24 GiB.",
      },
      {
        pointer: "",
        code: "spend_cap_exceeded",
        detail: "The organization's clusters may cost $0.0000 an hour; they cost $0.0000, and this would add $0.5280.",
      },
    ]);
  });
});
