import { randomBytes } from "node:crypto";
import { openApiDocument, PERMISSIONS, ROUTES, type RouteShape } from "@berth/contract";
import { createLogger } from "@berth/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Assembly, assembleApi } from "./assemble-api.ts";
import { makeApiKey } from "./http/api-key.ts";
import {
  aCluster,
  aCommitment,
  aCommitmentFile,
  aKube,
  aPool,
  startTestApi,
  type TestApi,
} from "./testing/test-api.ts";

/** What must hold for every route that there is, and so for each one that is added. */

type Shape = RouteShape;
const shapes = Object.values<Shape>(ROUTES);
const closed = shapes.filter((shape) => shape.permission !== "public");
const named = (list: readonly Shape[]) => list.map((shape) => [shape.operationId, shape] as const);

let api: TestApi;
/** One of each kind: the customer's own, and operators' things. */
const known: Record<string, string> = {};
let everything: string;

beforeAll(async () => {
  api = await startTestApi();
  everything = await api.newKey(api.operator.organizationId, PERMISSIONS);
  const created = await api.ask("POST", "/v1/clusters", { key: everything, body: aCluster({ instances: 1 }) });
  const cluster = created.json();
  known.cluster_id = cluster.id;
  known.operation_id = cluster.current_operation.id;
  known.credential_id = cluster.initial_credential.id;
  const [instance] = (await api.ask("GET", `/v1/clusters/${cluster.id}/instances`, { key: everything })).json().data;
  known.instance_id = instance.id;
  known.project_id = cluster.project_id;
  known.organization_id = api.operator.organizationId;
  known.member_id = (await api.newMember(api.operator.organizationId, "finance")).id;
  const invited = await api.ask("POST", `/v1/organizations/${known.organization_id}/invitations`, {
    key: everything,
    body: BODIES.createInvitation?.(),
  });
  known.invitation_id = invited.json().id;
  known.kube_id = (await api.ask("GET", "/v1/admin/kubes", { key: everything })).json().data[0].id;
  known.pool_id = (await api.ask("GET", "/v1/admin/pools", { key: everything })).json().data[0].id;
  const made = await api.ask("POST", "/v1/api_keys", { key: everything, body: { name: "swept" } });
  known.api_key_id = made.json().id;
  const audit = await api.ask("GET", "/v1/audit_events?limit=1", { key: everything });
  known.audit_event_id = audit.json().data[0].id;
  known.commitment_id = "cmt_01jd0v6m3pf8tb2k7n5xq4w9ze";
  known.reservation_plan_id = "rsp_01jd0v6m3pf8tb2k7n5xq4w9ze";
  known.reservation_purchase_id = "rpu_01jd0v6m3pf8tb2k7n5xq4w9ze";
  known.price_reading_id = "prd_01jd0v6m3pf8tb2k7n5xq4w9ze";
  known.price_book_id = "pbk_01jd0v6m3pf8tb2k7n5xq4w9ze";
  known.rebalance_plan_id = "rbp_01jd0v6m3pf8tb2k7n5xq4w9ze";
  known.packing_study_id = "stu_01jd0v6m3pf8tb2k7n5xq4w9ze";
  known.machine_id = "mac_01jd0v6m3pf8tb2k7n5xq4w9ze";
  known.decision_id = "dec_01jd0v6m3pf8tb2k7n5xq4w9ze";
});
afterAll(() => api.close());

const BODIES: Record<string, () => object> = {
  updateMember: () => ({}),
  createInvitation: () => ({ email: `${randomBytes(8).toString("hex")}@example.com`, role: "finance" }),
  acceptInvitation: () => ({ token: "berth_invite_", name: "Ada" }),
  createApiKey: () => ({ name: "swept" }),
  updateApiKey: () => ({ name: "renamed" }),
  rotateApiKey: () => ({ overlap_seconds: 60 }),
  createCluster: () => aCluster(),
  createEstimate: () => ({ region: "us-east-1", size: "8g", instances: 3 }),
  updateCluster: () => ({ labels: {} }),
  createCredential: () => ({}),
  updateOrganization: () => ({}),
  updateSpendCap: () => ({}),
  createOrganization: () => ({ name: "swept", owner_email: "owner@example.com" }),
  updateQuotas: () => ({}),
  suspendOrganization: () => ({ reason: "swept" }),
  resumeOrganization: () => ({ reason: "swept" }),
  createKube: () => aKube(),
  createRebalancePlan: () => ({ kube_id: known.kube_id }),
  importPriceBook: () => ({ region: "eu-9", source: "swept", prices: "m7i.large 0.1008" }),
  createPriceReading: () => ({ region: "eu-9", except: ["u-6tb1.metal"] }),
  createCommitment: () => aCommitment(),
  importCommitments: () => ({ csv: aCommitmentFile() }),
  rejectReservationPlan: () => ({ reason: "swept" }),
  createPackingStudy: () => ({ kind: "density_curve", kube_id: known.kube_id }),
  createPool: () => aPool(known.kube_id ?? ""),
  updatePool: () => ({ max_machines: 1 }),
  createProject: () => ({ name: `project ${randomBytes(4).toString("hex")}` }),
  updateProject: () => ({}),
};

