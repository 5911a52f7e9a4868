import { randomUUID } from "node:crypto";
import type { MemberId, OrganizationId } from "@berth/domain";
import { CUSTOMER_ROLES, type MemberRole, permissionsOfRole, TENANT_PERMISSIONS } from "@berth/domain";
import { systemIds } from "@berth/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aCluster, startTestApi, type Tenant, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ rememberKeysMs: 600_000 }); // Longer than any test: no row is looked at again meanwhile.
});
afterAll(() => api.close());

const DAY_MS = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();
const create = (key: string, body: object = {}, over: object = {}) =>
  api.ask("POST", "/v1/api_keys", { key, body: { name: "ci", ...body }, ...over });
const get = (key: string, id: string, headers = {}) => api.ask("GET", `/v1/api_keys/${id}`, { key, headers });
const me = (key: string) => api.ask("GET", "/v1/me", { key });

async function newMember(organizationId: OrganizationId, role: MemberRole): Promise<MemberId> {
  const id = systemIds.next("member");
  await api.owner.query(
    "insert into member (id, organization_id, email, name, role, created_by) values ($1, $2, $3, 'Ada', $4, 'system')",
    [id, organizationId, `${id}@example.org`, role],
  );
  return id;
}

async function newCluster({ key }: Tenant): Promise<string> {
  return (await api.ask("POST", "/v1/clusters", { key, body: aCluster({ instances: 1 }) })).json().id;
}

const auditOf = (id: string) =>
  api.owner.query<{ action: string; changes: object }>(
    "select action, content::json -> 'changes' as changes from audit_event where target_id = $1 order by number",
    [id],
  );

