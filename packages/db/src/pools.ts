import type { IdSource, KubeId, OrganizationId, PoolId, RebalanceMode, ReservationPurchases } from "@berth/domain";
import type { Actor } from "./actor.ts";
import { appendAudit } from "./audit.ts";
import { isUniqueViolation } from "./conflicts.ts";
import { type ListQuery, pageByAge } from "./page-by-age.ts";
import { wakePurchases } from "./reservation-purchases.ts";
import { columns, type Page, type Sql, startWhere, type Tx } from "./sql.ts";
import type { PrismaTx } from "./transaction.ts";

export interface PoolRow {
  readonly id: string;
  readonly kubeId: string;
  readonly name: string;
  readonly zones: readonly string[];
  readonly machineTypes: readonly string[];
  readonly instancesPerMachine: number;
  readonly cpuLimitPercent: number;
  readonly emptyAfterSeconds: number;
  readonly maxMachines: number;
  readonly tenantSharePercent: number;
  readonly headroomInstances: number;
  readonly headroomCpuMilli: number;
  readonly headroomMemoryMib: number;
  /** Null: no cap. */
  readonly spendCapMicroUsdPerHour: number | null;
  readonly heldZones: readonly string[];
  readonly rebalanceMode: RebalanceMode;
  /** A plan that saves less is none. */
  readonly rebalanceMinSavingMicroUsdPerMonth: number;
  /** In automatic mode: a plan that moves no more instances is approved by itself. */
  readonly rebalanceMaxAutomaticMoves: number;
  readonly reservationPurchases: ReservationPurchases;
  readonly imageId: string;
  readonly subnetIds: unknown;
  readonly securityGroupIds: readonly string[];
  readonly instanceProfile: string | null;
  readonly generation: number;
  readonly createdAt: Date;
  /** Neither terminated nor failed. */
  readonly machines: number;
}

/** A pool's policy. What is absent stays as it is, or is the schema's default in a new pool. */
export interface PoolPolicy {
  readonly zones?: readonly string[] | undefined;
  readonly machineTypes?: readonly string[] | undefined;
  readonly instancesPerMachine?: number | undefined;
  readonly cpuLimitPercent?: number | undefined;
  readonly emptyAfterSeconds?: number | undefined;
  readonly maxMachines?: number | undefined;
  readonly tenantSharePercent?: number | undefined;
  readonly headroomInstances?: number | undefined;
  readonly headroomCpuMilli?: number | undefined;
  readonly headroomMemoryMib?: number | undefined;
  readonly spendCapMicroUsdPerHour?: number | null | undefined;
  readonly heldZones?: readonly string[] | undefined;
  readonly rebalanceMode?: RebalanceMode | undefined;
  readonly rebalanceMinSavingMicroUsdPerMonth?: number | undefined;
  readonly rebalanceMaxAutomaticMoves?: number | undefined;
  readonly reservationPurchases?: ReservationPurchases | undefined;
  readonly imageId?: string | undefined;
  readonly subnetIds?: Readonly<Record<string, string>> | undefined;
  readonly securityGroupIds?: readonly string[] | undefined;
  readonly instanceProfile?: string | null | undefined;
}

interface PoolChange extends Actor {
  readonly id: PoolId;
  /** The operator's organization, for the audit row. */
  readonly organizationId: OrganizationId;
}

/** Makes a pool. The kube's placement looks again at once: what waited may fit now. Undefined when the name is taken. */
export async function insertPool(
  tx: PrismaTx,
  ids: IdSource,
  pool: PoolChange & PoolPolicy & { readonly kubeId: KubeId; readonly name: string },
): Promise<PoolRow | undefined> {
  // Asked first: a unique violation would end the transaction, and with it the caller's other statements.
  const taken = await tx.prisma.pool.findUnique({ where: { kubeId_name: { kubeId: pool.kubeId, name: pool.name } } });
  if (taken !== null) return undefined;
  await tx.prisma.pool.create({
    data: { id: pool.id, kubeId: pool.kubeId, name: pool.name, ...policyData(pool) },
  });
  await wakePlacement(tx, pool.kubeId);
  await audit(tx, ids, pool, "pool.create", { name: pool.name, kubeId: pool.kubeId });
  return findPool(tx, pool.id);
}

/** Whether an insert failed because somebody else took the pool's name at the same moment. */
export function isPoolNameTaken(error: unknown): boolean {
  return isUniqueViolation(error, "pool_kube_id_name_key");
}

/** Changes the policy of a pool that `lockPool` gave. */
export async function updatePool(tx: PrismaTx, ids: IdSource, change: PoolChange & PoolPolicy): Promise<PoolRow> {
  const before = await tx.prisma.pool.findUniqueOrThrow({ where: { id: change.id } });
  const data = policyData(change);
  await tx.query("update pool set changed_at = now(), generation = generation + 1 where id = $1", [change.id]);
  const row = await tx.prisma.pool.update({ where: { id: change.id }, data });
  await wakePlacement(tx, row.kubeId);
  // What may be bought now, or no more.
  if ("machineTypes" in data || "reservationPurchases" in data) await wakePurchases(tx);
  await audit(tx, ids, change, "pool.update", { before: pick(before, data), after: pick(row, data) });
  const pool = await findPool(tx, change.id);
  if (pool === undefined) throw new Error(`${change.id} is gone`);
  return pool;
}