const urlOf = (shape: Shape, ids: Record<string, string> = known) =>
  shape.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(ids[name] ?? ""));
const bodyOf = (shape: Shape) => (shape.body === undefined ? {} : { body: BODIES[shape.operationId]?.() });
const ask = (shape: Shape, over: Parameters<TestApi["ask"]>[2] & { url?: string } = {}) => {
  const { url, ...rest } = over;
  return api.ask(shape.method, url ?? urlOf(shape), { ...bodyOf(shape), ...rest });
};

describe("what is served", () => {
  it("is what the document says, and nothing else", () => {
    const document = openApiDocument();
    for (const shape of shapes) {
      const url = shape.path.replace(/\{(\w+)\}/g, ":$1");
      expect(api.app.hasRoute({ method: shape.method, url }), shape.operationId).toBe(true);
      expect(document.paths?.[shape.path]).toHaveProperty(shape.method.toLowerCase());
    }
    const paths = api.app.printRoutes({ commonPrefix: false }).match(/\S+ \([A-Z, ]+\)/g) ?? [];
    const methods = paths.flatMap((line) => line.match(/\b(GET|POST|PATCH|DELETE|PUT|HEAD|OPTIONS)\b/g) ?? []);
    expect(methods.filter((method) => ["POST", "PATCH", "DELETE", "PUT"].includes(method))).toHaveLength(
      shapes.filter((shape) => shape.method !== "GET").length,
    );
  });

  it.each(named(shapes))("%s has a body in this test if it takes one", (_, shape) => {
    expect(BODIES[shape.operationId] === undefined).toBe(shape.body === undefined);
  });
});

/** Everything that is stored, but for when a key was last used: that is written down later. */
async function stored(): Promise<unknown> {
  const tables = await api.owner.query(
    `select table_name as name, query_to_xml(format(
       'select md5(string_agg((to_jsonb(t) - ''last_used_at'' - ''last_used_from'')::text, '','' order by t::text)) from %I t', table_name
     ), false, true, '')::text as hash
     from information_schema.tables where table_schema = current_schema() and table_type = 'BASE TABLE' order by 1`,
    [],
  );
  expect(tables.length).toBeGreaterThan(10);
  return tables;
}

