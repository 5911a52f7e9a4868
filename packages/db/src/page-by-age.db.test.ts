import type { OrganizationId } from "@berth/domain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listApiKeys } from "./api-keys.ts";
import { listClusters } from "./clusters.ts";
import { listCommitments } from "./commitments.ts";
import type { Database } from "./database.ts";
import { listDecisions } from "./decisions.ts";
import { listInvitations } from "./invitations.ts";
import { listKubes } from "./kubes.ts";
import { listMachines } from "./machines.ts";
import { listMembers } from "./members.ts";
import { listOperations } from "./operations.ts";
import { listOrganizations } from "./organizations.ts";
import type { ListQuery } from "./page-by-age.ts";
import { listPools } from "./pools.ts";
import { listPriceBooks } from "./price-books.ts";
import { listPriceReadings } from "./price-readings.ts";
import { pageOfProjects } from "./projects.ts";
import { listRebalancePlans } from "./rebalance-plans.ts";
import { listReservationPlans } from "./reservation-plans.ts";
import { listReservationPurchases } from "./reservation-purchases.ts";
import type { Sql } from "./sql.ts";
import { type OpenTestDatabase, openMigratedDatabase } from "./testing/migrated-database.ts";
import { sqlTransaction } from "./transaction.ts";

/** How lists are read when there are many rows. */

const ROWS = 20_000;
const organizationId = "org_1" as OrganizationId;

/** A row of each table for `n`: two organizations, a row a second. */
const TABLES: Readonly<Record<string, readonly [columns: string, values: string]>> = {
  organization: ["name", "'o'"],
  reservation_plan: ["created_by", "'system'"],
  reservation_purchase: [
    "plan_id, purchase, part, state, product, term, payment_option, due_at",
    "'rsp_1', n, 0, 'by_hand', 'sp', '1y', 'no_upfront', '2026-01-01Z'",
  ],
  price_reading: ["region", "'r' || n"],
  commitment: [
    "kind, term, payment_option, commitment_micro_usd_per_hour, source, starts_at, ends_at",
    "'compute_savings_plan', '1y', 'no_upfront', 1, 'operator', '2026-01-01Z', '2027-01-01Z'",
  ],
  project: ["organization_id, name", "'org_' || n % 2, 'p' || n"],
  member: [
    "organization_id, email, name, role, created_by",
    "'org_' || n % 2, n || '@example.com', 'm', 'viewer', 'system'",
  ],
  invitation: [
    "organization_id, email, role, token_hash, created_by, expires_at",
    "'org_' || n % 2, n || '@example.com', 'viewer', n::text::bytea, 'system', now() + n * interval '1 second'",
  ],
  api_key: [
    "organization_id, public_id, secret_hash, name, created_by",
    "'org_' || n % 2, 'k' || n, '', 'k', 'system'",
  ],
  cluster: [
    `organization_id, project_id, kube_id, name, region, engine, state, next_check_at, instance_count, memory_mib,
     storage_mib, price_micro_usd_per_hour`,
    "'org_' || n % 2, 'prj_1', 'kub_1', 'c' || n, 'r', 'elasticsearch', 'running', null, 1, 1, 1, 1",
  ],
  operation: [
    "organization_id, kind, state, target_type, target_id, generation, steps, requested_by, request_id, finished_at",
    "'org_' || n % 2, 'cluster.create', 'succeeded', 'cluster', 'cl_' || n, 1, '[]', 'k', 'r', now()",
  ],
  kube: ["name, region, api_server_url", "'k' || n, 'r', 'https://k'"],
  price_book: ["region, version, source, prices", "'r', n, 's', '{}'"],
  rebalance_plan: [
    `kube_id, pool_id, saving_micro_usd_per_hour, cost_micro_usd, disrupted_minutes, instances, clusters, launches, removals,
     hours, plan, digest`,
    "'kub_1', 'p' || n, 1, 1, 1, 1, 1, 0, 1, 1, '{}', 'd'",
  ],
  pool: ["kube_id, name", "'kub_1', 'p' || n"],
  machine: [
    "kube_id, pool_id, state, node_name, zone, machine_type, price_micro_usd_per_hour, allocatable",
    "'kub_1', 'pool_1', 'ready', 'm' || n, 'z', 't', 1, '{}'",
  ],
  placement_decision: [
    "kube_id, organization_id, cluster_id, instance_id, pod_uid, outcome, candidates",
    "'kub_1', 'org_1', 'cl_' || n, 'ins_' || n, 'u' || n, 'placed', '[]'",
  ],
};