describe("POST /v1/api_keys", () => {
  it("201: a key that works, shown this once, also to a repetition with the same Idempotency-Key", async () => {
    const { key } = await api.newTenant();
    const idempotencyKey = randomUUID();
    const answer = await create(key, { scopes: ["clusters:read"] }, { idempotencyKey });
    expect(answer.statusCode).toBe(201);
    const made = answer.json();
    expect(answer.headers.location).toBe(`/v1/api_keys/${made.id}`);
    expect(made).toMatchObject({
      name: "ci",
      scopes: ["clusters:read"],
      member_id: null,
      project_ids: [],
      cluster_ids: [],
      cidrs: [],
      state: "active",
      generation: 1,
      last_used_at: null,
      rotated_from: null,
    });
    expect(made.key.startsWith(`${made.prefix}_`)).toBe(true);
    expect((await create(key, { scopes: ["clusters:read"] }, { idempotencyKey })).body).toBe(answer.body);
    expect((await me(made.key)).json()).toMatchObject({
      principal: { id: made.id, name: "ci", expires_at: made.expires_at },
      permissions: ["clusters:read"],
    });
  });

  it("201: without more ado 90 days, and what the caller may but for making keys and members", async () => {
    const { key } = await api.newTenant();
    const made = (await create(key)).json();
    expect(made.scopes).toEqual(TENANT_PERMISSIONS.filter((one) => one !== "keys:write" && one !== "members:write"));
    const days = (Date.parse(made.expires_at) - Date.parse(made.created_at)) / DAY_MS;
    expect(Math.round(days * 1000) / 1000).toBe(90);
  });

  it("201: by default it ends with the key that makes it", async () => {
    const { organizationId } = await api.newTenant();
    const expiresAt = new Date(Date.now() + 5 * DAY_MS);
    const short = await api.newKey(organizationId, TENANT_PERMISSIONS, { expiresAt });
    expect((await create(short)).json().expires_at).toBe(expiresAt.toISOString());
  });

  it("201: limited to projects and clusters it reaches those alone, and may by default what is about clusters", async () => {
    const tenant = await api.newTenant();
    const [one, other] = [await newCluster(tenant), await newCluster(tenant)];
    const made = (await create(tenant.key, { cluster_ids: [one] })).json();
    expect(made.scopes).toEqual(["clusters:read", "clusters:write", "clusters:delete", "clusters:credentials"]);
    expect((await api.ask("GET", `/v1/clusters/${one}`, { key: made.key })).statusCode).toBe(200);
    expect((await api.ask("GET", `/v1/clusters/${other}`, { key: made.key })).statusCode).toBe(404);
    const whole = (await create(tenant.key, { project_ids: [tenant.projectId] })).json();
    expect((await api.ask("GET", `/v1/clusters/${other}`, { key: whole.key })).statusCode).toBe(200);
  });

  it("201: networks are written in one way, each once", async () => {
    const { key } = await api.newTenant();
    const cidrs = ["10.0.0.0/8", "::FFFF:10.0.0.0/104", "2001:DB8:0::/48", "192.0.2.7"];
    expect((await create(key, { cidrs })).json().cidrs).toEqual(["10.0.0.0/8", "2001:db8::/48", "192.0.2.7/32"]);
  });

  it("201: personal as the caller's own key, and then no more than the member's role allows now", async () => {
    const { organizationId, key } = await api.newTenant();
    const memberId = await newMember(organizationId, "admin");
    const own = await api.newKey(organizationId, TENANT_PERMISSIONS, { memberId });
    const made = (await create(own, { scopes: ["projects:write", "clusters:read"] })).json();
    expect(made.member_id).toBe(memberId);
    await api.owner.query("update member set role = 'viewer' where id = $1", [memberId]);
    expect((await me(made.key)).json().permissions).toEqual(["clusters:read"]);
    await api.owner.query("update member set role = 'admin' where id = $1", [memberId]);
    expect((await create(own, { personal: false })).json().member_id).toBeNull();
    expect((await create(key)).json().member_id).toBeNull();
  });

  it("is written down once, without the secret", async () => {
    const { key } = await api.newTenant();
    const made = (await create(key, { scopes: ["clusters:read"], cidrs: ["10.0.0.0/8"] })).json();
    const rows = await auditOf(made.id);
    expect(rows).toMatchObject([
      {
        action: "api_key.create",
        changes: { after: { name: "ci", scopes: ["clusters:read"], cidrs: ["10.0.0.0/8"] } },
      },
    ]);
    expect(JSON.stringify(rows)).not.toContain(made.key.slice(-38));
  });

  it("403 insufficient_scope: more permissions than the caller has, each named where it was asked for", async () => {
    const { organizationId } = await api.newTenant();
    const clerk = await api.newKey(organizationId, ["keys:write", "clusters:read"]);
    const answer = await create(clerk, { scopes: ["clusters:read", "audit:read", "admin:fleet:act"] });
    expect(answer.statusCode).toBe(403);
    expect(answer.json()).toMatchObject({
      code: "insufficient_scope",
      required_permissions: ["audit:read", "admin:fleet:act"],
      errors: [
        { pointer: "/scopes/1", code: "beyond_your_permissions" },
        { pointer: "/scopes/2", code: "beyond_your_permissions" },
      ],
    });
  });

  it("403 insufficient_scope: a member's key cannot give what the role does not allow, whatever its scopes say", async () => {
    const { organizationId } = await api.newTenant();
    const memberId = await newMember(organizationId, "admin");
    const own = await api.newKey(organizationId, TENANT_PERMISSIONS, { memberId });
    expect((await create(own, { scopes: ["organization:write"] })).json()).toMatchObject({
      code: "insufficient_scope",
      required_permissions: ["organization:write"],
    });
  });

  it("403 insufficient_scope: other networks than the caller's, and a longer life", async () => {
    const { organizationId } = await api.newTenant();
    const expiresAt = new Date(Date.now() + 5 * DAY_MS);
    const limited = await api.newKey(organizationId, TENANT_PERMISSIONS, { cidrs: ["127.0.0.0/8"], expiresAt });
    const answer = await create(limited, { cidrs: ["127.1.0.0/16", "10.0.0.0/8"], expires_at: inDays(6) });
    expect(answer.statusCode).toBe(403);
    expect(answer.json().errors).toMatchObject([
      { pointer: "/cidrs/1", code: "beyond_your_networks" },
      { pointer: "/expires_at", code: "beyond_your_life" },
    ]);
    expect(answer.json().required_permissions).toBeUndefined();
    expect((await create(limited)).json().errors).toMatchObject([{ pointer: "/cidrs" }]);
    expect((await create(limited, { cidrs: ["127.1.0.0/16"], expires_at: inDays(4) })).statusCode).toBe(201);
  });

  it("403 insufficient_scope: a key that lost the permission a moment ago makes none any more", async () => {
    const { organizationId } = await api.newTenant();
    const memberId = await newMember(organizationId, "owner");
    const own = await api.newKey(organizationId, TENANT_PERMISSIONS, { memberId });
    await me(own); // From here on its row is remembered.
    await api.owner.query("update member set role = 'viewer' where id = $1", [memberId]);
    expect((await create(own)).json()).toMatchObject({
      code: "insufficient_scope",
      required_permissions: ["keys:write"],
    });
    await api.owner.query("update member set removed_at = now() where id = $1", [memberId]);
    expect((await create(own)).json().code).toBe("invalid_credentials");
  });

  it("422 validation_failed: what there is not, or is another tenant's, is the same to the caller", async () => {
    const { key } = await api.newTenant();
    const cluster = await newCluster(api.stranger);
    const nobodys = systemIds.next("cluster");
    const answer = await create(key, {
      cluster_ids: [cluster, nobodys],
      project_ids: [api.stranger.projectId, systemIds.next("project")],
    });
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors.map(({ pointer, code }: Record<string, string>) => [pointer, code])).toEqual([
      ["/project_ids/0", "unknown_project"],
      ["/project_ids/1", "unknown_project"],
      ["/cluster_ids/0", "unknown_cluster"],
      ["/cluster_ids/1", "unknown_cluster"],
    ]);
    const [one, other] = answer.json().errors.slice(2);
    expect(one.detail.replace(cluster, "…")).toBe(other.detail.replace(nobodys, "…"));
  });

  it("422 validation_failed: a limited key with a permission on the whole organization", async () => {
    const tenant = await api.newTenant();
    const answer = await create(tenant.key, {
      project_ids: [tenant.projectId],
      scopes: ["clusters:read", "keys:read"],
    });
    expect(answer.json()).toMatchObject({
      code: "validation_failed",
      errors: [{ pointer: "/scopes/1", code: "scope_needs_whole_organization" }],
    });
  });

  it.each([
    ["/expires_at", { expires_at: "2020-01-01T00:00:00Z" }],
    ["/expires_at", { expires_at: new Date(Date.now() + 367 * DAY_MS).toISOString() }],
    ["/expires_at", { expires_at: null }],
    ["/scopes", { scopes: [] }],
    ["/scopes/0", { scopes: ["clusters:everything"] }],
    ["/scopes", { scopes: ["clusters:read", "clusters:read"] }],
    ["/cidrs/0", { cidrs: ["10.0.0.1/8"] }],
    ["/cidrs/1", { cidrs: ["10.0.0.0/8", "everywhere"] }],
    ["/cidrs", { cidrs: ["10.0.0.0/8", "10.0.0.0/8"] }],
    ["/project_ids/0", { project_ids: ["cl_01jd0v6m3pf8tb2k7n5xq4w9ze"] }],
    ["/personal", { personal: true }],
    ["/name", { name: "a\u0000b" }],
  ])("422 validation_failed at %s: %j", async (pointer, body) => {
    const answer = await create(api.customer.key, body);
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({ code: "validation_failed", errors: [{ pointer }] });
  });

  it("422 validation_failed: nothing to give by default", async () => {
    const { organizationId } = await api.newTenant();
    const clerk = await api.newKey(organizationId, ["keys:write"]);
    expect((await create(clerk)).json().errors).toMatchObject([{ pointer: "/scopes", code: "required" }]);
  });

  it("422 quota_exceeded: keys that work are counted, with twenty asked for at once", async () => {
    const { organizationId, key } = await api.newTenant();
    await api.newKey(organizationId, ["clusters:read"], { expiresAt: new Date(Date.now() - 1000) });
    await api.newKey(organizationId, ["clusters:read"], { revokedAt: new Date() });
    await api.owner.query("update organization set max_api_keys = 4 where id = $1", [organizationId]);
    const answers = await Promise.all(Array.from({ length: 20 }, () => create(key)));
    expect(answers.filter(({ statusCode }) => statusCode === 201)).toHaveLength(3);
    const refused = answers.find(({ statusCode }) => statusCode === 422);
    expect(refused?.json()).toMatchObject({ code: "quota_exceeded", limit: 4, used: 4, requested: 1 });
  });
});