describe.each(named(shapes))("%s", (_, shape) => {
  const caller = () => (shape.permission === "public" ? {} : { key: everything });

  it("422 for a query field that there is not, and changes nothing", async () => {
    const before = await stored();
    for (const field of ["nonsense", "__proto__", "dry_runn", ...(shape.query === undefined ? ["dry_run"] : [])]) {
      const answer = await ask(shape, { ...caller(), url: `${urlOf(shape)}?${field}=true` });
      expect(answer.statusCode, field).toBe(422);
      expect(answer.json().errors).toContainEqual({
        pointer: `?${field}`,
        code: "unknown_field",
        detail: "There is no such field.",
      });
    }
    expect(await stored()).toEqual(before);
  });

  if (shape.body === undefined) {
    it("422 for a body, as it takes none, and changes nothing", async () => {
      const before = await stored();
      // The body of a GET is not read: it has no fields to point to.
      const pointers = shape.method === "GET" ? [""] : ["/dry_run", "/nonsense"];
      for (const [body, at] of [
        [{ dry_run: true, nonsense: 1 }, pointers],
        [[], [""]],
        ["null", [""]],
        ['"text"', [""]],
      ] as const) {
        const answer = await ask(shape, { ...caller(), body });
        expect(answer.statusCode, JSON.stringify(body)).toBe(422);
        expect(answer.json().code).toBe("validation_failed");
        expect(answer.json().errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(at);
      }
      expect(await stored()).toEqual(before);
    });
  }
});

describe.each(named(closed))("%s", (_, shape) => {
  it("401 without a key, with a wrong one, a revoked one and an expired one", async () => {
    const { organizationId } = api.operator;
    const expired = await api.newKey(organizationId, PERMISSIONS, { expiresAt: new Date(Date.now() - 1000) });
    const revoked = await api.newKey(organizationId, PERMISSIONS, { revokedAt: new Date() });
    const codes: string[] = [];
    for (const key of [
      undefined,
      "junk",
      `${everything.slice(0, -1)}${everything.endsWith("a") ? "b" : "a"}`,
      revoked,
      expired,
    ]) {
      const answer = await ask(shape, key === undefined ? {} : { key });
      expect(answer.statusCode).toBe(401);
      codes.push(answer.json().code);
    }
    expect(codes).toEqual([
      "missing_credentials",
      "invalid_credentials",
      "invalid_credentials",
      "invalid_credentials",
      "expired_credentials",
    ]);
  });

  it("406 when JSON is not accepted", async () => {
    expect((await ask(shape, { key: everything, headers: { accept: "image/png" } })).statusCode).toBe(406);
  });

  if (shape.permission !== "authenticated") {
    it(`403 with every permission but ${shape.permission}`, async () => {
      const others = PERMISSIONS.filter((permission) => permission !== shape.permission);
      const answer = await ask(shape, { key: await api.newKey(api.operator.organizationId, others) });
      expect(answer.statusCode).toBe(403);
      expect(answer.json().required_permissions).toEqual([shape.permission]);
    });
  }

  if (shape.params !== undefined) {
    const names = Object.keys(shape.params.shape);
    it("404 for an id that nobody has, that is none, that is another kind's: all the same answer", async () => {
      const random = (id: string) => id.replace(/.{8}$/, "0".repeat(8));
      const answers: string[] = [];
      for (const name of names) {
        const own = known[name] ?? "";
        const wrong = [
          random(own),
          "1",
          "null",
          "__proto__",
          `${own}0`,
          own.toUpperCase(),
          "org_01jd0v6m3pf8tb2k7n5xq4w9ze",
          "%00",
          "a".repeat(99),
        ];
        for (const id of wrong) {
          const answer = await ask(shape, { key: everything, url: urlOf(shape, { ...known, [name]: id }) });
          expect(answer.statusCode, id).toBe(404);
          answers.push(withoutRequest(answer.body));
        }
      }
      expect(new Set(answers).size).toBe(1);
    });

    if (!String(shape.permission).startsWith("admin:")) {
      it("404 for another organization's, byte for byte as for none", async () => {
        const stranger = await api.newKey(api.stranger.organizationId, PERMISSIONS);
        const theirs = await ask(shape, { key: stranger });
        const nobodys = await ask(shape, {
          key: stranger,
          url: urlOf(shape, { ...known, [names[0] ?? ""]: "cl_01jd0v6m3pf8tb2k7n5xq4w9ze" }),
        });
        expect(theirs.statusCode).toBe(404);
        expect(withoutRequest(theirs.body)).toBe(withoutRequest(nobodys.body));
        expect(Object.keys(theirs.headers).sort()).toEqual(Object.keys(nobodys.headers).sort());
      });
    }
  }

  if (shape.query !== undefined) {
    it("422 for a query field twice", async () => {
      const [field] = Object.keys(shape.query?.shape ?? {});
      const answer = await ask(shape, { key: everything, url: `${urlOf(shape)}?${field}=1&${field}=2` });
      expect(answer.statusCode).toBe(422);
      expect(answer.json().errors[0].pointer).toMatch(/^\?/);
    });
  }

  if (shape.body !== undefined) {
    it("422 for an unknown field, 400, 413 and 415 for what is no JSON of ours", async () => {
      const unknown = await ask(shape, { key: everything, body: { ...bodyOf(shape).body, nonsense: 1 } });
      expect(unknown.json().errors).toContainEqual({
        pointer: "/nonsense",
        code: "unknown_field",
        detail: "There is no such field.",
      });
      expect((await ask(shape, { key: everything, body: "{" })).json().code).toBe("malformed_json");
      expect((await ask(shape, { key: everything, body: '{"a":1,"a":2}' })).json().code).toBe("malformed_json");
      expect((await ask(shape, { key: everything, body: `"${"x".repeat(270_000)}"` })).statusCode).toBe(413);
      expect((await ask(shape, { key: everything, headers: { "content-type": "text/json" } })).statusCode).toBe(415);
    });
  }

  if (shape.idempotent) {
    it("400 without an Idempotency-Key", async () => {
      const answer = await ask(shape, { key: everything, idempotencyKey: null });
      expect(answer.json().code).toBe("idempotency_key_required");
    });
  }
});

describe("with the database away", () => {
  const pepper = randomBytes(32);
  const headers = { authorization: `Bearer ${makeApiKey(pepper).text}` };
  let lost: Assembly;
  beforeAll(async () => {
    lost = await assembleApi({
      databaseUrl: "postgresql://nobody@127.0.0.1:1/none",
      pepper,
      key: randomBytes(32),
      volumeGraceMs: 0,
      poolSize: 2,
      simulated: true,
      logger: createLogger({ name: "api", level: "silent" }),
    });
  });
  afterAll(() => lost.close());

  it.each(named(closed))("%s answers 503, and says when to try again", async (_, shape) => {
    const answer = await lost.app.inject({ method: shape.method, url: urlOf(shape), headers });
    expect(answer.statusCode).toBe(503);
    expect(answer.headers["retry-after"]).toBe("1");
    expect(answer.json()).toMatchObject({ code: "overloaded", retryable: true });
    expect(answer.body).not.toMatch(/127\.0\.0\.1|ECONN|nobody/);
  });

  it("the process lives, and is not ready", async () => {
    const ready = await lost.app.inject("/readyz");
    expect(ready.statusCode).toBe(503);
    const checks = [
      { name: "database", ok: false },
      { name: "stopping", ok: true },
    ];
    expect(ready.json()).toMatchObject({ status: "unavailable", checks });
    expect((await lost.app.inject("/livez")).statusCode).toBe(200);
  });
});

function withoutRequest(body: string): string {
  return body.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "…");
}
