import {
  type IdSource,
  moneyFromMicroUsd,
  type OrganizationId,
  type OrganizationKind,
  type OrganizationState,
} from "@berth/domain";
import type { Actor } from "./actor.ts";
import { appendAudit } from "./audit.ts";
import { appendEvent } from "./events.ts";
import { type ListQuery, pageByAge } from "./page-by-age.ts";
import { columns, type Page, type Sql, startWhere, type Tx } from "./sql.ts";

export interface OrganizationRow {
  readonly id: OrganizationId;
  readonly name: string;
  readonly kind: OrganizationKind;
  readonly state: OrganizationState;
  /** Since when it is suspended, and why; null while it is active. */
  readonly suspendedAt: Date | null;
  readonly suspensionReason: string | null;
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
  "suspendedAt",
  "suspensionReason",
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

/** Every limit that there is. */
export type Limits = Pick<
  OrganizationRow,
  "maxClusters" | "maxInstances" | "maxMemoryMib" | "maxStorageMib" | "maxProjects" | "maxMembers" | "maxApiKeys"
>;

/** Of a new organization, where nothing else is asked for. */
export const DEFAULT_LIMITS: Limits = {
  maxClusters: 20,
  maxInstances: 200,
  maxMemoryMib: 2_097_152,
  maxStorageMib: 67_108_864,
  maxProjects: 100,
  maxMembers: 200,
  maxApiKeys: 200,
};

/** Limits of a new organization; those not given are the defaults. */
export type NewLimits = Partial<Limits>;

/** Stores an organization, and nothing about it: for what makes one with its first people. */
export async function insertOrganization(
  tx: Tx,
  organization: NewLimits & {
    readonly id: OrganizationId;
    readonly name: string;
    /** A customer when absent. */
    readonly kind?: OrganizationKind;
  },
): Promise<OrganizationRow> {
  const { id, name, kind = "customer", ...given } = organization;
  const limits = { ...DEFAULT_LIMITS, ...given };
  const [row] = await tx.query<OrganizationRow>(
    `insert into organization as o (id, name, kind, ${LIMIT_COLUMNS.join(", ")})
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning ${COLUMNS}`,
    [id, name, kind, ...valuesOf(limits)],
  );
  if (row === undefined) throw new Error("an insert answers with its row");
  return row;
}

const LIMIT_COLUMNS = [
  "max_clusters",
  "max_instances",
  "max_memory_mib",
  "max_storage_mib",
  "max_projects",
  "max_members",
  "max_api_keys",
] as const;

/** In the order of the columns. */
function valuesOf(limits: Limits): number[] {
  return [
    limits.maxClusters,
    limits.maxInstances,
    limits.maxMemoryMib,
    limits.maxStorageMib,
    limits.maxProjects,
    limits.maxMembers,
    limits.maxApiKeys,
  ];
}

export async function findOrganization(sql: Sql, id: string): Promise<OrganizationRow | undefined> {
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

export interface OrganizationQuery extends ListQuery {
  readonly state?: OrganizationState | undefined;
  readonly kind?: OrganizationKind | undefined;
  readonly name?: string | undefined;
}

/** All of them. For the platform's own people. */
export function listOrganizations(sql: Sql, query: OrganizationQuery): Promise<Page<OrganizationRow>> {
  const where = startWhere();
  where.add("o.state = ?", query.state);
  where.add("o.kind = ?", query.kind);
  where.add("o.name = ?", query.name);
  return pageByAge(sql, `select ${COLUMNS} from organization o`, "o", where, query);
}

/**
 * The organization's row, locked to the end of the transaction: whoever else adds to it, or changes who may what in it,
 * waits. What is counted must be counted by a statement after this one, so that it sees what was committed meanwhile.
 */
export async function lockOrganization(tx: Tx, id: OrganizationId): Promise<OrganizationRow> {
  const row = await lockAnyOrganization(tx, id);
  if (row === undefined) throw new Error(`organization ${id} is missing`);
  return row;
}

/** The same for an id that somebody has written, who may be wrong. */
export async function lockAnyOrganization(tx: Tx, id: string): Promise<OrganizationRow | undefined> {
  const [row] = await tx.query<OrganizationRow>(
    `select ${COLUMNS} from organization o where o.id = $1 for no key update of o`,
    [id],
  );
  return row;
}

interface OrganizationChange extends Actor {
  /** As `lockOrganization` gave it. */
  readonly before: OrganizationRow;
}

/** Gives an organization other limits, as an operator: also below what is used. */
export async function updateLimits(
  tx: Tx,
  ids: IdSource,
  change: OrganizationChange & { readonly limits: Limits },
): Promise<OrganizationRow> {
  const { limits } = change;
  const set = LIMIT_COLUMNS.map((column, index) => `${column} = $${index + 2}`).join(", ");
  const row = await update(tx, change, set, valuesOf(limits));
  const data = { before: limitsOf(change.before), after: limits };
  await record(tx, ids, change, { action: "organization.update", event: "organization.updated", data });
  return row;
}

export function limitsOf(row: OrganizationRow): Limits {
  const { maxClusters, maxInstances, maxMemoryMib, maxStorageMib, maxProjects, maxMembers, maxApiKeys } = row;
  return { maxClusters, maxInstances, maxMemoryMib, maxStorageMib, maxProjects, maxMembers, maxApiKeys };
}

/** Gives an organization another name. */
export async function renameOrganization(
  tx: Tx,
  ids: IdSource,
  change: OrganizationChange & { readonly name: string },
): Promise<OrganizationRow> {
  const { before, name } = change;
  const row = await update(tx, change, "name = $2", [name]);
  const data = { before: { name: before.name }, after: { name } };
  await record(tx, ids, change, { action: "organization.update", event: "organization.updated", data });
  return row;
}

/** Caps what all clusters may cost together, also below what they do. No cap when null. */
export async function updateSpendCap(
  tx: Tx,
  ids: IdSource,
  change: OrganizationChange & { readonly microUsdPerHour: number | null },
): Promise<OrganizationRow> {
  const { before, microUsdPerHour } = change;
  const row = await update(tx, change, "spend_cap_micro_usd_per_hour = $2::bigint", [microUsdPerHour]);
  const data = { before: capOf(before), after: capOf(row) };
  await record(tx, ids, change, { action: "organization.update", event: "organization.updated", data });
  return row;
}

function capOf({ spendCapMicroUsdPerHour: cap }: OrganizationRow) {
  return { maxPricePerHour: cap === null ? null : moneyFromMicroUsd(Number(cap)) };
}

/** Suspends an active organization, as an operator. Its keys are looked up with its state, so that they open nothing. */
export async function suspendOrganization(
  tx: Tx,
  ids: IdSource,
  change: OrganizationChange & { readonly reason: string },
): Promise<OrganizationRow> {
  const { reason } = change;
  const set = "state = 'suspended', suspended_at = now(), suspension_reason = $2";
  const row = await update(tx, change, set, [reason]);
  await record(tx, ids, change, {
    action: "organization.suspend",
    event: "organization.suspended",
    data: { reason },
  });
  return row;
}

/** Ends a suspension, as an operator. */
export async function resumeOrganization(
  tx: Tx,
  ids: IdSource,
  change: OrganizationChange & { readonly reason: string },
): Promise<OrganizationRow> {
  const { reason } = change;
  const row = await update(tx, change, "state = 'active', suspended_at = null, suspension_reason = null", []);
  await record(tx, ids, change, { action: "organization.resume", event: "organization.resumed", data: { reason } });
  return row;
}

async function update(
  tx: Tx,
  { before }: OrganizationChange,
  set: string,
  values: readonly unknown[],
): Promise<OrganizationRow> {
  const [row] = await tx.query<OrganizationRow>(
    `update organization o set ${set}, generation = o.generation + 1 where o.id = $1 returning ${COLUMNS}`,
    [before.id, ...values],
  );
  if (row === undefined) throw new Error(`organization ${before.id} is missing`);
  return row;
}

async function record(
  tx: Tx,
  ids: IdSource,
  { before, actor, requestId }: OrganizationChange,
  what: { readonly action: string; readonly event: string; readonly data: object },
): Promise<void> {
  const target = { organizationId: before.id, targetType: "organization", targetId: before.id } as const;
  await appendAudit(tx, ids, { ...target, actor, requestId, action: what.action, data: what.data });
  await appendEvent(tx, ids, { ...target, type: what.event });
}
