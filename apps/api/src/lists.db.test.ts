import { randomBytes } from "node:crypto";
import { ROUTES, type RouteShape } from "@berth/contract";
import type { IdKind } from "@berth/domain";
import { systemIds } from "@berth/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { planPurchase, proposeRebalance } from "./testing/one-of-each.ts";
import { aCluster, aCommitment, aPool, MANY, startTestApi, type Tenant, type TestApi } from "./testing/test-api.ts";

/** What must hold for every list that there is, and so for each one that is added. */

const lists = Object.values<RouteShape>(ROUTES).filter((shape) => parametersOf(shape).includes("page_token"));
const byAge = lists.filter((shape) => parametersOf(shape).includes("order"));

function parametersOf({ query }: RouteShape): string[] {
  return query instanceof z.ZodObject ? Object.keys(query.shape) : [];
}

interface Listed {
  /** The table whose rows it shows; absent where times are the rows' own, as in an audit chain. */
  readonly table?: string;
  /** What leaves the rows of this test alone. */
  readonly filter?: string;
  /** Makes one more. */
  readonly make: () => Promise<unknown>;
}

let api: TestApi;
let tenant: Tenant;
let kubeId: string;
let poolId: string;
beforeAll(async () => {
  api = await startTestApi();
  tenant = await api.newTenant(MANY);
  const [pool] = await api.owner.query<{ id: string; kubeId: string }>(`select id, kube_id as "kubeId" from pool`);
  poolId = pool?.id ?? "";
  kubeId = pool?.kubeId ?? "";
});
afterAll(() => api.close());

const word = () => randomBytes(6).toString("hex");
const post = async (path: string, body: object | undefined, key = tenant.key) => {
  const answer = await api.ask("POST", path, { key, ...(body === undefined ? {} : { body }) });
  expect(answer.statusCode, answer.body).toBeLessThan(300);
};
const insert = (kind: IdKind, text: string, ...values: unknown[]) =>
  api.owner.query(text, [systemIds.next(kind), ...values]);
const makeProject = () => post("/v1/projects", { name: word() });
const makeCluster = () => post("/v1/clusters", aCluster({ instances: 1 }));

const LISTS: Record<string, Listed> = {
  listApiKeys: { table: "api_key", make: () => post("/v1/api_keys", { name: "made" }) },
  listMembers: { table: "member", make: () => api.newMember(tenant.organizationId, "viewer") },
  listInvitations: {
    table: "invitation",
    make: () =>
      post(`/v1/organizations/${tenant.organizationId}/invitations`, {
        email: `${word()}@example.com`,
        role: "viewer",
      }),
  },
  listProjects: { table: "project", make: makeProject },
  listClusters: { table: "cluster", make: makeCluster },
  listOperations: { table: "operation", make: makeCluster },
  listAuditEvents: { filter: "action=project.create", make: makeProject },
  listAuditEventsOfAll: { filter: "action=project.create", make: makeProject },
  listOrganizations: { table: "organization", make: () => api.newTenant() },
  listKubes: {
    table: "kube",
    make: () =>
      insert(
        "kube",
        "insert into kube (id, name, region, zones, api_server_url) values ($1, $1, 'us-east-1', '{us-east-1a}', 'https://k')",
      ),
  },
  listPools: { table: "pool", make: () => post("/v1/admin/pools", aPool(kubeId, { name: word() }), api.operator.key) },
  listRebalancePlans: {
    table: "rebalance_plan",
    make: () => proposeRebalance(api, systemIds.next("rebalancePlan"), "cl_1"),
  },
  listPackingStudies: {
    table: "packing_study",
    make: () => post("/v1/admin/packing_studies", { kind: "density_curve", kube_id: kubeId }, api.operator.key),
  },
  listCommitments: {
    table: "commitment",
    make: () => post("/v1/admin/commitments", aCommitment(), api.operator.key),
  },
  listReservationPlans: {
    table: "reservation_plan",
    make: () => post("/v1/admin/reservation_plans", undefined, api.operator.key),
  },
  listReservationPurchases: {
    table: "reservation_purchase",
    make: () => planPurchase(api, systemIds.next("reservationPurchase"), systemIds.next("reservationPlan")),
  },
  listPriceReadings: {
    table: "price_reading",
    make: () => post("/v1/admin/price_readings", { region: word() }, api.operator.key),
  },
  listPriceBooks: {
    table: "price_book",
    make: () =>
      post("/v1/admin/price_books", { region: word(), source: "a list", prices: "m7i.large 0.1008" }, api.operator.key),
  },
  listMachines: {
    table: "machine",
    make: () =>
      insert(
        "machine",
        `insert into machine (id, kube_id, pool_id, state, node_name, zone, machine_type, price_micro_usd_per_hour, allocatable)
         values ($1, $2, $3, 'ready', $1, 'us-east-1a', 'm7i.xlarge', 1,
                 '{"cpuMilli": 3500, "memoryMib": 13000, "volumes": 25, "pods": 16}')`,
        kubeId,
        poolId,
      ),
  },
  listPlacementDecisions: {
    table: "placement_decision",
    make: () =>
      insert(
        "decision",
        `insert into placement_decision (id, kube_id, organization_id, cluster_id, instance_id, pod_uid, outcome, candidates)
         values ($1, $2, $3, 'cl_1', 'ins_1', 'uid', 'placed', '[]')`,
        kubeId,
        tenant.organizationId,
      ),
  },
};

