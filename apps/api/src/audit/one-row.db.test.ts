import { randomUUID } from "node:crypto";
import { ROUTES, type RouteShape } from "@berth/contract";
import { systemIds } from "@berth/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  loseReservationPurchase,
  planPurchase,
  proposeRebalance,
  proposeReservations,
} from "../testing/one-of-each.ts";
import { playWorker } from "../testing/play-worker.ts";
import {
  aCluster,
  aCommitment,
  aCommitmentFile,
  aKube,
  aPool,
  startTestApi,
  type Tenant,
  type TestApi,
} from "../testing/test-api.ts";

/**
 * Every change is on record, once and in the right chain. Swept from the route table: a route that changes something and has
 * no entry in REQUESTS fails here, and one that forgets its row is refused by the server itself (http/on-record.ts).
 */

type Shape = RouteShape;
const changing = Object.values<Shape>(ROUTES).filter(({ method, safe }) => method !== "GET" && safe === undefined);

let api: TestApi;
let tenant: Tenant;
beforeAll(async () => {
  api = await startTestApi();
  tenant = await api.newTenant({ maxClusters: 1000, maxInstances: 1000 });
});
afterAll(() => api.close());

/** A request that changes something. */
interface Request {
  readonly url: string;
  readonly body?: unknown;
  /** The customer when absent. */
  readonly by?: Tenant;
  /** The row is in the chain of the organization that the answer is about. */
  readonly isOfAnswer?: true;
}

/** A cluster on which nothing runs any more. */
async function aCreatedCluster(): Promise<{ id: string; initial_credential: { id: string } }> {
  const cluster = (await api.ask("POST", "/v1/clusters", { key: tenant.key, body: aCluster({ instances: 1 }) })).json();
  await playWorker(api, cluster.id, { state: "running", health: "green", ended: "succeeded" });
  return cluster;
}
const made = async (path: string, body: object, by = tenant): Promise<string> =>
  (await api.ask("POST", path, { key: by.key, body })).json().id;
const aKey = () => made("/v1/api_keys", { name: aName() });
const aName = () => `n-${randomUUID().slice(0, 8)}`;

