import {
  CUSTOMER_ROLES,
  type MemberRole,
  type OrganizationId,
  PLATFORM_ROLES,
  permissionsOfRole,
  TENANT_PERMISSIONS,
} from "@berth/domain";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startTestApi, type Tenant, type TestApi, type TestMember } from "../testing/test-api.ts";

let api: TestApi;
let tenant: Tenant;
beforeAll(async () => {
  api = await startTestApi();
  tenant = await api.newTenant();
});
afterAll(() => api.close());

const pathOf = (organizationId: string, id = "") => `/v1/organizations/${organizationId}/members${id && `/${id}`}`;
const join = (role: MemberRole, of: OrganizationId = tenant.organizationId) => api.newMember(of, role);
const get = (id: string, key = tenant.key) => api.ask("GET", pathOf(tenant.organizationId, id), { key });
const change = (id: string, body: object, key = tenant.key, headers: Record<string, string> = {}) =>
  api.ask("PATCH", pathOf(tenant.organizationId, id), { key, body, headers });
const remove = (id: string, key = tenant.key, headers: Record<string, string> = {}) =>
  api.ask("DELETE", pathOf(tenant.organizationId, id), { key, headers });
const leave = (key: string) => api.ask("DELETE", "/v1/me/membership", { key });
const auditOf = (id: string) =>
  api.owner.query(
    "select action, content::json -> 'changes' as changes from audit_event where target_id = $1 order by number",
    [id],
  );
const ownersOf = async (organizationId: string) =>
  (
    await api.owner.query(
      "select 1 as one from member where organization_id = $1 and role = 'owner' and removed_at is null",
      [organizationId],
    )
  ).length;

describe("GET …/members", () => {
  it("200: oldest first, in pages, by role and by address in any case; not who has left", async () => {
    const own = await api.newTenant();
    const [first, second, third] = [
      await join("owner", own.organizationId),
      await join("viewer", own.organizationId),
      await join("viewer", own.organizationId),
    ];
    const list = async (query: string) =>
      (await api.ask("GET", `${pathOf(own.organizationId)}?${query}`, { key: own.key })).json();
    const page = await list("limit=2");
    expect(page.data.map(({ id }: TestMember) => id)).toEqual([first.id, second.id]);
    expect((await list(`limit=2&page_token=${page.next_page_token}`)).data).toMatchObject([{ id: third.id }]);
    expect((await list(`email=${second.email.toUpperCase()}`)).data).toMatchObject([{ id: second.id }]);
    await api.ask("DELETE", pathOf(own.organizationId, third.id), { key: own.key });
    expect((await list("role=viewer")).data).toMatchObject([{ id: second.id, role: "viewer" }]);
    expect((await api.ask("GET", `${pathOf(own.organizationId)}?email=nobody`, { key: own.key })).statusCode).toBe(422);
  });
});

describe("GET …/members/{member_id}", () => {
  it("200: the member, then 304; 404 for another organization's, by either id", async () => {
    const { id, email } = await join("developer");
    const seen = await get(id);
    expect(seen.json()).toMatchObject({ id, email, role: "developer", organization_id: tenant.organizationId });
    const headers = { "if-none-match": String(seen.headers.etag) };
    const again = await api.ask("GET", pathOf(tenant.organizationId, id), { key: tenant.key, headers });
    expect(again.statusCode).toBe(304);
    const theirs = await join("viewer", api.stranger.organizationId);
    expect((await get(theirs.id)).statusCode).toBe(404);
    const elsewhere = await api.ask("GET", pathOf(api.stranger.organizationId, theirs.id), { key: tenant.key });
    expect(elsewhere.statusCode).toBe(404);
  });
});

