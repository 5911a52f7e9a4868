import { randomUUID } from "node:crypto";
import { permissionsOfRole } from "@berth/domain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestApi, type Tenant, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
let tenant: Tenant;
beforeAll(async () => {
  api = await startTestApi();
  tenant = await api.newTenant();
});
afterAll(() => api.close());

const anAddress = () => `${randomUUID()}@example.com`;
const pathOf = (of: Tenant, rest = "") => `/v1/organizations/${of.organizationId}/invitations${rest}`;
const invite = (body: object = {}, of = tenant, more: object = {}) =>
  api.ask("POST", pathOf(of), { key: of.key, body: { email: anAddress(), role: "developer", ...body }, ...more });
const get = async (id: string, of = tenant) => (await api.ask("GET", pathOf(of, `/${id}`), { key: of.key })).json();
const revoke = (id: string, of = tenant) => api.ask("DELETE", pathOf(of, `/${id}`), { key: of.key });
const resend = (id: string, of = tenant, more: object = {}) =>
  api.ask("POST", pathOf(of, `/${id}/resend`), { key: of.key, ...more });
const accept = (token: string, more: object = {}) =>
  api.ask("POST", "/v1/invitations/accept", { body: { token, name: "Ada Lovelace" }, ...more });
const expire = (id: string) =>
  api.owner.query("update invitation set expires_at = now() - interval '1 second' where id = $1", [id]);
const setQuota = (of: Tenant, column: string, value: number) =>
  api.owner.query(`update organization set ${column} = $2 where id = $1`, [of.organizationId, value]);
const auditOf = (id: string) =>
  api.owner.query(
    "select action, actor_id as actor, content::json -> 'changes' as changes from audit_event where target_id = $1 order by number",
    [id],
  );

describe("POST …/invitations", () => {
  it("201: a token this once, good for seven days, the address normalised; the same again for the same key", async () => {
    const idempotencyKey = randomUUID();
    const email = anAddress();
    const body = { email: `  ${email.toUpperCase()} `, role: "billing" };
    const answer = await invite(body, tenant, { idempotencyKey });
    expect(answer.statusCode).toBe(201);
    const { token, ...invitation } = answer.json();
    expect(invitation).toMatchObject({ email, role: "billing", state: "pending", member_id: null });
    expect(Date.parse(invitation.expires_at) - Date.parse(invitation.created_at)).toBe(7 * 86_400_000);
    expect(answer.headers.location).toBe(pathOf(tenant, `/${invitation.id}`));
    expect(await get(invitation.id)).toEqual(invitation);
    expect((await invite(body, tenant, { idempotencyKey })).body).toBe(answer.body);
    expect(await auditOf(invitation.id)).toMatchObject([
      { action: "invitation.create", changes: { before: null, after: { email, role: "billing" } } },
    ]);
    const dump = await api.owner.query(
      `select (select string_agg(i::text, '') from invitation i) || (select string_agg(a::text, '') from audit_event a)
           || (select string_agg(r::text, '') from idempotency_record r) as text`,
    );
    expect(JSON.stringify(dump)).not.toContain(token);
  });

  it("409: one is open for the address, or it is a member's; not any more once it is over", async () => {
    const email = anAddress();
    const first = (await invite({ email })).json();
    const twice = await invite({ email: email.toUpperCase() });
    expect(twice.json()).toMatchObject({ code: "already_invited", errors: [{ pointer: "/email" }] });
    await expire(first.id);
    const second = (await invite({ email })).json();
    expect((await get(first.id)).state).toBe("revoked");
    await accept(second.token);
    expect((await invite({ email })).json()).toMatchObject({ code: "already_member", errors: [{ pointer: "/email" }] });
    expect((await invite({ email }, api.stranger)).statusCode).toBe(201);
  });

  it("of ten for one address at once one is made", async () => {
    const email = anAddress();
    const answers = await Promise.all(Array.from({ length: 10 }, () => invite({ email })));
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([201, ...Array(9).fill(409)]);
  });

  it.each([
    [{ email: "ada" }, "/email"],
    [{ email: "ada@example.com\u0000" }, "/email"],
    [{ email: `${"x".repeat(400)}@example.com` }, "/email"],
    [{ email: null }, "/email"],
    [{ role: "root" }, "/role"],
    [{ role: "finance" }, "/role"],
    [{ role: undefined }, "/role"],
  ])("422: %j", async (body, pointer) => {
    const answer = await invite(body);
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors[0].pointer).toBe(pointer);
  });

  it("422: members and pending invitations count, expired ones do not; of twenty at once none is too many", async () => {
    const own = await api.newTenant();
    await api.newMember(own.organizationId, "owner");
    await setQuota(own, "max_members", 4);
    const old = (await invite({}, own)).json();
    await expire(old.id);
    const answers = await Promise.all(Array.from({ length: 20 }, () => invite({}, own)));
    expect(answers.filter(({ statusCode }) => statusCode === 201)).toHaveLength(3);
    const refused = answers.find(({ statusCode }) => statusCode === 422)?.json();
    expect(refused).toMatchObject({ code: "quota_exceeded", limit: 4, used: 4, requested: 1 });
    expect((await resend(old.id, own)).json().code).toBe("quota_exceeded");
  });

  it("404: in another organization's name", async () => {
    const answer = await api.ask("POST", pathOf(api.stranger), {
      key: tenant.key,
      body: { email: anAddress(), role: "viewer" },
    });
    expect(answer.statusCode).toBe(404);
  });
});

