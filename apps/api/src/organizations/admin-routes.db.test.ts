import { randomUUID } from "node:crypto";
import { type Permission, permissionsOfKind, permissionsOfRole } from "@berth/domain";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { aCluster, startTestApi, type TestApi } from "../testing/test-api.ts";

const REMEMBER_MS = 200;
let api: TestApi;
let baseUrl: string;
beforeAll(async () => {
  api = await startTestApi({ rememberKeysMs: REMEMBER_MS });
  baseUrl = await api.app.listen({ port: 0, host: "127.0.0.1" });
});
afterAll(() => api.close());

const PATH = "/v1/admin/organizations";
const GIB = 2 ** 30;
const asOperator = (method: string, path: string, more: object = {}) =>
  api.ask(method, path, { key: api.operator.key, ...more });
const anAddress = () => `${randomUUID()}@example.com`;
const create = (body: object = {}, more: object = {}) =>
  asOperator("POST", PATH, { body: { name: "Acme", owner_email: anAddress(), ...body }, ...more });
const get = async (id: string) => (await asOperator("GET", `${PATH}/${id}`)).json();
const setLimits = (id: string, quotas: object, headers = {}) =>
  asOperator("PATCH", `${PATH}/${id}`, { body: { quotas }, headers });
const suspend = (id: string, reason = "invoice 2026-10") =>
  asOperator("POST", `${PATH}/${id}/suspend`, { body: { reason } });
const resume = (id: string, reason = "paid") => asOperator("POST", `${PATH}/${id}/resume`, { body: { reason } });
const platformKey = (permissions: readonly Permission[]) => api.newKey(api.operator.organizationId, permissions);
/** What was changed; that somebody looked is told elsewhere. */
const auditOf = (id: string) =>
  api.owner.query(
    `select action, content::json -> 'changes' as changes, content::json -> 'actor' ->> 'type' as actor,
            content::json ->> 'ip' as ip from audit_event
      where organization_id = $1 and action <> 'operator.read' order by number`,
    [id],
  );

