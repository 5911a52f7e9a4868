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

/** Limits of a new organization; those not given are the schema's defaults. */
export interface NewLimits {
  readonly maxClusters?: number;
  readonly maxInstances?: number;
  readonly maxMemoryMib?: number;
  readonly maxStorageMib?: number;
  readonly maxProjects?: number;
  readonly maxMembers?: number;
  readonly maxApiKeys?: number;
}

/** Makes an organization. */
export async function insertOrganization(
  tx: Tx,
  organization: NewLimits & {
    readonly id: OrganizationId;
    readonly name: string;
    /** A customer when absent. */
    readonly kind?: OrganizationKind;
  },
): Promise<void> {
  await tx.query(
    `insert into organization (id, name, kind, max_clusters, max_instances, max_memory_mib, max_storage_mib, max_projects,
       max_members, max_api_keys)
     values ($1, $2, $3, coalesce($4::int, 20), coalesce($5::int, 200), coalesce($6::int, 2097152), coalesce($7::int, 67108864),
       coalesce($8::int, 100), coalesce($9::int, 200), coalesce($10::int, 200))`,
    [
      organization.id,
      organization.name,
      organization.kind ?? "customer",
      organization.maxClusters ?? null,
      organization.maxInstances ?? null,
      organization.maxMemoryMib ?? null,
      organization.maxStorageMib ?? null,
      organization.maxProjects ?? null,
      organization.maxMembers ?? null,
      organization.maxApiKeys ?? null,
    ],
  );
}

export async function findOrganization(sql: Sql, id: OrganizationId): Promise<OrganizationRow | undefined> {
  const [row] = await sql.query<OrganizationRow>(`select ${COLUMNS} from organization o where o.id = $1`, [id]);
  return row;
}

/** The first one that was called so: names are no key. */
export async function findOrganizationByName(sql: Sql, name: string): Promise<OrganizationRow | undefined> {
  const [row] = await sql.query<OrganizationRow>(
    `select ${COLUMNS} from organization o where o.name = $1 order by o.created_at, o.id limit 1`,
    [name],
  );
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
