import { systemIds } from "@berth/runtime";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { aCluster, startTestApi, type TestApi } from "../testing/test-api.ts";

/** What a key has open ends when the key does: streams and long polls are no way round a revocation. */

const REMEMBER_MS = 200;
let api: TestApi;
let baseUrl: string;
beforeAll(async () => {
  api = await startTestApi({ rememberKeysMs: REMEMBER_MS, trustedProxies: ["127.0.0.1/32"] });
  baseUrl = await api.app.listen({ port: 0, host: "127.0.0.1" });
});
afterAll(() => api.close());

const open = (key: string, path: string, headers = {}) =>
  fetch(`${baseUrl}${path}`, { headers: { authorization: `Bearer ${key}`, ...headers } });
const EVENTS = { accept: "text/event-stream" };
const update = (key: string, change: string) =>
  api.owner.query(`update api_key set ${change} where public_id = $1`, [key.slice(11, 21)]);

async function aMember() {
  const { organizationId, projectId } = await api.newTenant();
  const memberId = systemIds.next("member");
  await api.owner.query(
    "insert into member (id, organization_id, email, name, role, created_by) values ($1, $2, $1, 'Ada', 'viewer', 'system')",
    [memberId, organizationId],
  );
  return {
    organizationId,
    projectId,
    memberId,
    key: await api.newKey(organizationId, ["clusters:read"], { memberId }),
  };
}

describe("an open stream ends, and says why, when", () => {
  it.each([
    ["its key is revoked", "revoked_at = now()", "invalid_credentials"],
    ["its key expires", "expires_at = now()", "expired_credentials"],
    ["its key loses the permission", "scopes = '{}'", "insufficient_scope"],
    ["its key is limited to other networks", "cidrs = '{10.0.0.0/8}'", "ip_not_allowed"],
    ["its key reaches something else", "project_ids = '{prj_other}'", "overloaded"],
  ])("%s", async (_, change, code) => {
    const { key } = await aMember();
    const stream = await open(key, "/v1/events", EVENTS);
    expect(stream.status).toBe(200);
    await update(key, change);
    const text = await stream.text();
    expect(text).toContain(`: ended by ${code}`);
    expect(text).not.toContain("event: end");
  });

  it.each([
    ["removed", "removed_at = now()", "invalid_credentials"],
    ["given another role", "role = 'billing'", "insufficient_scope"],
  ])("its member is %s", async (_, change, code) => {
    const { key, memberId } = await aMember();
    const stream = await open(key, "/v1/events", EVENTS);
    await api.owner.query(`update member set ${change} where id = $1`, [memberId]);
    expect(await stream.text()).toContain(`: ended by ${code}`);
  });

  it("and no sooner: another key's stays open", async () => {
    const [one, other] = [await aMember(), await aMember()];
    const abort = new AbortController();
    const stays = await fetch(`${baseUrl}/v1/events`, {
      headers: { authorization: `Bearer ${other.key}`, ...EVENTS },
      signal: abort.signal,
    });
    let ended = false;
    const reading = stays.text().then(
      () => (ended = true),
      () => {},
    );
    const ends = await open(one.key, "/v1/events", EVENTS);
    await update(one.key, "revoked_at = now()");
    await ends.text();
    expect(ended).toBe(false);
    abort.abort();
    await reading;
  });
});

it("a long poll is answered as any request is when its key is revoked meanwhile", async () => {
  const { organizationId, key: owner } = await api.newTenant();
  const key = await api.newKey(organizationId, ["clusters:read"]);
  const cluster = await api.ask("POST", "/v1/clusters", { key: owner, body: aCluster({ instances: 1 }) });
  const waiting = open(key, `/v1/operations/${cluster.json().current_operation.id}/wait?timeout=60`);
  await update(key, "revoked_at = now()");
  const answer = await waiting;
  expect(answer.status).toBe(401);
  expect(await answer.json()).toMatchObject({ code: "invalid_credentials" });
});

it("a revoked key opens nothing once its row is forgotten", async () => {
  const { key } = await api.newTenant();
  expect((await open(key, "/v1/me")).status).toBe(200);
  await update(key, "revoked_at = now()");
  await vi.waitFor(async () => expect((await open(key, "/v1/me")).status).toBe(401), { timeout: 5000, interval: 10 });
});

it("the address of a trusted proxy's client counts, and what others claim does not", async () => {
  const { organizationId } = await api.newTenant();
  const key = await api.newKey(organizationId, ["clusters:read"], { cidrs: ["203.0.113.0/24"] });
  const from = async (forwarded: string) => (await open(key, "/v1/me", { "x-forwarded-for": forwarded })).status;
  expect(await from("203.0.113.7")).toBe(200);
  expect(await from("198.51.100.1")).toBe(403);
  // The last hop is what our proxy saw; what stands before it is the client's own claim.
  expect(await from("203.0.113.7, 198.51.100.1")).toBe(403);
  expect(await from("not an address")).toBe(403);
  expect((await open(key, "/v1/me")).status).toBe(403);
});