describe("GET /v1/api_keys", () => {
  const list = async (key: string, query = "") => (await api.ask("GET", `/v1/api_keys${query}`, { key })).json();
  const names = async (key: string, query = "") =>
    (await list(key, query)).data.map((one: { name: string }) => one.name);

  it("200: the organization's own, newest first, page after page, never their secrets", async () => {
    const { key } = await api.newTenant();
    const secrets: string[] = [];
    for (const name of ["one", "two", "three"]) secrets.push((await create(key, { name })).json().key);
    const first = await list(key, "?limit=2");
    const second = await list(key, `?limit=2&page_token=${first.next_page_token}`);
    const all = [...first.data, ...second.data];
    expect(all.map(({ name }) => name)).toEqual(["three", "two", "one", "test"]);
    expect(second.next_page_token).toBeNull();
    for (const secret of [...secrets, key]) expect(JSON.stringify(all)).not.toContain(secret.slice(-38));
  });

  it("200: by state, member and name", async () => {
    const { organizationId, key } = await api.newTenant();
    const [stays, left] = [await newMember(organizationId, "viewer"), await newMember(organizationId, "viewer")];
    await api.newKey(organizationId, ["clusters:read"], { memberId: stays });
    await api.newKey(organizationId, ["clusters:read"], { memberId: left });
    await api.newKey(organizationId, ["clusters:read"], { expiresAt: new Date(Date.now() - 1000) });
    await api.owner.query("update member set removed_at = now() where id = $1", [left]);
    const states = async (query: string) =>
      (await list(key, query)).data.map((one: { state: string; member_id: string | null }) => [
        one.state,
        one.member_id,
      ]);
    expect(await states("?state=active")).toEqual([
      ["active", stays],
      ["active", null],
    ]);
    expect(await states("?state=expired")).toEqual([["expired", null]]);
    expect(await states("?state=revoked")).toEqual([["revoked", left]]);
    expect(await states(`?member_id=${stays}`)).toEqual([["active", stays]]);
    await create(key, { name: "other" });
    expect(await names(key, "?name=other")).toEqual(["other"]);
  });

  it.each(["state=odd", "member_id=x", "name=%00"])("422 validation_failed: %s", async (query) => {
    expect((await api.ask("GET", `/v1/api_keys?${query}`, { key: api.customer.key })).statusCode).toBe(422);
  });

  it("400 invalid_page_token: of another organization", async () => {
    await create(api.customer.key);
    const { next_page_token } = await list(api.customer.key, "?limit=1");
    const answer = await api.ask("GET", `/v1/api_keys?limit=1&page_token=${next_page_token}`, {
      key: api.stranger.key,
    });
    expect(answer.json().code).toBe("invalid_page_token");
  });
});

