import { randomUUID } from "node:crypto";
import { type Permission, ROUTES, type RouteShape } from "@berth/contract";
import { draftPieces, GENESIS_HASH, OPERATOR_READ, permissionsOfKind } from "@berth/domain";
import { systemIds } from "@berth/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { proposeRebalance } from "../testing/one-of-each.ts";
import { aCluster, startTestApi, type Tenant, type TestApi } from "../testing/test-api.ts";

/** Swept from the route table: a read that shows what is tenants' and has no place here fails. */
type Shape = RouteShape;
const shapes = Object.values<Shape>(ROUTES).filter(
  ({ method, tenantData }) => method === "GET" && tenantData !== undefined && tenantData !== "none",
);

const MACHINE = "mac_01jd0v6m3pf8tb2k7n5xq4w9ze";
const DECISION = "dec_01jd0v6m3pf8tb2k7n5xq4w9ze";
const PLAN = systemIds.next("rebalancePlan");

let api: TestApi;
let tenant: Tenant;
let neighbour: Tenant;
let clusterId: string;

beforeAll(async () => {
  api = await startTestApi();
  [tenant, neighbour] = [await api.newTenant(), await api.newTenant()];
  const [kube] = (await api.ask("GET", "/v1/admin/kubes", { key: api.operator.key })).json().data;
  const [pool] = (await api.ask("GET", "/v1/admin/pools", { key: api.operator.key })).json().data;
  await api.owner.query(
    `insert into machine (id, kube_id, pool_id, state, node_name, zone, machine_type, price_micro_usd_per_hour, allocatable, attempt)
     values ($1, $2, $3, 'ready', 'mac-node', 'us-east-1a', 'm7i.xlarge', 201600, '{}', 1)`,
    [MACHINE, kube.id, pool.id],
  );
  for (const { key } of [tenant, neighbour, api.operator]) {
    const cluster = (await api.ask("POST", "/v1/clusters", { key, body: aCluster({ instances: 1 }) })).json();
    const [instance] = await api.owner.query<{ id: string; organization_id: string }>(
      "update instance set node_name = 'mac-node', machine_id = $2 where cluster_id = $1 returning id, organization_id",
      [cluster.id, MACHINE],
    );
    if (key === tenant.key) clusterId = cluster.id;
    await api.owner.query(
      `insert into placement_decision (id, kube_id, organization_id, cluster_id, instance_id, pod_uid, outcome, candidates)
       values ($1, $2, $3, $4, $5, $5, 'refused', '[]')`,
      [
        key === tenant.key ? DECISION : DECISION.replace(/.{4}$/, randomUUID().slice(0, 4)),
        kube.id,
        instance?.organization_id,
        cluster.id,
        instance?.id,
      ],
    );
  }
  await proposeRebalance(api, PLAN, clusterId);
});
afterAll(() => api.close());

/** What shows something of the tenant, by operation. */
const PLACES: Readonly<Record<string, () => string>> = {
  listPlacementDecisions: () => "/v1/admin/placement_decisions",
  getPlacementDecision: () => `/v1/admin/placement_decisions/${DECISION}`,
  getMachine: () => `/v1/admin/machines/${MACHINE}`,
  listOrganizations: () => "/v1/admin/organizations",
  getAnyOrganization: () => `/v1/admin/organizations/${tenant.organizationId}`,
  getRebalancePlan: () => `/v1/admin/rebalance_plans/${PLAN}`,
  listAuditEventsOfAll: () => `/v1/admin/audit_events?organization_id=${tenant.organizationId}`,
};

const EVERYTHING: readonly Permission[] = permissionsOfKind("platform");
const newReader = () => api.newKey(api.operator.organizationId, EVERYTHING);
const rowsOf = async ({ organizationId }: Tenant) =>
  (
    await api.owner.query<{ content: string }>(
      "select content from audit_event where organization_id = $1 and action = 'operator.read' order by number",
      [organizationId],
    )
  ).map(({ content }) => JSON.parse(content));

