import type { MemberRole } from "@berth/domain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aCluster, startTestApi, type Tenant, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

it("GET …/organizations/{organization_id} 200: one's own; 404 for another's", async () => {
  const { organizationId, key } = api.stranger;
  const own = await api.ask("GET", `/v1/organizations/${organizationId}`, { key });
  expect(own.json()).toMatchObject({ id: organizationId, kind: "customer", state: "active", max_price_per_hour: null });
  const other = await api.ask("GET", `/v1/organizations/${api.customer.organizationId}`, { key });
  expect(other.statusCode).toBe(404);
});

it("GET …/quotas 200: limits and use, members and invitations together, and the spend cap", async () => {
  const { organizationId, key } = await api.newTenant({ maxMembers: 7 });
  await api.newMember(organizationId, "owner");
  const body = { email: "ada@example.com", role: "viewer" };
  await api.ask("POST", `/v1/organizations/${organizationId}/invitations`, { key, body });
  await api.owner.query("update organization set spend_cap_micro_usd_per_hour = 1500000 where id = $1", [
    organizationId,
  ]);
  const answer = (await api.ask("GET", `/v1/organizations/${organizationId}/quotas`, { key })).json();
  expect(answer.quotas).toContainEqual({ name: "members", limit: 7, used: 2 });
  expect(answer.quotas).toHaveLength(7);
  expect(answer.spend.cap).toEqual({ amount: "1.500000000000", currency: "USD" });
});

const usd = (amount: string) => ({ amount, currency: "USD" });
const rename = (tenant: Tenant, name: string, headers = {}, key = tenant.key) =>
  api.ask("PATCH", `/v1/organizations/${tenant.organizationId}`, { key, body: { name }, headers });
const cap = (tenant: Tenant, max_price_per_hour: unknown, key = tenant.key) =>
  api.ask("PATCH", `/v1/organizations/${tenant.organizationId}/spend_cap`, { key, body: { max_price_per_hour } });
const auditOf = (tenant: Tenant) =>
  api.owner.query(
    "select action, content::json -> 'changes' as changes from audit_event where organization_id = $1 order by number",
    [tenant.organizationId],
  );

describe("PATCH …/organizations/{organization_id}", () => {
  it("200: renamed, seen at once, with what was and what is in the audit row; a change of nothing is none", async () => {
    const tenant = await api.newTenant();
    const renamed = await rename(tenant, " Müller & Söhne ");
    expect(renamed.json()).toMatchObject({ name: "Müller & Söhne", generation: 2 });
    expect((await rename(tenant, "Müller & Söhne")).json()).toEqual(renamed.json());
    const me = (await api.ask("GET", "/v1/me", { key: tenant.key })).json();
    expect(me.organization.name).toBe("Müller & Söhne");
    const changes = { before: { name: tenant.organizationId }, after: { name: "Müller & Söhne" } };
    expect(await auditOf(tenant)).toEqual([{ action: "organization.update", changes }]);
  });

  it("200: another organization's name is as good as any, so that nobody learns of it", async () => {
    const [one, other] = [await api.newTenant(), await api.newTenant()];
    expect((await rename(one, other.organizationId)).statusCode).toBe(200);
  });

  it("412: somebody else was quicker; of ten at once with the same If-Match one passes", async () => {
    const tenant = await api.newTenant();
    const seen = await api.ask("GET", `/v1/organizations/${tenant.organizationId}`, { key: tenant.key });
    const headers = { "if-match": String(seen.headers.etag) };
    const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => rename(tenant, `n${index}`, headers)));
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, ...Array(9).fill(412)]);
  });

  it.each(["", " ", "a\u0000", "a\u202eb", "x".repeat(101), null, 1])("422: %j is no name", async (name) => {
    const answer = await rename(api.stranger, name as string);
    expect(answer.json().errors).toMatchObject([{ pointer: "/name" }]);
  });
});

describe("PATCH …/spend_cap", () => {
  it("200: set, and taken off again; clusters run on above it, and more is refused", async () => {
    const tenant = await api.newTenant();
    const create = () => api.ask("POST", "/v1/clusters", { key: tenant.key, body: aCluster({ instances: 1 }) });
    expect((await create()).statusCode).toBe(202);
    const capped = (await cap(tenant, usd("0.10"))).json();
    expect(capped).toMatchObject({ max_price_per_hour: usd("0.100000000000"), generation: 2 });
    expect((await cap(tenant, capped.max_price_per_hour)).json()).toEqual(capped);
    expect((await cap(tenant, undefined)).json()).toEqual(capped);
    const refused = (await create()).json();
    expect(refused).toMatchObject({ code: "spend_cap_exceeded", spend: { cap: usd("0.100000000000") } });
    expect((await cap(tenant, null)).json()).toMatchObject({ max_price_per_hour: null, generation: 3 });
    expect((await create()).statusCode).toBe(202);
    expect(
      (await auditOf(tenant)).filter((row) => (row as { action: string }).action === "organization.update"),
    ).toEqual([
      {
        action: "organization.update",
        changes: { before: { max_price_per_hour: null }, after: { max_price_per_hour: usd("0.100000000000") } },
      },
      {
        action: "organization.update",
        changes: { before: { max_price_per_hour: usd("0.100000000000") }, after: { max_price_per_hour: null } },
      },
    ]);
  });

  it.each([
    ["owner", 200, 200],
    ["admin", 403, 200],
    ["billing", 403, 200],
    ["developer", 403, 403],
    ["viewer", 403, 403],
  ] as const)("the role %s: %i for the name, %i for the cap", async (role: MemberRole, forName, forCap) => {
    const tenant = await api.newTenant();
    const { key } = await api.newMember(tenant.organizationId, role);
    expect((await rename(tenant, "Acme", {}, key)).statusCode).toBe(forName);
    expect((await cap(tenant, usd("5"), key)).statusCode).toBe(forCap);
  });

  it.each([
    [usd("-1"), "/max_price_per_hour/amount"],
    [usd("1e3"), "/max_price_per_hour/amount"],
    [usd("0.0000001"), "/max_price_per_hour/amount"],
    [usd("1000000000"), "/max_price_per_hour/amount"],
    [{ amount: 5, currency: "USD" }, "/max_price_per_hour/amount"],
    [{ amount: "5", currency: "EUR" }, "/max_price_per_hour/currency"],
    [{ amount: "5" }, "/max_price_per_hour/currency"],
    ["5", "/max_price_per_hour"],
  ])("422: %j", async (money, pointer) => {
    expect((await cap(api.stranger, money)).json().errors).toMatchObject([{ pointer }]);
  });
});