describe("GET /v1/api_keys/{api_key_id}", () => {
  it("200 and 304: with an ETag that changes when it is used or ends", async () => {
    const { key } = await api.newTenant();
    const { key: _, ...made } = (await create(key)).json();
    const first = await get(key, made.id);
    expect(first.json()).toEqual(made);
    const etag = String(first.headers.etag);
    expect((await get(key, made.id, { "if-none-match": etag })).statusCode).toBe(304);
    await api.owner.query("update api_key set last_used_at = now() where id = $1", [made.id]);
    const used = await get(key, made.id, { "if-none-match": etag });
    expect(used.statusCode).toBe(200);
    await api.owner.query("update api_key set expires_at = now() where id = $1", [made.id]);
    const ended = await get(key, made.id, { "if-none-match": String(used.headers.etag) });
    expect(ended.json().state).toBe("expired");
  });

  it("404 not_found: another organization's, byte for byte as nobody's", async () => {
    const made = (await create(api.customer.key)).json();
    const withoutId = (body: string) => body.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "…");
    const theirs = await get(api.stranger.key, made.id);
    const nobodys = await get(api.stranger.key, systemIds.next("apiKey"));
    expect(theirs.statusCode).toBe(404);
    expect(withoutId(theirs.body)).toBe(withoutId(nobodys.body));
  });
});