describe("GET …/invitations", () => {
  it("200: newest first, in pages, by state and address", async () => {
    const own = await api.newTenant();
    const made = [];
    for (let n = 0; n < 4; n++) made.push((await invite({}, own)).json());
    const [pending, revoked, expired, accepted] = made;
    await revoke(revoked.id, own);
    await expire(expired.id);
    await accept(accepted.token);
    const list = async (query: string) => (await api.ask("GET", `${pathOf(own)}?${query}`, { key: own.key })).json();
    const first = await list("limit=3");
    expect(first.data.map(({ state }: { state: string }) => state)).toEqual(["accepted", "expired", "revoked"]);
    expect((await list(`limit=3&page_token=${first.next_page_token}`)).data).toMatchObject([{ id: pending.id }]);
    for (const [state, { id }] of Object.entries({ pending, revoked, expired, accepted })) {
      expect((await list(`state=${state}`)).data).toMatchObject([{ id, state }]);
    }
    expect((await list(`email=${pending.email}`)).data).toMatchObject([{ id: pending.id }]);
  });
});

describe("DELETE …/invitations/{invitation_id}", () => {
  it("204: its token opens nothing any more; 409 when it is over", async () => {
    const { id, token, email } = (await invite()).json();
    expect((await revoke(id)).statusCode).toBe(204);
    expect((await get(id)).state).toBe("revoked");
    expect((await accept(token)).json().code).toBe("invalid_invitation");
    expect((await revoke(id)).json().code).toBe("invalid_state");
    expect((await resend(id)).json().code).toBe("invalid_state");
    expect((await invite({ email })).statusCode).toBe(201);
  });

  it("403: by who could not have made it", async () => {
    const { id } = (await invite({ role: "owner" })).json();
    const { key } = await api.newMember(tenant.organizationId, "admin");
    const answer = await api.ask("DELETE", pathOf(tenant, `/${id}`), { key });
    expect(answer.json()).toMatchObject({ code: "insufficient_scope", required_permissions: ["organization:write"] });
  });
});

describe("POST …/invitations/{invitation_id}/resend", () => {
  it("200: a new token and seven days anew; the old token opens nothing; an expired one lives again", async () => {
    const { id, token } = (await invite()).json();
    await expire(id);
    expect((await get(id)).state).toBe("expired");
    const idempotencyKey = randomUUID();
    const answer = await resend(id, tenant, { idempotencyKey });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ id, state: "pending" });
    expect((await resend(id, tenant, { idempotencyKey })).body).toBe(answer.body);
    expect((await accept(token)).json().code).toBe("invalid_invitation");
    expect((await accept(answer.json().token)).statusCode).toBe(201);
    expect((await resend(id)).json().code).toBe("invalid_state");
    expect(await auditOf(id)).toMatchObject([
      { action: "invitation.create" },
      { action: "invitation.resend" },
      { action: "invitation.accept" },
    ]);
  });

  it("403: by who could not have made it, as they would see the token", async () => {
    const { id } = (await invite({ role: "owner" })).json();
    const { key } = await api.newMember(tenant.organizationId, "admin");
    expect((await api.ask("POST", pathOf(tenant, `/${id}/resend`), { key })).statusCode).toBe(403);
  });

  it("409: the address has become a member's meanwhile", async () => {
    const { id, email } = (await invite()).json();
    const other = await api.newMember(tenant.organizationId, "viewer");
    await api.owner.query("update member set email = $2 where id = $1", [other.id, email]);
    expect((await resend(id)).json().code).toBe("already_member");
  });
});