const REQUESTS: Readonly<Record<string, () => Promise<Request>>> = {
  createCluster: async () => ({ url: "/v1/clusters", body: aCluster() }),
  updateCluster: async () => ({ url: `/v1/clusters/${(await aCreatedCluster()).id}`, body: { labels: { a: "b" } } }),
  deleteCluster: async () => ({ url: `/v1/clusters/${(await aCreatedCluster()).id}` }),
  restoreCluster: async () => {
    const { id } = await aCreatedCluster();
    await api.ask("DELETE", `/v1/clusters/${id}`, { key: tenant.key });
    await playWorker(api, id, { ended: "succeeded" });
    return { url: `/v1/clusters/${id}/restore` };
  },
  createCredential: async () => ({ url: `/v1/clusters/${(await aCreatedCluster()).id}/credentials`, body: {} }),
  deleteCredential: async () => {
    const { id, initial_credential } = await aCreatedCluster();
    return { url: `/v1/clusters/${id}/credentials/${initial_credential.id}` };
  },
  createProject: async () => ({ url: "/v1/projects", body: { name: aName() } }),
  updateProject: async () => ({
    url: `/v1/projects/${await made("/v1/projects", { name: aName() })}`,
    body: { name: aName() },
  }),
  deleteProject: async () => ({ url: `/v1/projects/${await made("/v1/projects", { name: aName() })}` }),
  createApiKey: async () => ({ url: "/v1/api_keys", body: { name: aName() } }),
  updateApiKey: async () => ({ url: `/v1/api_keys/${await aKey()}`, body: { name: aName() } }),
  revokeApiKey: async () => ({ url: `/v1/api_keys/${await aKey()}` }),
  rotateApiKey: async () => ({ url: `/v1/api_keys/${await aKey()}/rotate`, body: { overlap_seconds: 60 } }),
  updateMember: async () => ({
    url: `${people()}/members/${(await aMember()).member.id}`,
    body: { role: "developer" },
  }),
  removeMember: async () => ({ url: `${people()}/members/${(await aMember()).member.id}` }),
  leaveOrganization: async () => {
    const { api_key } = await aMember();
    return { url: "/v1/me/membership", by: { ...tenant, key: api_key.key } };
  },
  createInvitation: async () => ({ url: `${people()}/invitations`, body: anInvitation() }),
  revokeInvitation: async () => ({
    url: `${people()}/invitations/${await made(`${people()}/invitations`, anInvitation())}`,
  }),
  resendInvitation: async () => ({
    url: `${people()}/invitations/${await made(`${people()}/invitations`, anInvitation())}/resend`,
  }),
  acceptInvitation: async () => ({ url: "/v1/invitations/accept", body: { token: await aToken(), name: "Ada" } }),
  updateOrganization: async () => ({ url: people(), body: { name: aName() } }),
  updateSpendCap: async () => ({
    url: `${people()}/spend_cap`,
    body: { max_price_per_hour: { amount: "1000000", currency: "USD" } },
  }),
  createOrganization: async () => ({
    url: "/v1/admin/organizations",
    body: { name: aName(), owner_email: anInvitation().email },
    ...asOperator(),
  }),
  updateQuotas: async () => ({
    url: await anOrganization(),
    body: { quotas: { clusters: { limit: 3 } } },
    ...asOperator(),
  }),
  suspendOrganization: async () => ({ url: `${await anOrganization()}/suspend`, body: REASON, ...asOperator() }),
  resumeOrganization: async () => {
    const url = await anOrganization();
    await api.ask("POST", `${url}/suspend`, { key: api.operator.key, body: REASON });
    return { url: `${url}/resume`, body: REASON, ...asOperator() };
  },
  createKube: async () => ({ url: "/v1/admin/kubes", body: aKube({ name: aName() }), by: api.operator }),
  createRebalancePlan: async () => ({
    url: "/v1/admin/rebalance_plans",
    body: { kube_id: await aKubeId() },
    by: api.operator,
  }),
  approveRebalancePlan: async () => ({ url: `${await aPlan("proposed")}/approve`, by: api.operator }),
  pauseRebalancePlan: async () => ({ url: `${await aPlan("running")}/pause`, by: api.operator }),
  resumeRebalancePlan: async () => ({ url: `${await aPlan("paused")}/resume`, by: api.operator }),
  cancelRebalancePlan: async () => ({ url: `${await aPlan("approved")}/cancel`, by: api.operator }),
  createPackingStudy: async () => {
    const [kube] = await api.owner.query<{ id: string }>("select id from kube limit 1");
    return {
      url: "/v1/admin/packing_studies",
      body: { kind: "density_curve", kube_id: kube?.id },
      by: api.operator,
    };
  },
  importPriceBook: async () => ({
    url: "/v1/admin/price_books",
    body: { region: aName(), source: "a list", prices: "m7i.large 0.1008" },
    by: api.operator,
  }),
  createPriceReading: async () => ({ url: "/v1/admin/price_readings", body: { region: aName() }, by: api.operator }),
  createCommitment: async () => ({ url: "/v1/admin/commitments", body: aCommitment(), by: api.operator }),
  importCommitments: async () => ({
    url: "/v1/admin/commitment_imports",
    body: { csv: aCommitmentFile() },
    by: api.operator,
  }),
  deleteCommitment: async () => ({
    url: `/v1/admin/commitments/${await made("/v1/admin/commitments", aCommitment(), api.operator)}`,
    by: api.operator,
  }),
  createReservationPlan: async () => ({ url: "/v1/admin/reservation_plans", by: api.operator }),
  approveReservationPlan: async () => ({
    url: `/v1/admin/reservation_plans/${await aReservationPlan()}/approve`,
    by: api.operator,
  }),
  rejectReservationPlan: async () => ({
    url: `/v1/admin/reservation_plans/${await aReservationPlan()}/reject`,
    body: { reason: "too long" },
    by: api.operator,
  }),
  dropReservationPurchase: async () => ({
    url: `/v1/admin/reservation_purchases/${await aPurchase()}/drop`,
    by: api.operator,
  }),
  retryReservationPurchase: async () => ({
    url: `/v1/admin/reservation_purchases/${await anUnknownPurchase()}/retry`,
    by: api.operator,
  }),
  createPool: async () => ({
    url: "/v1/admin/pools",
    body: aPool(await aKubeId(), { name: aName() }),
    by: api.operator,
  }),
  updatePool: async () => ({
    url: `/v1/admin/pools/${await made("/v1/admin/pools", aPool(await aKubeId(), { name: aName() }), api.operator)}`,
    body: { max_machines: 3 },
    by: api.operator,
  }),
};

async function aReservationPlan(): Promise<string> {
  const id = systemIds.next("reservationPlan");
  await proposeReservations(api, id);
  return id;
}

async function aPurchase(): Promise<string> {
  const id = systemIds.next("reservationPurchase");
  await planPurchase(api, id, systemIds.next("reservationPlan"));
  return id;
}

async function anUnknownPurchase(): Promise<string> {
  const id = await aPurchase();
  await loseReservationPurchase(api, id);
  return id;
}