function policyData(policy: PoolPolicy) {
  const { zones, machineTypes, securityGroupIds, subnetIds, heldZones, spendCapMicroUsdPerHour: cap } = policy;
  const leastSaving = policy.rebalanceMinSavingMicroUsdPerMonth;
  return {
    ...(zones === undefined ? {} : { zones: [...zones] }),
    ...(machineTypes === undefined ? {} : { machineTypes: [...machineTypes] }),
    ...(securityGroupIds === undefined ? {} : { securityGroupIds: [...securityGroupIds] }),
    ...(subnetIds === undefined ? {} : { subnetIds: { ...subnetIds } }),
    ...(policy.instancesPerMachine === undefined ? {} : { instancesPerMachine: policy.instancesPerMachine }),
    ...(policy.cpuLimitPercent === undefined ? {} : { cpuLimitPercent: policy.cpuLimitPercent }),
    ...(policy.emptyAfterSeconds === undefined ? {} : { emptyAfterSeconds: policy.emptyAfterSeconds }),
    ...(policy.maxMachines === undefined ? {} : { maxMachines: policy.maxMachines }),
    ...(policy.tenantSharePercent === undefined ? {} : { tenantSharePercent: policy.tenantSharePercent }),
    ...(policy.headroomInstances === undefined ? {} : { headroomInstances: policy.headroomInstances }),
    ...(policy.headroomCpuMilli === undefined ? {} : { headroomCpuMilli: policy.headroomCpuMilli }),
    ...(policy.headroomMemoryMib === undefined ? {} : { headroomMemoryMib: policy.headroomMemoryMib }),
    ...(cap === undefined ? {} : { spendCapMicroUsdPerHour: cap === null ? null : BigInt(cap) }),
    ...(heldZones === undefined ? {} : { heldZones: [...heldZones] }),
    ...(policy.rebalanceMode === undefined ? {} : { rebalanceMode: policy.rebalanceMode }),
    ...(leastSaving === undefined ? {} : { rebalanceMinSavingMicroUsdPerMonth: BigInt(leastSaving) }),
    ...(policy.rebalanceMaxAutomaticMoves === undefined
      ? {}
      : { rebalanceMaxAutomaticMoves: policy.rebalanceMaxAutomaticMoves }),
    ...(policy.reservationPurchases === undefined ? {} : { reservationPurchases: policy.reservationPurchases }),
    ...(policy.imageId === undefined ? {} : { imageId: policy.imageId }),
    ...(policy.instanceProfile === undefined ? {} : { instanceProfile: policy.instanceProfile }),
  };
}

/** The fields of a row that a change names, as JSON has them. */
function pick(row: object, change: object): object {
  return Object.fromEntries(
    Object.entries(row)
      .filter(([name]) => name in change)
      .map(([name, value]) => [name, typeof value === "bigint" ? Number(value) : value]),
  );
}

async function wakePlacement(tx: PrismaTx, kubeId: string): Promise<void> {
  await tx.query("update kube set next_check_at = now(), wakes = wakes + 1 where id = $1", [kubeId]);
  await tx.query("update rebalance set next_check_at = now(), wakes = wakes + 1 where id = $1", [kubeId]);
}

async function audit(tx: PrismaTx, ids: IdSource, change: PoolChange, action: string, data: object): Promise<void> {
  const { organizationId, actor, requestId, id } = change;
  await appendAudit(tx, ids, { organizationId, actor, requestId, action, targetType: "pool", targetId: id, data });
}

const COLUMNS = `${columns<
  Omit<PoolRow, "spendCapMicroUsdPerHour" | "rebalanceMinSavingMicroUsdPerMonth" | "machines">
>("p", [
  "id",
  "kubeId",
  "name",
  "zones",
  "machineTypes",
  "instancesPerMachine",
  "cpuLimitPercent",
  "emptyAfterSeconds",
  "maxMachines",
  "tenantSharePercent",
  "headroomInstances",
  "headroomCpuMilli",
  "headroomMemoryMib",
  "heldZones",
  "rebalanceMode",
  "reservationPurchases",
  "rebalanceMaxAutomaticMoves",
  "imageId",
  "subnetIds",
  "securityGroupIds",
  "instanceProfile",
  "generation",
  "createdAt",
])}, p.spend_cap_micro_usd_per_hour::float8 as "spendCapMicroUsdPerHour",
  p.rebalance_min_saving_micro_usd_per_month::float8 as "rebalanceMinSavingMicroUsdPerMonth",
  (select count(*)::int from machine m where m.pool_id = p.id and m.state not in ('terminated', 'failed')) as machines`;

export function listPools(
  sql: Sql,
  query: ListQuery & { readonly kubeId?: string | undefined },
): Promise<Page<PoolRow>> {
  const where = startWhere();
  where.add("p.kube_id = ?", query.kubeId);
  return pageByAge(sql, `select ${COLUMNS} from pool p`, "p", where, query);
}

export async function findPool(sql: Sql, id: string): Promise<PoolRow | undefined> {
  const [row] = await sql.query<PoolRow>(`select ${COLUMNS} from pool p where p.id = $1`, [id]);
  return row;
}

/** The same, locked against other changes to the end of the transaction. */
export async function lockPool(tx: Tx, id: string): Promise<PoolRow | undefined> {
  const [row] = await tx.query<PoolRow>(`select ${COLUMNS} from pool p where p.id = $1 for no key update of p`, [id]);
  return row;
}