describe("PATCH /v1/api_keys/{api_key_id}", () => {
  const patch = (key: string, id: string, body: object, headers = {}) =>
    api.ask("PATCH", `/v1/api_keys/${id}`, { key, body, headers });

  it("200: what was given, with a version for the next change, written down once", async () => {
    const tenant = await api.newTenant();
    const made = (await create(tenant.key, { scopes: ["clusters:read"], expires_at: inDays(9) })).json();
    const expires_at = inDays(3);
    const answer = await patch(tenant.key, made.id, {
      name: "deploy",
      scopes: ["clusters:write", "clusters:read"],
      project_ids: [tenant.projectId],
      cidrs: ["::ffff:10.0.0.0/104"],
      expires_at,
    });
    const { key: _, ...rest } = made;
    expect(answer.json()).toEqual({
      ...rest,
      name: "deploy",
      scopes: ["clusters:read", "clusters:write"],
      project_ids: [tenant.projectId],
      cidrs: ["10.0.0.0/8"],
      expires_at,
      generation: 2,
    });
    expect((await get(tenant.key, made.id)).headers.etag).toBe(answer.headers.etag);
    const [, change] = await auditOf(made.id);
    expect(change).toMatchObject({
      action: "api_key.update",
      changes: {
        before: { name: "ci", scopes: ["clusters:read"], cidrs: [], project_ids: [], expires_at: made.expires_at },
        after: { name: "deploy", cidrs: ["10.0.0.0/8"], project_ids: [tenant.projectId], expires_at },
      },
    });
  });

  it("200: a change of nothing is none", async () => {
    const made = (await create(api.customer.key, { cidrs: ["10.0.0.0/8"] })).json();
    for (const body of [{}, { name: "ci", cidrs: ["::ffff:a00:0/104"], expires_at: made.expires_at }]) {
      expect((await patch(api.customer.key, made.id, body)).json().generation).toBe(1);
    }
    expect(await auditOf(made.id)).toHaveLength(1);
  });

  it("200: whoever may write keys may narrow and rename one that can more than theirs", async () => {
    const { organizationId, key } = await api.newTenant();
    const made = (await create(key, { scopes: ["audit:read", "clusters:read"] })).json();
    const clerk = await api.newKey(organizationId, ["keys:write"], { cidrs: ["127.0.0.0/8"] });
    const answer = await patch(clerk, made.id, { name: "less", scopes: ["audit:read"], cidrs: ["10.0.0.0/8"] });
    expect(answer.json()).toMatchObject({ name: "less", scopes: ["audit:read"], cidrs: ["10.0.0.0/8"] });
  });

  it("403 insufficient_scope: what makes it more than it was must be the caller's to give, with all that it has", async () => {
    const tenant = await api.newTenant();
    const clerk = await api.newKey(tenant.organizationId, ["keys:write", "clusters:read"]);
    const settings = { scopes: ["clusters:write"], project_ids: [tenant.projectId], cidrs: ["10.0.0.0/8"] };
    const made = (await create(tenant.key, { ...settings, expires_at: inDays(3) })).json();
    for (const more of [
      { expires_at: inDays(4) },
      { cidrs: [] },
      { cidrs: ["10.0.0.0/8", "192.0.2.0/24"] },
      { project_ids: [] },
    ]) {
      const answer = await patch(clerk, made.id, more);
      expect(answer.statusCode, JSON.stringify(more)).toBe(403);
      expect(answer.json().required_permissions).toEqual(["clusters:write"]);
    }
    expect((await patch(clerk, made.id, { scopes: ["clusters:read", "clusters:write"] })).statusCode).toBe(403);
    expect((await patch(clerk, made.id, { scopes: ["clusters:read"], cidrs: [] })).statusCode).toBe(200);
  });

  it("403 insufficient_scope: a key cannot make itself more than it is, nor live longer", async () => {
    const { organizationId } = await api.newTenant();
    const expiresAt = new Date(Date.now() + 3 * DAY_MS);
    const own = await api.newKey(organizationId, ["keys:write"], { expiresAt, cidrs: ["127.0.0.0/8"] });
    const { id } = (await me(own)).json().principal;
    for (const more of [{ scopes: ["keys:write", "keys:read"] }, { cidrs: [] }, { expires_at: inDays(4) }]) {
      expect((await patch(own, id, more)).statusCode, JSON.stringify(more)).toBe(403);
    }
  });

  it("403 insufficient_scope: somebody else's personal key is theirs to make more of", async () => {
    const { organizationId, key } = await api.newTenant();
    const memberId = await newMember(organizationId, "viewer");
    const own = await api.newKey(organizationId, ["clusters:read"], { memberId, expiresAt: new Date(inDays(1)) });
    const { id } = (await me(own)).json().principal;
    const answer = await patch(key, id, { expires_at: inDays(2) });
    expect(answer.json()).toMatchObject({ code: "insufficient_scope", errors: [{ code: "beyond_your_member" }] });
  });

  it("404 not_found: another organization's", async () => {
    const made = (await create(api.customer.key)).json();
    expect((await patch(api.stranger.key, made.id, { name: "mine" })).statusCode).toBe(404);
  });

  it("409 invalid_state: revoked", async () => {
    const made = (await create(api.customer.key)).json();
    await api.ask("DELETE", `/v1/api_keys/${made.id}`, { key: api.customer.key });
    expect((await patch(api.customer.key, made.id, { name: "again" })).json().code).toBe("invalid_state");
  });

  it("412 precondition_failed: of ten changes of the same version one passes", async () => {
    const made = (await create(api.customer.key)).json();
    const headers = { "if-match": String((await get(api.customer.key, made.id)).headers.etag) };
    const names = Array.from({ length: 10 }, (_, index) => `name-${index}`);
    const answers = await Promise.all(names.map((name) => patch(api.customer.key, made.id, { name }, headers)));
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, ...new Array(9).fill(412)]);
  });

  it("422 validation_failed: as for a create; what it was limited to and is gone does no harm", async () => {
    const tenant = await api.newTenant();
    const made = (await create(tenant.key, { project_ids: [tenant.projectId], scopes: ["clusters:read"] })).json();
    const faultOf = async (body: object) => (await patch(tenant.key, made.id, body)).json().errors?.[0];
    expect(await faultOf({ scopes: ["clusters:read", "audit:read"] })).toMatchObject({
      pointer: "/scopes/1",
      code: "scope_needs_whole_organization",
    });
    expect(await faultOf({ cluster_ids: [systemIds.next("cluster")] })).toMatchObject({ code: "unknown_cluster" });
    expect(await faultOf({ expires_at: inDays(-1) })).toMatchObject({ code: "in_the_past" });
    await api.owner.query("update project set deleted_at = now() where id = $1", [tenant.projectId]);
    expect((await patch(tenant.key, made.id, { name: "kept", project_ids: [tenant.projectId] })).statusCode).toBe(200);
  });
});