const asOperator = () => ({ by: api.operator, isOfAnswer: true }) as const;
const REASON = { reason: "invoice 2026-10" };
const anOrganization = async () => `/v1/admin/organizations/${(await api.newTenant()).organizationId}`;
const people = () => `/v1/organizations/${tenant.organizationId}`;
const anInvitation = () => ({ email: `${randomUUID()}@example.com`, role: "viewer" });
async function aToken(): Promise<string> {
  const answer = await api.ask("POST", `${people()}/invitations`, { key: tenant.key, body: anInvitation() });
  return answer.json().token;
}
async function aMember(): Promise<{ member: { id: string }; api_key: { key: string } }> {
  return (await api.ask("POST", "/v1/invitations/accept", { body: { token: await aToken(), name: "Ada" } })).json();
}

async function aPlan(state: string): Promise<string> {
  const id = systemIds.next("rebalancePlan");
  await proposeRebalance(api, id, (await aCreatedCluster()).id, state);
  return `/v1/admin/rebalance_plans/${id}`;
}

async function aKubeId(): Promise<string> {
  return (await api.ask("GET", "/v1/admin/kubes", { key: api.operator.key })).json().data[0].id;
}

/** How many rows each chain has. */
/** Rows of changes: that an operator was shown what is so already is a row of another kind. */
async function rowsByChain(): Promise<Record<string, number>> {
  const rows = await api.owner.query<{ id: string; count: number }>(
    "select organization_id as id, count(*)::int as count from audit_event where action <> 'operator.read' group by 1",
  );
  return Object.fromEntries(rows.map(({ id, count }) => [id, count]));
}

function actorOf({ permission }: Shape): string {
  if (permission === "public") return "invitation";
  return permission.startsWith("admin:") ? "operator" : "api_key";
}

const userAgent = `sweep/${"x".repeat(300)}`;

describe.each(changing.map((shape) => [shape.operationId, shape] as const))("%s", (name, shape) => {
  it("has a request in this test", () => {
    expect(Object.keys(REQUESTS)).toContain(name);
  });

  it("writes one row into its organization's chain, and none when repeated, refused or only tried", async () => {
    const { url, body, by = tenant, isOfAnswer } = (await REQUESTS[name]?.()) ?? { url: "" };
    const query = shape.query?.shape ?? {};
    const idempotencyKey = shape.idempotent ? { idempotencyKey: randomUUID() } : {};
    const send = (over: object = {}, to = url) =>
      api.ask(shape.method, to, {
        key: by.key,
        ...(body === undefined ? {} : { body }),
        ...idempotencyKey,
        headers: { "user-agent": userAgent },
        ...over,
      });
    const before = await rowsByChain();
    const unchanged = async (why: string) => expect(await rowsByChain(), why).toEqual(before);

    if (shape.permission !== "public" && shape.permission !== "authenticated") {
      await send({ key: await api.newKey(by.organizationId, []) });
      await unchanged("without the permission");
    }
    if (shape.params !== undefined) {
      expect(
        (await send({}, url.replace(/(?<=_[0-9a-z]{18})[0-9a-z]{8}(?=(\/[a-z_]+)?$)/, "00000000"))).statusCode,
      ).toBe(404);
      await unchanged("of what is not there");
    }
    if (shape.body !== undefined) {
      expect((await send({ body: { nonsense: 1 } })).statusCode).toBe(422);
      await unchanged("that is not valid");
    }
    if ("dry_run" in query) {
      expect((await send({ idempotencyKey: null }, `${url}?dry_run=true`)).statusCode).toBe(200);
      await unchanged("that was only tried");
    }

    const answer = await send();
    expect(answer.statusCode, answer.body).toBeLessThan(300);
    const chain = isOfAnswer ? answer.json().id : by.organizationId;
    const after = { ...before, [chain]: (before[chain] ?? 0) + 1 };
    expect(await rowsByChain()).toEqual(after);
    if (shape.idempotent) {
      expect((await send()).body).toBe(answer.body);
      expect(await rowsByChain(), "a repetition").toEqual(after);
    }

    const [row] = await api.owner.query<{ content: string }>(
      "select content from audit_event where organization_id = $1 and action <> 'operator.read' order by number desc limit 1",
      [chain],
    );
    // Somebody of the platform is shown to a tenant without name and address.
    const from = isOfAnswer ? { ip: null, user_agent: null } : { ip: "127.0.0.1", user_agent: userAgent.slice(0, 256) };
    expect(JSON.parse(row?.content ?? "")).toMatchObject({
      actor: { type: actorOf(shape), ...(isOfAnswer ? { name: null } : {}) },
      ...from,
      action: expect.stringMatching(/^[a-z_]+\.[a-z_]+$/),
      request_id: answer.headers["x-request-id"],
    });
  });
});
