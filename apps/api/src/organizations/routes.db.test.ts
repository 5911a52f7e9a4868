import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestApi, type TestApi } from "../testing/test-api.ts";

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