describe("POST /v1/admin/organizations", () => {
  it("201: with a project and quotas, and its first owner joins by the token, which is shown this once", async () => {
    const idempotencyKey = randomUUID();
    const body = { name: "Müller & Söhne", owner_email: `  ${anAddress().toUpperCase()}` };
    const quotas = { clusters: { limit: 3 }, memory_bytes: { limit: 64 * GIB } };
    const answer = await create({ ...body, quotas }, { idempotencyKey });
    expect(answer.statusCode).toBe(201);
    const { invitation, ...organization } = answer.json();
    expect(organization).toMatchObject({ name: body.name, kind: "customer", state: "active", suspension: null });
    expect(organization.quotas).toMatchObject({
      clusters: { limit: 3, used: 0 },
      instances: { limit: 200, used: 0 },
      memory_bytes: { limit: 64 * GIB, used: 0 },
      projects: { limit: 100, used: 1 },
      members: { limit: 200, used: 1 },
    });
    expect(organization.spend).toEqual({ cap: null, used: { amount: "0.000000000000", currency: "USD" } });
    expect(answer.headers.location).toBe(`${PATH}/${organization.id}`);
    expect(await get(organization.id)).toEqual(organization);
    expect((await create({ ...body, quotas }, { idempotencyKey })).body).toBe(answer.body);

    const joined = await api.ask("POST", "/v1/invitations/accept", { body: { token: invitation.token, name: "Ada" } });
    expect(joined.json()).toMatchObject({
      organization: { id: organization.id },
      member: { email: body.owner_email.trim().toLowerCase(), role: "owner" },
      api_key: { scopes: [...permissionsOfKind("customer")] },
    });
    const projects = await api.ask("GET", "/v1/projects", { key: joined.json().api_key.key });
    expect(projects.json().data).toMatchObject([{ name: "default" }]);
    expect(await auditOf(organization.id)).toMatchObject([
      {
        action: "organization.create",
        actor: "operator",
        ip: null,
        changes: { after: { name: body.name, kind: "customer", max_clusters: 3, invitation_id: invitation.id } },
      },
      { action: "invitation.accept" },
    ]);
    const [stored] = await api.owner.query<{ text: string }>(
      "select string_agg(a::text, '') as text from audit_event a",
    );
    expect(stored?.text).not.toContain(invitation.token);
  });

  it("201 for a name that another one has: names are no key", async () => {
    const [one, other] = [await create({ name: "Globex" }), await create({ name: "Globex" })];
    expect([one.statusCode, other.statusCode]).toEqual([201, 201]);
    const found = (await asOperator("GET", `${PATH}?name=Globex`)).json();
    expect(found.data.map(({ id }: { id: string }) => id)).toEqual([other.json().id, one.json().id]);
  });

  it("403: nobody makes an owner of the platform who is not one, with all that one may", async () => {
    const acts = await platformKey(permissionsOfRole("platform", "operator-act"));
    const body = { name: "Partners", kind: "platform", owner_email: anAddress() };
    const refused = await api.ask("POST", PATH, { key: acts, body });
    expect(refused.json()).toMatchObject({ code: "insufficient_scope" });
    expect(refused.json().required_permissions).toContain("admin:audit:read");
    expect((await api.ask("POST", PATH, { key: acts, body: { ...body, kind: "customer" } })).statusCode).toBe(201);
    const owner = await platformKey(permissionsOfKind("platform"));
    const made = await api.ask("POST", PATH, { key: owner, body });
    expect(made.json()).toMatchObject({ kind: "platform", invitation: { role: "owner" } });
  });

  it.each([
    [{ name: "" }, "/name"],
    [{ name: "a\u202eb" }, "/name"],
    [{ name: "x".repeat(101) }, "/name"],
    [{ kind: "partner" }, "/kind"],
    [{ owner_email: "ada" }, "/owner_email"],
    [{ owner_email: undefined }, "/owner_email"],
    [{ quotas: { nodes: { limit: 1 } } }, "/quotas/nodes"],
    [{ quotas: { clusters: 3 } }, "/quotas/clusters"],
    [{ quotas: { clusters: { limit: -1 } } }, "/quotas/clusters/limit"],
    [{ quotas: { clusters: { limit: 1_000_001 } } }, "/quotas/clusters/limit"],
    [{ quotas: { clusters: { limit: 1, used: 0 } } }, "/quotas/clusters/used"],
    [{ quotas: { memory_bytes: { limit: GIB + 1 } } }, "/quotas/memory_bytes/limit"],
    [{ quotas: { storage_bytes: { limit: 2 ** 51 } } }, "/quotas/storage_bytes/limit"],
  ])("422: %j", async (body, pointer) => {
    const answer = await create(body);
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors[0].pointer).toBe(pointer);
  });
});

describe("GET /v1/admin/organizations", () => {
  it("200: newest first or oldest first, in pages, by state, kind and name, with what is used", async () => {
    const name = `list ${randomUUID()}`;
    const made = [];
    for (let n = 0; n < 3; n++) made.push((await create({ name })).json().id);
    const list = async (query: string) =>
      (await asOperator("GET", `${PATH}?${new URLSearchParams({ name })}&${query}`)).json();
    const idsOf = (page: { data: { id: string }[] }) => page.data.map(({ id }) => id);
    const first = await list("limit=2");
    expect(idsOf(first)).toEqual([made[2], made[1]]);
    expect(idsOf(await list(`limit=2&page_token=${first.next_page_token}`))).toEqual([made[0]]);
    const oldest = await list("limit=2&order=created_at");
    expect(idsOf(oldest)).toEqual([made[0], made[1]]);
    expect(idsOf(await list(`limit=2&order=created_at&page_token=${oldest.next_page_token}`))).toEqual([made[2]]);
    await suspend(made[1]);
    expect(idsOf(await list("state=suspended"))).toEqual([made[1]]);
    expect(idsOf(await list("state=active&kind=customer"))).toEqual([made[2], made[0]]);
    expect(idsOf(await list("kind=platform"))).toEqual([]);
    expect(first.data[0]).toEqual(await get(made[2]));
  });

  it("403 for a customer's key, whatever its row says", async () => {
    const key = await api.newKey(api.customer.organizationId, ["admin:tenants:read"]);
    expect((await api.ask("GET", PATH, { key })).statusCode).toBe(403);
  });
});