describe.each(shapes.map((shape) => [shape.operationId, shape] as const))("%s", (name) => {
  it("has a place in this test", () => {
    expect(Object.keys(PLACES)).toContain(name);
  });

  it("leaves a row in the chain of the tenant whose data it showed, and no second one for the same look", async () => {
    const key = await newReader();
    const before = (await rowsOf(tenant)).length;
    const url = PLACES[name]?.() ?? "";
    const answer = await api.ask("GET", url, { key, headers: { "user-agent": "curl/8" } });
    expect(answer.statusCode, answer.body).toBe(200);
    expect(answer.body).toContain(tenant.organizationId);
    const rows = (await rowsOf(tenant)).slice(before);
    expect(rows).toMatchObject([
      {
        action: "operator.read",
        actor: { type: "operator", id: expect.stringMatching(/^key_/), name: null },
        target: expect.objectContaining({ id: expect.stringMatching(/^(org|cl)_/) }),
        request_id: answer.headers["x-request-id"],
        ip: null,
        user_agent: null,
        changes: { before: null, after: { operation: name } },
      },
    ]);
    expect([tenant.organizationId, clusterId]).toContain(rows[0].target.id);
    await api.ask("GET", url, { key });
    expect(await rowsOf(tenant)).toHaveLength(before + 1);
    await api.ask("GET", url, { key: await newReader() });
    expect(await rowsOf(tenant)).toHaveLength(before + 2);
  });

  it("is not given when the row cannot be written", async () => {
    const key = await newReader();
    await api.owner.query("revoke insert (content) on audit_event from berth_operator");
    try {
      const answer = await api.ask("GET", PLACES[name]?.() ?? "", { key });
      expect([answer.statusCode, answer.json().code]).toEqual([500, "internal"]);
      expect(answer.body).not.toContain(tenant.organizationId);
      expect(answer.headers.etag).toBeUndefined();
    } finally {
      await api.owner.query("grant insert (content) on audit_event to berth_operator");
    }
  });

  it("leaves none for a refusal, nor for a 304, which shows nothing new", async () => {
    const url = PLACES[name]?.() ?? "";
    // All of them first: they are things of an organization that is listed.
    const [reader, another] = [await newReader(), await newReader()];
    const powerless = await api.newKey(api.operator.organizationId, []);
    await api.ask("GET", url, { key: reader }); // A list of audit rows has that of its own reading from here on.
    const { etag } = (await api.ask("GET", url, { key: reader })).headers;
    const before = await rowsOf(tenant);
    const unchanged = await api.ask("GET", url, { key: another, headers: { "if-none-match": String(etag) } });
    expect(unchanged.statusCode).toBe(304);
    const refused = await api.ask("GET", url, { key: powerless });
    expect(refused.statusCode).toBe(403);
    expect(await rowsOf(tenant)).toEqual(before);
  });
});

/** Begins a tenant's chain with a look at it so many minutes ago. */
async function haveLooked({ organizationId }: Tenant, key: string, minutesAgo: number): Promise<void> {
  const [reader] = await api.owner.query<{ id: string }>("select id from api_key where public_id = $1", [
    key.slice(11, 21),
  ]);
  const [one, two, three, four] = draftPieces({
    id: systemIds.next("auditEvent"),
    organization_id: organizationId,
    actor: { type: "operator", id: reader?.id ?? "", name: null },
    on_behalf_of: null,
    action: OPERATOR_READ,
    target: { type: "organization", id: organizationId },
    request_id: randomUUID(),
    ip: null,
    user_agent: null,
    outcome: "succeeded",
    changes: { before: null, after: { operation: "getAnyOrganization" } },
  });
  const at = new Date(Date.now() - minutesAgo * 60_000).toISOString();
  await api.owner.query("insert into audit_event (content) values ($1)", [
    `{${one},"created_at":"${at}",${two},"number":1,${three},"previous_hash":"${GENESIS_HASH}",${four}}`,
  ]);
}

describe("an operator's look", () => {
  it("at one cluster names the cluster, at several of an organization the organization", async () => {
    const key = await newReader();
    await api.ask("GET", `/v1/admin/placement_decisions?cluster_id=${clusterId}`, { key });
    expect((await rowsOf(tenant)).at(-1)?.target).toEqual({ type: "cluster", id: clusterId });
    await api.ask("GET", `/v1/admin/audit_events?organization_id=${tenant.organizationId}`, { key });
    expect((await rowsOf(tenant)).at(-1)?.target).toEqual({ type: "organization", id: tenant.organizationId });
  });

  it("at what several tenants have leaves a row with each of them, and none with the platform itself", async () => {
    const count = async () =>
      Promise.all([tenant, neighbour, api.operator].map(async (one) => (await rowsOf(one)).length));
    const before = await count();
    const answer = await api.ask("GET", `/v1/admin/machines/${MACHINE}`, { key: await newReader() });
    expect(answer.json().instances).toHaveLength(3);
    const [one = 0, other = 0, own = 0] = before;
    expect(await count()).toEqual([one + 1, other + 1, own]);
    expect(own).toBe(0);
  });

  it("has a row of its own again when the last is ten minutes old", async () => {
    for (const [minutes, rows] of [
      [9, 1],
      [11, 2],
    ] as const) {
      const seen = await api.newTenant();
      const key = await newReader();
      await haveLooked(seen, key, minutes);
      await api.ask("GET", `/v1/admin/organizations/${seen.organizationId}`, { key });
      expect(await rowsOf(seen), `${minutes} minutes`).toHaveLength(rows);
    }
  });

  it("is seen by the tenant in its own list", async () => {
    await api.ask("GET", `/v1/admin/machines/${MACHINE}`, { key: await newReader() });
    const { data } = (await api.ask("GET", "/v1/audit_events?action=operator.read", { key: tenant.key })).json();
    expect(data[0]).toMatchObject({ action: "operator.read", changes: { after: { operation: "getMachine" } } });
  });
});