const PREFIXES: Readonly<Record<string, string>> = {
  organization: "org",
  project: "prj",
  cluster: "cl",
  kube: "kub",
  pool: "pool",
};

let db: OpenTestDatabase;
beforeAll(async () => {
  db = await openMigratedDatabase();
  await sqlTransaction(db.owner, async (tx) => {
    // Without triggers and foreign keys: what is looked at is how rows are found.
    await tx.query("set local session_replication_role = replica");
    for (const [table, [columns, values]] of Object.entries(TABLES)) {
      await tx.query(
        `insert into ${table} (id, created_at, ${columns})
         select $1 || n, '2026-01-01'::timestamptz + n * interval '1 second', ${values} from generate_series(1, $2::int) n`,
        [`${PREFIXES[table] ?? table}_`, ROWS],
      );
    }
  });
  await db.owner.query("analyze");
});
afterAll(() => db.close());

/** Explains what is asked, in place of doing it: the plan for these values, and the one that a connection keeps for any. */
function explaining({ pool }: Database, plans: string[]): Sql {
  const explain = async (statement: string | { text: string; values: unknown[] }) => {
    const { rows } = await pool.query<{ "QUERY PLAN": string }>(statement);
    plans.push(rows.map((line) => line["QUERY PLAN"]).join("\n"));
  };
  return {
    query: async (text, values = []) => {
      await explain({ text: `explain ${text}`, values: [...values] });
      await explain(`explain (generic_plan) ${text}`);
      return [];
    },
  };
}

const LISTS: Readonly<Record<string, (sql: Sql, query: ListQuery) => Promise<unknown>>> = {
  project: (sql, query) => pageOfProjects(sql, { organizationId, ...query }),
  member: (sql, query) => listMembers(sql, { organizationId, ...query }),
  invitation: (sql, query) => listInvitations(sql, { organizationId, ...query }),
  api_key: (sql, query) => listApiKeys(sql, { organizationId, ...query }),
  cluster: (sql, query) => listClusters(sql, { organizationId, ...query }),
  operation: (sql, query) => listOperations(sql, { organizationId, ...query }),
  organization: listOrganizations,
  kube: listKubes,
  price_book: listPriceBooks,
  price_reading: listPriceReadings,
  commitment: listCommitments,
  reservation_plan: listReservationPlans,
  reservation_purchase: listReservationPurchases,
  rebalance_plan: listRebalancePlans,
  pool: listPools,
  machine: listMachines,
  placement_decision: listDecisions,
};
const OPERATORS = [
  "organization",
  "kube",
  "price_book",
  "price_reading",
  "commitment",
  "reservation_plan",
  "reservation_purchase",
  "rebalance_plan",
  "pool",
  "machine",
  "placement_decision",
];

it("covers every table that is filled", () => {
  expect(Object.keys(LISTS).sort()).toEqual(Object.keys(TABLES).sort());
});

describe.each(Object.keys(TABLES))("%s", (table) => {
  it.each(["ascending", "descending"] as const)(
    "is one range of one index, %s, however far in it is",
    async (order) => {
      const database = OPERATORS.includes(table) ? db.operator : db.api;
      const plans: string[] = [];
      const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
      const asked = { order, limit: 50 } as const;
      const period = { createdAfter: at(1_000), createdBefore: at(19_000) };
      await LISTS[table]?.(explaining(database, plans), asked);
      await LISTS[table]?.(explaining(database, plans), { ...asked, ...period });
      await LISTS[table]?.(explaining(database, plans), {
        ...asked,
        ...period,
        beyond: { createdAt: at(10_000), id: "x" },
      });
      expect(plans).toHaveLength(6);
      for (const plan of plans) {
        // The rows of the list itself; what is shown beside each has plans of its own.
        const [own = ""] = plan.split("SubPlan");
        expect(own).toMatch(new RegExp(`Index Scan( Backward)? using ${table}_(organization_id_)?created_at_id_idx`));
        expect(own).not.toMatch(/Sort|Seq Scan on (?!member m)/);
      }
      for (const plan of plans.slice(4)) expect(plan).toMatch(/Index Cond: .*ROW\(/);
      for (const plan of plans.slice(2)) expect(plan).toMatch(/Index Cond: .*created_at >= .*created_at </);
    },
  );
});