describe("GET /v1/admin/organizations/{organization_id}", () => {
  it("200: what its clusters take and cost; 304 until something of it changes, also without a request for it", async () => {
    const { key, organizationId } = await api.newTenant();
    const seen = await asOperator("GET", `${PATH}/${organizationId}`);
    const headers = { "if-none-match": String(seen.headers.etag) };
    expect((await asOperator("GET", `${PATH}/${organizationId}`, { headers })).statusCode).toBe(304);
    await api.ask("POST", "/v1/clusters", { key, body: aCluster() });
    const now = (await asOperator("GET", `${PATH}/${organizationId}`, { headers })).json();
    expect(now.quotas).toMatchObject({
      clusters: { used: 1 },
      instances: { used: 3 },
      memory_bytes: { used: 24 * GIB },
    });
    expect(now.spend.used.amount).toBe("0.528000000000");
  });
});

describe("a change that changes nothing", () => {
  const looksAt = async (id: string) =>
    (
      await api.owner.query(
        "select 1 as one from audit_event where organization_id = $1 and action = 'operator.read'",
        [id],
      )
    ).length;

  it("shows the organization all the same, and so is a look on its record; a change is its own row and no look", async () => {
    const { organizationId } = await api.newTenant({ maxClusters: 5 });
    await setLimits(organizationId, { clusters: { limit: 7 } });
    expect(await looksAt(organizationId)).toBe(0);
    await setLimits(organizationId, {});
    expect(await looksAt(organizationId)).toBe(1);
    await resume(organizationId);
    expect(await looksAt(organizationId)).toBe(2);
  });
});

describe("PATCH /v1/admin/organizations/{organization_id}", () => {
  it("200: other limits, with what was and what is in the tenant's audit log; a change of nothing is none", async () => {
    const { organizationId } = await api.newTenant({ maxClusters: 5 });
    const changed = await setLimits(organizationId, { clusters: { limit: 7 }, storage_bytes: { limit: 2 ** 40 } });
    expect(changed.json()).toMatchObject({
      generation: 2,
      quotas: { clusters: { limit: 7 }, storage_bytes: { limit: 2 ** 40 }, instances: { limit: 200 } },
    });
    for (const quotas of [{}, { clusters: { limit: 7 } }]) {
      expect((await setLimits(organizationId, quotas)).json()).toEqual(changed.json());
    }
    expect(await auditOf(organizationId)).toEqual([
      {
        action: "organization.update",
        actor: "operator",
        ip: null,
        changes: {
          before: { max_clusters: 5, max_storage_mib: 67_108_864 },
          after: { max_clusters: 7, max_storage_mib: 1_048_576 },
        },
      },
    ]);
  });

  it("200: below what is used; what is there stays, and more is refused", async () => {
    const { key, organizationId } = await api.newTenant();
    const cluster = (await api.ask("POST", "/v1/clusters", { key, body: aCluster() })).json();
    const lowered = await setLimits(organizationId, { instances: { limit: 1 } });
    expect(lowered.json().quotas.instances).toEqual({ limit: 1, used: 3 });
    expect((await api.ask("GET", `/v1/clusters/${cluster.id}`, { key })).statusCode).toBe(200);
    const refused = await api.ask("POST", "/v1/clusters", { key, body: aCluster({ instances: 1 }) });
    expect(refused.json()).toMatchObject({
      code: "quota_exceeded",
      quota: "instances",
      limit: 1,
      used: 3,
      requested: 1,
    });
  });

  it("412: somebody else was quicker; what is used does not count as a change", async () => {
    const { key, organizationId } = await api.newTenant();
    const seen = await asOperator("GET", `${PATH}/${organizationId}`);
    const headers = { "if-match": String(seen.headers.etag) };
    await api.ask("POST", "/v1/projects", { key, body: { name: "search" } });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => setLimits(organizationId, { clusters: { limit: 30 + index } }, headers)),
    );
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, ...Array(9).fill(412)]);
  });
});