describe("PATCH …/members/{member_id}", () => {
  it("200: another role and name, effective at once for what they give away, with what was and what is in the audit row", async () => {
    const { id, key } = await join("admin");
    const victim = await join("viewer");
    expect((await change(victim.id, { name: "José" }, key)).json()).toMatchObject({ name: "José", generation: 2 });
    expect((await change(id, { role: "developer" })).json()).toMatchObject({ role: "developer", generation: 2 });
    // Authentication still takes the key for an admin's.
    expect((await change(victim.id, { role: "admin" }, key)).statusCode).toBe(403);
    expect((await remove(victim.id, key)).statusCode).toBe(403);
    expect(await auditOf(id)).toEqual([
      { action: "member.update", changes: { before: { role: "admin" }, after: { role: "developer" } } },
    ]);
    const events = await api.ask("GET", `/v1/events?target_id=${id}`, { key: tenant.key });
    expect(events.json().data).toMatchObject([{ type: "member.updated", data: { role: "developer" } }]);
  });

  it("200: a change of nothing is none", async () => {
    const { id } = await join("viewer");
    const before = (await get(id)).json();
    for (const body of [{}, { role: "viewer" }, { name: before.name }]) {
      expect((await change(id, body)).json()).toEqual(before);
    }
    expect(await auditOf(id)).toEqual([]);
  });

  it("409: the last owner stays one; not the last any more, may become less", async () => {
    const own = await api.newTenant();
    const [one] = [await join("owner", own.organizationId)];
    const demote = (id: string) =>
      api.ask("PATCH", pathOf(own.organizationId, id), { key: own.key, body: { role: "admin" } });
    expect((await demote(one.id)).json()).toMatchObject({ code: "last_owner" });
    const other = await join("owner", own.organizationId);
    expect((await demote(one.id)).statusCode).toBe(200);
    expect((await demote(other.id)).json().code).toBe("last_owner");
  });

  it("412: somebody else was quicker", async () => {
    const { id } = await join("viewer");
    const headers = { "if-match": String((await get(id)).headers.etag) };
    expect((await change(id, { role: "developer" }, tenant.key, headers)).statusCode).toBe(200);
    expect((await change(id, { role: "viewer" }, tenant.key, headers)).json().code).toBe("precondition_failed");
  });

  it.each([
    [{ role: "god" }, "/role"],
    [{ role: "operator-act" }, "/role"],
    [{ name: "" }, "/name"],
    [{ name: "a\u202eb" }, "/name"],
    [{ email: "other@example.com" }, "/email"],
    [{ organization_id: "org_01jd0v6m3pf8tb2k7n5xq4w9ze" }, "/organization_id"],
  ])("422: %j", async (body, pointer) => {
    const { id } = await join("viewer");
    const answer = await change(id, body);
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors[0].pointer).toBe(pointer);
  });

  it("ends the open invitations by which somebody who becomes less offered more than that", async () => {
    const { id, key } = await join("admin");
    const invite = async (role: string) => {
      const path = `/v1/organizations/${tenant.organizationId}/invitations`;
      const email = `${role}-of-${id}@example.com`;
      return (await api.ask("POST", path, { key, body: { email, role } })).json();
    };
    const [admin, viewer] = [await invite("admin"), await invite("viewer")];
    await change(id, { role: "developer" });
    const accept = (token: string) => api.ask("POST", "/v1/invitations/accept", { body: { token, name: "A" } });
    expect((await accept(admin.token)).json().code).toBe("invalid_invitation");
    expect((await accept(viewer.token)).statusCode).toBe(201);
  });
});