describe("DELETE /v1/api_keys/{api_key_id}", () => {
  const revoke = (key: string, id: string) => api.ask("DELETE", `/v1/api_keys/${id}`, { key });

  it("200: it opens nothing any more; asked again nothing changes", async () => {
    const { key } = await api.newTenant();
    const made = (await create(key)).json();
    const first = await revoke(key, made.id);
    expect(first.json()).toMatchObject({ id: made.id, state: "revoked", generation: 2 });
    expect((await me(made.key)).json().code).toBe("invalid_credentials");
    expect((await revoke(key, made.id)).json()).toEqual(first.json());
    expect((await auditOf(made.id)).map(({ action }) => action)).toEqual(["api_key.create", "api_key.revoke"]);
  });

  it("200: a key that may nothing of the kind can still end itself, and no other", async () => {
    const { organizationId, key, projectId } = await api.newTenant();
    const other = (await create(key)).json();
    const limited = await api.newKey(organizationId, ["clusters:read"], { projectIds: [projectId] });
    const { id } = (await me(limited)).json().principal;
    const refused = await revoke(limited, other.id);
    expect(refused.statusCode).toBe(403);
    expect(refused.json().required_permissions).toEqual(["keys:write"]);
    expect((await revoke(limited, systemIds.next("apiKey"))).statusCode).toBe(403);
    expect((await revoke(limited, id)).json().state).toBe("revoked");
  });

  it("200: one that can more than the caller's", async () => {
    const { organizationId, key } = await api.newTenant();
    const clerk = await api.newKey(organizationId, ["keys:write"]);
    const made = (await create(key)).json();
    expect((await revoke(clerk, made.id)).json().state).toBe("revoked");
  });

  it("404 not_found: another organization's, and it goes on working", async () => {
    const made = (await create(api.customer.key)).json();
    expect((await revoke(api.stranger.key, made.id)).statusCode).toBe(404);
    expect((await me(made.key)).statusCode).toBe(200);
  });
});