describe("POST /v1/invitations/accept", () => {
  it("201: a member, and a key of 90 days that may what the role may; both shown, the key this once", async () => {
    const { id, token, email } = (await invite({ role: "developer" })).json();
    const answer = await accept(token);
    expect(answer.statusCode).toBe(201);
    const { organization, member, api_key } = answer.json();
    expect(organization.id).toBe(tenant.organizationId);
    expect(member).toMatchObject({ email, name: "Ada Lovelace", role: "developer", created_by: id });
    expect(api_key.scopes).toEqual([...permissionsOfRole("customer", "developer")]);
    const days = (Date.parse(api_key.expires_at) - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(90);
    const me = (await api.ask("GET", "/v1/me", { key: api_key.key })).json();
    expect(me.principal).toMatchObject({ id: api_key.id });
    expect(me.permissions).toEqual([...permissionsOfRole("customer", "developer")]);
    expect(await get(id)).toMatchObject({ state: "accepted", member_id: member.id });
    expect((await auditOf(id))[1]).toEqual({
      action: "invitation.accept",
      actor: id,
      changes: { before: null, after: { email, role: "developer", member_id: member.id, api_key_id: api_key.id } },
    });
    const events = await api.ask("GET", `/v1/events?target_id=${member.id}`, { key: tenant.key });
    expect(events.json().data).toMatchObject([{ type: "member.joined", data: { role: "developer" } }]);
  });

  it("201: the same bytes to a repetition with the same Idempotency-Key, also of twenty at once", async () => {
    const { token } = (await invite()).json();
    const idempotencyKey = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => accept(token, { idempotencyKey })));
    expect(new Set(answers.map(({ statusCode, body }) => `${statusCode} ${body}`)).size).toBe(1);
    expect(answers[0]?.statusCode).toBe(201);
    const late = await accept(token, { idempotencyKey });
    expect(late.body).toBe(answers[0]?.body);
  });

  it("of twenty at once with keys of their own one joins", async () => {
    const { token } = (await invite()).json();
    const answers = await Promise.all(Array.from({ length: 20 }, () => accept(token)));
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([201, ...Array(19).fill(422)]);
  });

  it("422: wrong, mistyped, used, revoked, expired and replaced tokens are answered alike, whatever key comes with them", async () => {
    const [used, revoked, expired, replaced] = [
      (await invite()).json(),
      (await invite()).json(),
      (await invite()).json(),
      (await invite()).json(),
    ];
    // The organization's own keys are not the invitation's.
    const shared = randomUUID();
    await invite({}, tenant, { idempotencyKey: shared });
    await accept(used.token);
    await revoke(revoked.id);
    await expire(expired.id);
    await resend(replaced.id);
    const last = used.token.at(-1);
    const mistyped = used.token.slice(0, -1) + (last === "a" ? "b" : "a");
    const answers = await Promise.all(
      ["", "x", "berth_invite_", "a".repeat(200), mistyped, tenant.key, used, revoked, expired, replaced]
        .map((one) => (typeof one === "string" ? one : one.token))
        .flatMap((token) => [accept(token), accept(token, { idempotencyKey: shared })]),
    );
    const bodies = answers.map(({ body }) => body.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "…"));
    expect(new Set(bodies).size).toBe(1);
    expect(answers[0]?.json()).toMatchObject({ code: "invalid_invitation", status: 422 });
    const headers = answers.map((answer) => Object.keys(answer.headers).sort().join());
    expect(new Set(headers).size).toBe(1);
  });

  it("422: the key was used for another request", async () => {
    const { token } = (await invite()).json();
    const idempotencyKey = randomUUID();
    await accept(token, { idempotencyKey });
    const other = await accept(token, { idempotencyKey, body: { token, name: "Somebody Else" } });
    expect(other.json().code).toBe("idempotency_mismatch");
  });

  it("422: no room for another key; accepted once there is", async () => {
    const own = await api.newTenant();
    await setQuota(own, "max_api_keys", 1);
    const { token } = (await invite({}, own)).json();
    expect((await accept(token)).json()).toMatchObject({ code: "quota_exceeded", limit: 1, used: 1 });
    await setQuota(own, "max_api_keys", 2);
    expect((await accept(token)).statusCode).toBe(201);
  });

  it("400: no Idempotency-Key, also without a good token", async () => {
    const { token } = (await invite()).json();
    expect((await accept(token, { idempotencyKey: null })).json().code).toBe("idempotency_key_required");
    expect((await accept("x", { idempotencyKey: null })).json().code).toBe("idempotency_key_required");
  });

  it.each([
    [{ name: "" }, "/name"],
    [{ name: "a\u0000" }, "/name"],
    [{ token: 1 }, "/token"],
    [{ token: "x".repeat(201) }, "/token"],
    [{ role: "owner" }, "/role"],
    [{ email: "other@example.com" }, "/email"],
  ])("422: %j", async (over, pointer) => {
    const answer = await accept("x", { body: { token: "x", name: "A", ...over } });
    expect(answer.json()).toMatchObject({ code: "validation_failed", errors: [{ pointer }] });
  });

  it("403: the organization is suspended; good again once it is not", async () => {
    const own = await api.newTenant();
    const { token } = (await invite({}, own)).json();
    const setState = (state: string) =>
      api.owner.query("update organization set state = $2 where id = $1", [own.organizationId, state]);
    await setState("suspended");
    expect((await accept(token)).json().code).toBe("organization_suspended");
    await setState("active");
    expect((await accept(token)).statusCode).toBe(201);
  });
});
