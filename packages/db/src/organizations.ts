import type { OrganizationId, OrganizationKind, OrganizationState } from "@berth/domain";
import { columns, type Sql, type Tx } from "./sql.ts";

export interface OrganizationRow {
  readonly id: OrganizationId;
  readonly name: string;
  readonly kind: OrganizationKind;
  readonly state: OrganizationState;
  readonly generation: number;
  readonly maxClusters: number;
  readonly maxInstances: number;
  readonly maxMemoryMib: number;
  readonly maxStorageMib: number;
  readonly maxProjects: number;
  readonly maxMembers: number;
  readonly maxApiKeys: number;
  /** What all clusters together may cost an hour; no cap when null. */
  readonly spendCapMicroUsdPerHour: bigint | null;
  readonly createdAt: Date;
}

const COLUMNS = columns<OrganizationRow>("o", [
  "id",
  "name",
  "kind",
  "state",
  "generation",
  "maxClusters",
  "maxInstances",
  "maxMemoryMib",
  "maxStorageMib",
  "maxProjects",
  "maxMembers",
  "maxApiKeys",
  "spendCapMicroUsdPerHour",
  "createdAt",
]);

/** Makes an organization; quotas not given are the schema's defaults (20 clusters, 200 instances). */
export async function insertOrganization(
  tx: Tx,
  organization: {
    readonly id: OrganizationId;
    readonly name: string;
    /** A customer when absent. */
    readonly kind?: OrganizationKind;
    readonly maxClusters?: number;
    readonly maxInstances?: number;
  },
): Promise<void> {
  await tx.query(
    `insert into organization (id, name, kind, max_clusters, max_instances)
     values ($1, $2, $3, coalesce($4::int, 20), coalesce($5::int, 200))`,
    [
      organization.id,
      organization.name,
      organization.kind ?? "customer",
      organization.maxClusters ?? null,
      organization.maxInstances ?? null,
    ],
  );
}

export async function findOrganization(sql: Sql, id: OrganizationId): Promise<OrganizationRow | undefined> {
  const [row] = await sql.query<OrganizationRow>(`select ${COLUMNS} from organization o where o.id = $1`, [id]);
  return row;
}

export async function findOrganizationByName(sql: Sql, name: string): Promise<OrganizationRow | undefined> {
  const [row] = await sql.query<OrganizationRow>(`select ${COLUMNS} from organization o where o.name = $1`, [name]);
  return row;
}

/**
 * The organization's row, locked to the end of the transaction: whoever else adds to it, or changes who may what in it,
 * waits. What is counted must be counted by a statement after this one, so that it sees what was committed meanwhile.
 */
export async function lockOrganization(tx: Tx, id: OrganizationId): Promise<OrganizationRow> {
  const [row] = await tx.query<OrganizationRow>(
    `select ${COLUMNS} from organization o where o.id = $1 for no key update of o`,
    [id],
  );
  if (row === undefined) throw new Error(`organization ${id} is missing`);
  return row;
}

/** What an organization has of what it may have. Deleted clusters do not count; ones being deleted do. */
export interface QuotaUsage {
  readonly maxClusters: number;
  readonly clusters: number;
  readonly maxInstances: number;
  readonly instances: number;
}

export async function readQuota(sql: Sql, id: OrganizationId): Promise<QuotaUsage> {
  const [row] = await sql.query<QuotaUsage>(
    `select o.max_clusters as "maxClusters", o.max_instances as "maxInstances",
            (select count(*)::int from cluster c where c.organization_id = o.id and c.state <> 'deleted') as clusters,
            (select coalesce(sum(m.instance_count), 0)::int from component m join cluster c on c.id = m.cluster_id
              where c.organization_id = o.id and c.state <> 'deleted') as instances
       from organization o where o.id = $1`,
    [id],
  );
  if (row === undefined) throw new Error(`organization ${id} is missing`);
  return row;
}

/**
 * The same, under a lock that lasts to the end of the transaction: whoever else wants to add a cluster to the organization
 * waits, and counts it. Counting must be a statement of its own after the lock, so that it sees what was committed meanwhile.
 */
export async function lockQuota(tx: Tx, id: OrganizationId): Promise<QuotaUsage> {
  await tx.query("select 1 as locked from organization where id = $1 for no key update", [id]);
  return readQuota(tx, id);
}
