import type { FleetUsage, OrganizationId, OrganizationUsage } from "@berth/domain";
import type { Sql, Tx } from "./sql.ts";

/**
 * What an organization has of what it may have.
 *
 * What its clusters take, and how many projects there are, is kept in its own row by triggers (see the migrations of quotas
 * and of counted projects): one row to read, however many there are, and the truth also for a key that sees some of them
 * alone. Keys, members and invitations are few, and some end with time, so they are counted.
 */

interface FleetRow {
  readonly maxClusters: number;
  readonly usedClusters: number;
  readonly maxInstances: number;
  readonly usedInstances: number;
  readonly maxMemoryMib: number;
  readonly usedMemoryMib: number;
  readonly maxStorageMib: number;
  readonly usedStorageMib: number;
  readonly capMicroUsdPerHour: number | null;
  readonly usedMicroUsdPerHour: number;
}

/** Eight-byte integers as floats: exact below 2^53, which is more than all the memory that there is. */
const FLEET_COLUMNS = `o.max_clusters as "maxClusters", o.used_clusters as "usedClusters",
  o.max_instances as "maxInstances", o.used_instances as "usedInstances",
  o.max_memory_mib as "maxMemoryMib", o.used_memory_mib::float8 as "usedMemoryMib",
  o.max_storage_mib as "maxStorageMib", o.used_storage_mib::float8 as "usedStorageMib",
  o.spend_cap_micro_usd_per_hour::float8 as "capMicroUsdPerHour", o.used_micro_usd_per_hour::float8 as "usedMicroUsdPerHour"`;

/** What clusters take, of what they may. */
export function readFleetQuota(sql: Sql, id: OrganizationId): Promise<FleetUsage> {
  return fleetOf(sql, id, "");
}

/**
 * The same, under a lock that lasts to the end of the transaction: whoever else wants to add a cluster to the organization
 * waits, and counts it. One statement: a row that was waited for is read as it is once it is free.
 */
export function lockFleetQuota(tx: Tx, id: OrganizationId): Promise<FleetUsage> {
  return fleetOf(tx, id, "for no key update of o");
}

async function fleetOf(sql: Sql, id: OrganizationId, lock: string): Promise<FleetUsage> {
  const [row] = await sql.query<FleetRow>(`select ${FLEET_COLUMNS} from organization o where o.id = $1 ${lock}`, [id]);
  return fleetUsageOf(row ?? missing(id));
}

function fleetUsageOf(row: FleetRow): FleetUsage {
  return {
    quotas: {
      clusters: { limit: row.maxClusters, used: row.usedClusters },
      instances: { limit: row.maxInstances, used: row.usedInstances },
      memoryMib: { limit: row.maxMemoryMib, used: row.usedMemoryMib },
      storageMib: { limit: row.maxStorageMib, used: row.usedStorageMib },
    },
    spend: { capMicroUsdPerHour: row.capMicroUsdPerHour, usedMicroUsdPerHour: row.usedMicroUsdPerHour },
  };
}

function missing(id: OrganizationId): never {
  throw new Error(`organization ${id} is missing`);
}

interface CountedRow {
  readonly maxProjects: number;
  readonly usedProjects: number;
  readonly maxMembers: number;
  readonly usedMembers: number;
  readonly maxApiKeys: number;
  readonly usedApiKeys: number;
}

const COUNTED_COLUMNS = `o.max_projects as "maxProjects", o.used_projects as "usedProjects",
  o.max_members as "maxMembers", o.max_api_keys as "maxApiKeys",
  (select count(*)::int from member m where m.organization_id = o.id and m.removed_at is null) +
  (select count(*)::int from invitation i where i.organization_id = o.id and i.accepted_at is null
      and i.revoked_at is null and i.expires_at > now()) as "usedMembers",
  (select count(*)::int from api_key k where k.organization_id = o.id and k.revoked_at is null
      and (k.expires_at is null or k.expires_at > now())
      and not exists (select 1 from member m where m.id = k.member_id and m.removed_at is not null)) as "usedApiKeys"`;

function usageOf(fleet: FleetUsage, row: CountedRow): OrganizationUsage {
  return {
    ...fleet,
    quotas: {
      ...fleet.quotas,
      projects: { limit: row.maxProjects, used: row.usedProjects },
      members: { limit: row.maxMembers, used: row.usedMembers },
      apiKeys: { limit: row.maxApiKeys, used: row.usedApiKeys },
    },
  };
}

/** Everything that is limited. */
export async function readQuota(sql: Sql, id: OrganizationId): Promise<OrganizationUsage> {
  return (await readQuotas(sql, [id])).get(id) ?? missing(id);
}

/** The same of several at once; those that there are not are left out. */
export async function readQuotas(
  sql: Sql,
  ids: readonly OrganizationId[],
): Promise<ReadonlyMap<OrganizationId, OrganizationUsage>> {
  const rows = await sql.query<{ readonly id: OrganizationId } & FleetRow & CountedRow>(
    `select o.id, ${FLEET_COLUMNS}, ${COUNTED_COLUMNS} from organization o where o.id = any ($1::text[])`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, usageOf(fleetUsageOf(row), row)]));
}

/**
 * The same of one, under the lock of `lockFleetQuota`. Whoever adds a key, member, invitation or project takes it. Counting is
 * a statement of its own after the lock, so that it sees what was committed meanwhile.
 */
export async function lockQuota(tx: Tx, id: OrganizationId): Promise<OrganizationUsage> {
  const fleet = await lockFleetQuota(tx, id);
  const [counted] = await tx.query<CountedRow>(`select ${COUNTED_COLUMNS} from organization o where o.id = $1`, [id]);
  return usageOf(fleet, counted ?? missing(id));
}