interface Entry {
  readonly id: string;
  readonly created_at: string;
}

const get = (shape: RouteShape, query: string) => {
  const url = shape.path.replace("{organization_id}", tenant.organizationId);
  const key = shape.path.startsWith("/v1/admin/") ? api.operator.key : tenant.key;
  return api.ask("GET", `${url}?${query}`, { key });
};

/** All entries of a query, through pages of two. `between` is done after the first of them. */
async function walk(shape: RouteShape, query = "", between: () => Promise<unknown> = async () => {}): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (let token = ""; ; ) {
    const page = (await get(shape, `limit=2&${LISTS[shape.operationId]?.filter ?? ""}&${query}${token}`)).json();
    expect(page.data.length).toBeLessThanOrEqual(2);
    entries.push(...page.data);
    if (page.next_page_token === null) return entries;
    if (token === "") await between();
    token = `&page_token=${page.next_page_token}`;
  }
}

const idsOf = (entries: readonly Entry[]) => entries.map(({ id }) => id);

it("is by age but for the feeds, whose one order is that of their streams", () => {
  const others = lists.filter((shape) => !byAge.includes(shape));
  expect(others.map(({ operationId }) => operationId)).toEqual(
    lists.filter(({ stream }) => stream !== undefined).map(({ operationId }) => operationId),
  );
  expect(Object.keys(LISTS).sort()).toEqual(byAge.map(({ operationId }) => operationId).sort());
});

describe.each(byAge.map((shape) => [shape.operationId, shape] as const))("%s", (name, shape) => {
  let ascending: Entry[];

  beforeAll(async () => {
    const listed = LISTS[name];
    for (let count = 0; count < 6; count++) await listed?.make();
    if (listed?.table !== undefined) {
      // Clocks that differ: times that ids do not follow, and several at once.
      await api.owner.query(
        `update ${listed.table} t set created_at = '2026-01-01T00:00:00.001Z'::timestamptz + p.at * interval '1 millisecond'
           from (select id, (array[3, 1, 1, 4, 0, 2, 4])[1 + (row_number() over (order by id)) % 7] as at from ${listed.table}) p
          where p.id = t.id`,
      );
    }
    ascending = await walk(shape, "order=created_at");
  });

  it("has each entry once, whatever the pages, in the order of what it shows", async () => {
    const whole = (await get(shape, `limit=200&order=created_at&${LISTS[name]?.filter ?? ""}`)).json().data;
    expect(ascending.length).toBeGreaterThanOrEqual(6);
    expect(new Set(idsOf(ascending)).size).toBe(ascending.length);
    expect(idsOf(ascending)).toEqual(idsOf(whole));
    const times = ascending.map(({ created_at }) => created_at);
    expect(times).toEqual([...times].sort());
    if (LISTS[name]?.table !== undefined) {
      const places = ascending.map(({ created_at, id }) => `${created_at} ${id}`);
      expect(places).toEqual([...places].sort());
    }
  });

  it("is the other way round in the other order, and in one of them when none is asked for", async () => {
    const descending = await walk(shape, "order=-created_at");
    expect(idsOf(descending)).toEqual(idsOf(ascending).reverse());
    const { order } = z.object({ order: z.string() }).parse(shape.query?.parse({}));
    expect(idsOf(await walk(shape))).toEqual(idsOf(order === "created_at" ? ascending : descending));
  });

  it("is parted by any instant into what is before it and what is from it on", async () => {
    for (const instant of [...new Set(ascending.map(({ created_at }) => created_at))].slice(0, 5)) {
      const [before, after] = [
        await walk(shape, `order=created_at&created_before=${instant}`),
        await walk(shape, `order=created_at&created_after=${instant}`),
      ];
      expect([...idsOf(before), ...idsOf(after)]).toEqual(idsOf(ascending));
      expect(before.every(({ created_at }) => created_at < instant)).toBe(true);
      expect(after[0]?.created_at).toBe(instant);
      // A hair later than the entry's millisecond.
      const finer = instant.replace("Z", "0001Z");
      expect(idsOf(await walk(shape, `order=created_at&created_after=${finer}`))).toEqual(
        idsOf(after.filter(({ created_at }) => created_at > instant)),
      );
    }
  });

  it("has nothing in a range that ends before it begins", async () => {
    const range = "created_after=2026-02-01T00:00:00Z&created_before=2026-01-01T00:00:00Z";
    expect(await walk(shape, range)).toEqual([]);
  });

  it("400 invalid_page_token: a token of another order or time", async () => {
    const filter = LISTS[name]?.filter ?? "";
    const { next_page_token } = (await get(shape, `limit=1&order=created_at&${filter}`)).json();
    for (const other of ["order=-created_at", "order=created_at&created_after=2026-01-01T00:00:00Z"]) {
      const answer = await get(shape, `limit=1&${other}&${filter}&page_token=${next_page_token}`);
      expect([answer.statusCode, answer.json().code]).toEqual([400, "invalid_page_token"]);
    }
  });

  it.each(["created_at", "-created_at"])(
    "neither repeats nor hides an entry when others come while it is read by %s",
    async (order) => {
      const before = (await walk(shape, `order=${order}`)).map(({ id }) => id);
      const read = idsOf(await walk(shape, `order=${order}`, () => LISTS[name]?.make() ?? Promise.resolve()));
      expect(new Set(read).size).toBe(read.length);
      expect(read.filter((id) => before.includes(id))).toEqual(before);
    },
  );
});
