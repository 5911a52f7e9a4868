import { createHash, createPublicKey, verify } from "node:crypto";
import { type ChainHead, checkChain, headText } from "@berth/domain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestApi, type Tenant, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
let tenant: Tenant;
const get = async (path: string, key = tenant.key) => (await api.ask("GET", path, { key })).json();
const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");

beforeAll(async () => {
  api = await startTestApi();
  tenant = await api.newTenant();
  for (const name of ["a", "b", "c", "d"]) {
    await api.ask("POST", "/v1/projects", { key: tenant.key, body: { name } });
  }
});
afterAll(() => api.close());

async function faultsOf(head: ChainHead): Promise<string[]> {
  const { data } = await get("/v1/audit_events?order=created_at&limit=200");
  const check = checkChain({ sha256, organizationId: tenant.organizationId, whole: true, seen: [head] });
  const faults = [...data.flatMap((record: unknown) => check.add(record)), ...check.end()];
  return faults.map(({ number, kind }) => `${number} ${kind}`);
}

describe("the audit log", () => {
  it("is listed newest first, in pages bound to their filter, and by actor, action and target", async () => {
    const first = await get("/v1/audit_events?limit=3");
    const second = await get(`/v1/audit_events?limit=3&page_token=${first.next_page_token}`);
    expect([...first.data, ...second.data].map(({ number }) => number)).toEqual([4, 3, 2, 1]);
    expect(second.next_page_token).toBeNull();
    const [{ id, actor, target }] = first.data;
    expect(await get(`/v1/audit_events/${id}`)).toEqual(first.data[0]);
    expect((await get(`/v1/audit_events?target_id=${target.id}`)).data).toHaveLength(1);
    expect((await get(`/v1/audit_events?actor=${actor.id}&action=project.create`)).data).toHaveLength(4);
    expect((await get("/v1/audit_events?action=project.delete")).data).toEqual([]);
    const stolen = await get(`/v1/audit_events?limit=3&action=x&page_token=${first.next_page_token}`);
    expect(stolen.code).toBe("invalid_page_token");
  });

  it("of another organization is not seen, nor one of its rows", async () => {
    const [{ id }] = (await get("/v1/audit_events")).data;
    expect((await get(`/v1/audit_events/${id}`, api.stranger.key)).code).toBe("not_found");
    expect((await get("/v1/audit_events", api.stranger.key)).data).toEqual([]);
  });

  it("has a head whose signature the public key alone checks, for this place and time", async () => {
    const head = await get("/v1/audit_events/head");
    expect(head).toMatchObject({ organization_id: tenant.organizationId, number: 4 });
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: head.public_key }, format: "jwk" });
    const holds = (over: object) =>
      verify(null, Buffer.from(headText({ ...head, ...over })), key, Buffer.from(head.signature, "base64url"));
    expect(holds({})).toBe(true);
    for (const over of [{ number: 3 }, { hash: "0".repeat(64) }, { organization_id: "org_x" }, { signed_at: "x" }]) {
      expect(holds(over)).toBe(false);
    }
    expect((await get("/v1/audit_events/head", api.stranger.key)).public_key).toBe(head.public_key);
    const { headers } = await api.ask("GET", "/v1/audit_events/head", { key: tenant.key });
    expect(headers.etag).toBe(`"${head.hash}.${head.public_key}"`);
  });

  it("that somebody changed past every trigger is told from a head that was seen before", async () => {
    const head = await get("/v1/audit_events/head");
    expect(await faultsOf(head)).toEqual([]);
    const { organizationId } = tenant;
    const pool = api.owner.pool;
    await pool.query("alter table audit_event disable trigger user; alter table audit_head disable trigger user");
    await pool.query(
      "update audit_event set content = replace(content, 'project.create', 'project.forged') where organization_id = $1 and number = 2",
      [organizationId],
    );
    // The hash is made from the text, so it is the next row that no longer fits.
    expect(await faultsOf(head)).toEqual(["3 wrong_previous_hash"]);
    await pool.query("delete from audit_event where organization_id = $1 and number > 2", [organizationId]);
    await pool.query(
      `update audit_head h set number = 2, hash = a.hash from audit_event a
        where h.organization_id = $1 and a.organization_id = $1 and a.number = 2`,
      [organizationId],
    );
    expect(await faultsOf(head)).toEqual(["3 missing"]);
    expect(await faultsOf(await get("/v1/audit_events/head"))).toEqual([]);
  });
});