describe("POST /v1/api_keys/{api_key_id}/rotate", () => {
  const rotate = (key: string, id: string, overlap_seconds = 3600) =>
    api.ask("POST", `/v1/api_keys/${id}/rotate`, { key, body: { overlap_seconds } });

  it("201: the same settings and a life as long, another secret; both work until the overlap ends", async () => {
    const tenant = await api.newTenant();
    const settings = { scopes: ["clusters:read"], project_ids: [tenant.projectId], cidrs: ["127.0.0.0/8"] };
    const old = (await create(tenant.key, { ...settings, expires_at: inDays(9) })).json();
    const answer = await rotate(tenant.key, old.id);
    expect(answer.statusCode).toBe(201);
    const { previous, ...made } = answer.json();
    expect(answer.headers.location).toBe(`/v1/api_keys/${made.id}`);
    expect(made).toMatchObject({ name: "ci", ...settings, rotated_from: old.id, state: "active" });
    const days = (Date.parse(made.expires_at) - Date.parse(made.created_at)) / DAY_MS;
    expect(Math.round(days * 1000) / 1000).toBe(9);
    expect(previous).toMatchObject({ id: old.id, state: "active" });
    const overlapMs = Date.parse(previous.expires_at) - Date.parse(made.created_at);
    expect(Math.round(overlapMs / 10_000)).toBe(360);
    for (const key of [old.key, made.key]) expect((await me(key)).statusCode).toBe(200);

    await api.owner.query("update api_key set expires_at = now() where id = $1", [old.id]);
    expect((await get(tenant.key, old.id)).json().state).toBe("expired");
    expect((await api.ask("GET", "/v1/clusters", { key: made.key })).statusCode).toBe(200);
    expect((await auditOf(old.id)).map(({ action }) => action)).toEqual(["api_key.create", "api_key.rotate"]);
    expect(await auditOf(made.id)).toEqual([]);
  });

  it("201: without an overlap the old one is revoked at once", async () => {
    const { key } = await api.newTenant();
    const old = (await create(key)).json();
    const { previous, ...made } = (await rotate(key, old.id, 0)).json();
    expect(previous).toMatchObject({ id: old.id, state: "revoked" });
    expect((await me(old.key)).json().code).toBe("invalid_credentials");
    expect((await me(made.key)).statusCode).toBe(200);
  });

  it("201: never lets the old one live longer than it would have", async () => {
    const { key } = await api.newTenant();
    const old = (await create(key, { expires_at: new Date(Date.now() + 60_000).toISOString() })).json();
    expect((await rotate(key, old.id)).json().previous.expires_at).toBe(old.expires_at);
  });

  it("201: one that expired gets a successor that works; one without an end gets a year", async () => {
    const { organizationId, key } = await api.newTenant();
    const expired = await api.newKey(organizationId, ["clusters:read"], { expiresAt: new Date(Date.now() + 1000) });
    const expiredId = (await me(expired)).json().principal.id;
    await api.owner.query(
      "update api_key set created_at = now() - interval '2 days', expires_at = now() - interval '1 day' where id = $1",
      [expiredId],
    );
    const made = (await rotate(key, expiredId)).json();
    expect(made.previous.state).toBe("expired");
    expect((await me(made.key)).statusCode).toBe(200);
    expect(Math.round((Date.parse(made.expires_at) - Date.now()) / DAY_MS)).toBe(1);

    const { id } = (await me(key)).json().principal;
    const own = (await rotate(key, id)).json();
    expect(Math.round((Date.parse(own.expires_at) - Date.now()) / DAY_MS)).toBe(366);
  });

  it("201: a personal key renews itself without keys:write, and stays its member's", async () => {
    const { organizationId, key } = await api.newTenant();
    const memberId = await newMember(organizationId, "viewer");
    const expiresAt = new Date(inDays(1));
    const own = await api.newKey(organizationId, TENANT_PERMISSIONS, { memberId, expiresAt });
    const { id } = (await me(own)).json().principal;
    const made = (await rotate(own, id)).json();
    expect(made).toMatchObject({ member_id: memberId, rotated_from: id });
    expect((await me(made.key)).json().permissions).toEqual(permissionsOfRole("customer", "viewer"));
    await api.owner.query("update member set removed_at = now() where id = $1", [memberId]);
    expect((await get(key, made.id)).json().state).toBe("revoked");
  });

  it("403 insufficient_scope: the organization's own renews itself with keys:write alone", async () => {
    const { organizationId } = await api.newTenant();
    const ci = await api.newKey(organizationId, ["clusters:read"]);
    const { id } = (await me(ci)).json().principal;
    const answer = await rotate(ci, id);
    expect(answer.statusCode).toBe(403);
    expect(answer.json().required_permissions).toEqual(["keys:write"]);
  });

  it("403 insufficient_scope: a key that can more than the caller's, or is somebody else's own", async () => {
    const { organizationId, key } = await api.newTenant();
    const clerk = await api.newKey(organizationId, ["keys:write", "clusters:read"], { cidrs: ["127.0.0.0/8"] });
    const made = (await create(key, { scopes: ["clusters:read", "audit:read"] })).json();
    const answer = await rotate(clerk, made.id);
    expect(answer.json()).toMatchObject({
      code: "insufficient_scope",
      required_permissions: ["audit:read"],
      errors: [{ code: "beyond_your_permissions" }, { code: "beyond_your_networks" }],
    });
    const memberId = await newMember(organizationId, "viewer");
    const personal = await api.newKey(organizationId, ["clusters:read"], { memberId });
    const { id } = (await me(personal)).json().principal;
    expect((await rotate(key, id)).json().errors).toMatchObject([{ code: "beyond_your_member" }]);
    expect((await me(personal)).statusCode).toBe(200);
  });

  it("201: another's successor does not outlive the caller", async () => {
    const { organizationId, key } = await api.newTenant();
    const expiresAt = new Date(inDays(2));
    const clerk = await api.newKey(organizationId, ["keys:write", "clusters:read"], { expiresAt });
    const made = (await create(key, { scopes: ["clusters:read"] })).json();
    expect((await rotate(clerk, made.id)).json().expires_at).toBe(expiresAt.toISOString());
  });

  it("404 not_found, 409 invalid_state: another organization's, a revoked one", async () => {
    const made = (await create(api.customer.key)).json();
    expect((await rotate(api.stranger.key, made.id)).statusCode).toBe(404);
    await api.ask("DELETE", `/v1/api_keys/${made.id}`, { key: api.customer.key });
    expect((await rotate(api.customer.key, made.id)).json().code).toBe("invalid_state");
  });

  it("422 validation_failed: more than seven days of overlap", async () => {
    const made = (await create(api.customer.key)).json();
    for (const overlap of [-1, 604_801, 1.5]) {
      expect((await rotate(api.customer.key, made.id, overlap)).json().errors[0].pointer).toBe("/overlap_seconds");
    }
  });

  it("422 quota_exceeded: with an overlap there are two for a while; without, it needs no room", async () => {
    const { organizationId, key } = await api.newTenant();
    const made = (await create(key)).json();
    await api.owner.query("update organization set max_api_keys = 2 where id = $1", [organizationId]);
    expect((await rotate(key, made.id)).json()).toMatchObject({ code: "quota_exceeded", limit: 2, used: 2 });
    expect((await me(made.key)).statusCode).toBe(200);
    expect((await rotate(key, made.id, 0)).statusCode).toBe(201);
  });
});

describe("who may make keys", () => {
  it.each(CUSTOMER_ROLES)(
    "403 insufficient_scope for a member who is %s, unless the role has keys:write",
    async (role) => {
      const { organizationId } = await api.newTenant();
      const memberId = await newMember(organizationId, role);
      const key = await api.newKey(organizationId, TENANT_PERMISSIONS, { memberId });
      const may = permissionsOfRole("customer", role).includes("keys:write");
      expect((await create(key)).statusCode).toBe(may ? 201 : 403);
    },
  );
});
