import { permissionsOfKind } from "@berth/domain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aCluster, startTestApi, type TestApi, ZONES } from "../testing/test-api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const get = async (path: string) => (await api.ask("GET", path, { key: api.stranger.key })).json();

describe("GET /v1/me", () => {
  it("200: the key, its organization and projects, what it may and how much is used", async () => {
    await api.ask("POST", "/v1/clusters", { key: api.stranger.key, body: aCluster() });
    expect(await get("/v1/me")).toEqual({
      principal: {
        type: "api_key",
        id: expect.stringMatching(/^key_/),
        name: "test",
        expires_at: null,
        project_ids: [],
        cluster_ids: [],
        cidrs: [],
      },
      member: null,
      organization: {
        id: api.stranger.organizationId,
        name: api.stranger.organizationId,
        kind: "customer",
        state: "active",
      },
      projects: [{ id: api.stranger.projectId, name: "default" }],
      permissions: [...permissionsOfKind("customer")],
      limits: {
        clusters: { limit: 20, used: 1 },
        instances: { limit: 200, used: 3 },
        memory_bytes: { limit: 2 * 2 ** 40, used: 24 * 2 ** 30 },
        storage_bytes: { limit: 64 * 2 ** 40, used: 720 * 2 ** 30 },
        projects: { limit: 100, used: 1 },
        members: { limit: 200, used: 0 },
        api_keys: { limit: 200, used: 1 },
      },
    });
  });

  it("200: whom a personal key acts for; of a limited one its reach, and the whole organization's quotas", async () => {
    const tenant = await api.newTenant();
    const other = await api.ask("POST", "/v1/projects", { key: tenant.key, body: { name: "other" } });
    const { id, email } = await api.newMember(tenant.organizationId, "developer");
    const project_ids = [other.json().id];
    const cidrs = ["127.0.0.0/8"];
    const key = await api.newKey(tenant.organizationId, ["clusters:read", "keys:write"], {
      memberId: id,
      projectIds: project_ids,
      cidrs,
    });
    const me = (await api.ask("GET", "/v1/me", { key })).json();
    expect(me).toMatchObject({
      principal: { project_ids, cluster_ids: [], cidrs },
      member: { id, email, name: "Somebody", role: "developer" },
      projects: [{ id: project_ids[0], name: "other" }],
      permissions: ["clusters:read"],
      limits: { projects: { used: 2 }, members: { used: 1 }, api_keys: { used: 3 } },
    });
    await api.ask("DELETE", `/v1/projects/${other.json().id}`, { key: tenant.key });
    expect((await api.ask("GET", "/v1/me", { key })).json().limits.projects.used).toBe(1);
  });
});

describe("the catalogue", () => {
  it("200: regions with a kube, and their zones", async () => {
    expect(await get("/v1/regions")).toEqual({ data: [{ name: "us-east-1", zones: ZONES }] });
  });

  it("200: versions, one default an engine", async () => {
    const { data } = await get("/v1/versions");
    const defaults = data.filter((one: { default: boolean }) => one.default);
    expect(defaults.map((one: { engine: string; version: string }) => [one.engine, one.version])).toEqual([
      ["elasticsearch", "8.19.21"],
      ["opensearch", "3.6.0"],
    ]);
  });

  it("200: sizes, smallest first, with their price", async () => {
    const { data } = await get("/v1/sizes");
    expect(data[3]).toEqual({
      name: "8g",
      memory_bytes: 8_589_934_592,
      cpu_millis: 1500,
      cpu_burst_millis: 6000,
      storage_bytes: 257_698_037_760,
      storage_per_memory: 30,
      price_per_hour: { amount: "0.176000000000", currency: "USD" },
      price_per_month: { amount: "128.480000000000", currency: "USD" },
      extra_storage_price_per_gib_hour: { amount: "0.000150000000", currency: "USD" },
    });
  });
});

describe("probes", () => {
  it("200: alive, ready, and which version", async () => {
    expect((await api.ask("GET", "/livez")).json()).toEqual({ status: "ok" });
    expect((await api.ask("GET", "/readyz")).json().status).toBe("ok");
    expect((await api.ask("GET", "/version")).json()).toEqual({ version: "0.1.0", simulated: true });
  });
});