describe("DELETE …/members/{member_id}", () => {
  it("204: gone, with their keys and the invitations that they sent; they may come back", async () => {
    const { id, key, email } = await join("owner");
    await join("owner");
    const invited = await api.ask("POST", `/v1/organizations/${tenant.organizationId}/invitations`, {
      key,
      body: { email: `accomplice-of-${id}@example.com`, role: "owner" },
    });
    expect((await remove(id)).statusCode).toBe(204);
    expect((await get(id)).statusCode).toBe(404);
    expect((await remove(id)).statusCode).toBe(404);
    const keys = await api.owner.query("select revoked_at is not null as revoked from api_key where member_id = $1", [
      id,
    ]);
    expect(keys).toEqual([{ revoked: true }]);
    const body = { token: invited.json().token, name: "Accomplice" };
    expect((await api.ask("POST", "/v1/invitations/accept", { body })).json().code).toBe("invalid_invitation");
    expect(await auditOf(id)).toEqual([
      {
        action: "member.remove",
        changes: { before: null, after: { email, role: "owner", keys_revoked: 1, invitations_revoked: 1 } },
      },
    ]);
    const again = await api.ask("POST", `/v1/organizations/${tenant.organizationId}/invitations`, {
      key: tenant.key,
      body: { email, role: "viewer" },
    });
    expect(again.statusCode).toBe(201);
  });

  it("a removed member's key opens nothing after five seconds", async () => {
    const { id, key } = await join("viewer");
    expect((await get(id, key)).statusCode).toBe(200);
    await remove(id);
    const closed = async () => expect((await api.ask("GET", "/v1/me", { key })).statusCode).toBe(401);
    await vi.waitFor(closed, { timeout: 7000, interval: 100 });
  });

  it("409: the last owner stays", async () => {
    const own = await api.newTenant();
    const { id } = await join("owner", own.organizationId);
    const answer = await api.ask("DELETE", pathOf(own.organizationId, id), { key: own.key });
    expect(answer.json().code).toBe("last_owner");
  });

  it("412: it was changed since", async () => {
    const { id } = await join("viewer");
    const headers = { "if-match": String((await get(id)).headers.etag) };
    await change(id, { role: "developer" });
    expect((await remove(id, tenant.key, headers)).json().code).toBe("precondition_failed");
  });

  it("403: by a key that may less than the member's role, the member's own as well", async () => {
    const { id } = await join("developer");
    const few = await api.newKey(tenant.organizationId, ["members:write", "members:read"]);
    const refused = await remove(id, few);
    expect(refused.json()).toMatchObject({ code: "insufficient_scope" });
    expect(refused.json().required_permissions).toEqual(
      permissionsOfRole("customer", "developer").filter((one) => one !== "members:read"),
    );
  });
});

describe("DELETE /v1/me/membership", () => {
  it.each(["viewer", "billing", "developer", "admin"] as const)("204: a %s leaves with their own key", async (role) => {
    const { id, key } = await join(role);
    expect((await leave(key)).statusCode).toBe(204);
    expect((await get(id)).statusCode).toBe(404);
    expect((await leave(key)).statusCode).toBe(401);
  });

  it("409: the last owner stays, and a key of the organization's own has nobody who could leave", async () => {
    const own = await api.newTenant();
    const { key } = await join("owner", own.organizationId);
    expect((await leave(key)).json().code).toBe("last_owner");
    expect((await leave(own.key)).json().code).toBe("invalid_state");
  });

  it("403: not with a key that may less than its member", async () => {
    const { id } = await join("viewer");
    const few = await api.newKey(tenant.organizationId, ["organization:read"], { memberId: id });
    expect((await leave(few)).json()).toMatchObject({ code: "insufficient_scope" });
    expect((await get(id)).statusCode).toBe(200);
  });
});