describe("POST …/suspend and …/resume", () => {
  it("200: its keys open nothing, its streams end, what runs goes on; then they open again", async () => {
    const { key, organizationId } = await api.newTenant();
    const cluster = (await api.ask("POST", "/v1/clusters", { key, body: aCluster({ instances: 1 }) })).json();
    const headers = { authorization: `Bearer ${key}`, accept: "text/event-stream" };
    const stream = await fetch(`${baseUrl}/v1/events`, { headers });
    const poll = api.ask("GET", `/v1/operations/${cluster.current_operation.id}/wait?timeout=60`, { key });

    const suspended = (await suspend(organizationId)).json();
    expect(suspended).toMatchObject({ state: "suspended", generation: 2, suspension: { reason: "invoice 2026-10" } });
    expect(await stream.text()).toContain(": ended by organization_suspended");
    expect((await poll).json().code).toBe("organization_suspended");
    const answers = (status: number) =>
      vi.waitFor(async () => expect((await api.ask("GET", "/v1/me", { key })).statusCode).toBe(status), {
        timeout: 5000,
        interval: 10,
      });
    await answers(403);
    const [row] = await api.owner.query("select state from cluster where id = $1", [cluster.id]);
    expect(row).toEqual({ state: "creating" });

    expect((await resume(organizationId)).json()).toMatchObject({ state: "active", generation: 3, suspension: null });
    await answers(200);
    expect((await auditOf(organizationId)).slice(1)).toMatchObject([
      {
        action: "organization.suspend",
        actor: "operator",
        ip: null,
        changes: { after: { reason: "invoice 2026-10" } },
      },
      { action: "organization.resume", actor: "operator", ip: null, changes: { after: { reason: "paid" } } },
    ]);
    const events = (await api.ask("GET", `/v1/events?target_id=${organizationId}`, { key })).json().data;
    expect(events.map(({ type }: { type: string }) => type)).toEqual([
      "organization.suspended",
      "organization.resumed",
    ]);
  });

  it("200 for what is so already, with nothing changed and nothing in the audit log", async () => {
    const { organizationId } = await api.newTenant();
    expect((await resume(organizationId)).json()).toMatchObject({ state: "active", generation: 1 });
    const first = (await suspend(organizationId)).json();
    expect((await suspend(organizationId, "another")).json()).toEqual(first);
    expect(await auditOf(organizationId)).toHaveLength(1);
  });

  it("409 for an organization of the platform: one's own, or another", async () => {
    const other = await create({ kind: "platform" }, { key: await platformKey(permissionsOfKind("platform")) });
    for (const id of [api.operator.organizationId, other.json().id]) {
      expect((await suspend(id)).json().code).toBe("invalid_state");
      expect((await get(id)).state).toBe("active");
    }
  });

  it("keeps an invitation from being accepted meanwhile", async () => {
    const { id, invitation } = (await create()).json();
    const accept = () => api.ask("POST", "/v1/invitations/accept", { body: { token: invitation.token, name: "Ada" } });
    await suspend(id);
    expect((await accept()).json().code).toBe("organization_suspended");
    await resume(id);
    expect((await accept()).statusCode).toBe(201);
  });

  it.each([{}, { reason: "" }, { reason: " " }, { reason: "a\nb" }, { reason: "x".repeat(501) }])(
    "422: %j",
    async (body) => {
      const answer = await asOperator("POST", `${PATH}/${api.customer.organizationId}/suspend`, { body });
      expect(answer.json().errors).toMatchObject([{ pointer: "/reason" }]);
    },
  );
});