describe("nobody makes somebody more than they are themselves", () => {
  /** Whom a role can make. Written out: the table must not be checked by itself. */
  const GIVES: Readonly<Record<"customer" | "platform", Readonly<Partial<Record<MemberRole, readonly MemberRole[]>>>>> =
    {
      customer: {
        owner: ["owner", "admin", "developer", "billing", "viewer"],
        admin: ["admin", "developer", "billing", "viewer"],
      },
      platform: { owner: ["owner", "operator-read", "operator-act", "security-audit", "finance"] },
    };
  const cases = [
    ...CUSTOMER_ROLES.map((role) => ["customer", role] as const),
    ...PLATFORM_ROLES.map((role) => ["platform", role] as const),
  ];

  it.each(cases)(
    "in a %s organization, being %s",
    async (kind, role) => {
      const { organizationId } = kind === "customer" ? tenant : api.operator;
      await join("owner", organizationId);
      const { key } = await join(role, organizationId);
      const roles: readonly MemberRole[] = kind === "customer" ? CUSTOMER_ROLES : PLATFORM_ROLES;
      const lowest = kind === "customer" ? "viewer" : "finance";
      const gives = GIVES[kind][role] ?? [];
      for (const other of roles) {
        const target = await join(lowest, organizationId);
        const above = await join(other, organizationId);
        const email = `${other}-by-${target.id}@example.com`;
        const answers = [
          await api.ask("POST", `/v1/organizations/${organizationId}/invitations`, {
            key,
            body: { email, role: other },
          }),
          await api.ask("PATCH", pathOf(organizationId, target.id), { key, body: { role: other } }),
          await api.ask("PATCH", pathOf(organizationId, above.id), { key, body: { name: "Renamed" } }),
          await api.ask("DELETE", pathOf(organizationId, above.id), { key }),
        ];
        const refused = answers.map(({ statusCode }) => statusCode === 403);
        expect(refused, `${role} gives and takes ${other}`).toEqual(Array(4).fill(!gives.includes(other)));
        for (const answer of answers.filter(({ statusCode }) => statusCode === 403)) {
          expect(answer.json().required_permissions.length).toBeGreaterThan(0);
        }
      }
    },
    120_000,
  );

  it("an organization's own key gives what its scopes are, and no more", async () => {
    const viewer = permissionsOfRole("customer", "viewer");
    const key = await api.newKey(tenant.organizationId, [...viewer, "members:write"]);
    const { id } = await join("viewer");
    const refused = await change(id, { role: "developer" }, key);
    expect(refused.json()).toMatchObject({
      code: "insufficient_scope",
      required_permissions: ["clusters:write", "clusters:delete", "clusters:credentials"],
    });
    const admin = await api.newKey(
      tenant.organizationId,
      TENANT_PERMISSIONS.filter((one) => one !== "organization:write"),
    );
    expect((await change(id, { role: "owner" }, admin)).json().required_permissions).toEqual(["organization:write"]);
  });
});

describe("an organization keeps an owner", () => {
  it.each([
    [
      "made less",
      (own: Tenant, id: string, key: string) =>
        api.ask("PATCH", pathOf(own.organizationId, id), { key, body: { role: "viewer" } }),
    ],
    ["removed", (own: Tenant, id: string, key: string) => api.ask("DELETE", pathOf(own.organizationId, id), { key })],
  ] as const)("of twenty who are %s at once, one stays", async (_, end) => {
    const own = await api.newTenant();
    const owners = await Promise.all(Array.from({ length: 20 }, () => join("owner", own.organizationId)));
    const answers = await Promise.all(owners.map(({ id }) => end(own, id, own.key)));
    expect(answers.filter(({ statusCode }) => statusCode < 300)).toHaveLength(19);
    expect(answers.flatMap((one) => (one.statusCode === 409 ? [one.json().code] : []))).toEqual(["last_owner"]);
    expect(await ownersOf(own.organizationId)).toBe(1);
  });

  it("also when twenty owners end each other, in a ring, by both ways, or leave", async () => {
    const own = await api.newTenant();
    const owners = await Promise.all(Array.from({ length: 20 }, () => join("owner", own.organizationId)));
    const answers = await Promise.all(
      owners.map(({ key }, index) => {
        const next = pathOf(own.organizationId, owners[(index + 1) % 20]?.id);
        if (index % 3 === 0) return leave(key);
        if (index % 3 === 1) return api.ask("DELETE", next, { key });
        return api.ask("PATCH", next, { key, body: { role: "developer" } });
      }),
    );
    for (const { statusCode } of answers) expect([200, 204, 401, 403, 404, 409]).toContain(statusCode);
    expect(await ownersOf(own.organizationId)).toBeGreaterThanOrEqual(1);
  });
});
