import type {
  Guard,
  IdSource,
  OrganizationId,
  PoolId,
  RebalanceAct,
  RebalanceMode,
  RebalanceMoveState,
  RebalanceOutcome,
  RebalancePlanState,
} from "@berth/domain";
import type { Actor } from "./actor.ts";
import { appendAudit } from "./audit.ts";
import { markDue } from "./due.ts";
import { type ListQuery, pageByAge } from "./page-by-age.ts";
import { columns, type Page, type Sql, startWhere, type Tx } from "./sql.ts";

/** A plan as lists show it. */
export interface RebalancePlanRow {
  readonly id: string;
  readonly kubeId: string;
  readonly poolId: string;
  readonly state: RebalancePlanState;
  /** It was approved by itself. */
  readonly automatic: boolean;
  readonly savingMicroUsdPerHour: number;
  readonly costMicroUsd: number;
  readonly disruptedMinutes: number;
  /** Instances that it moves, and of how many clusters. */
  readonly instances: number;
  readonly clusters: number;
  readonly launches: number;
  readonly removals: number;
  readonly hours: number;
  /** Moves that are over, of `instances`. */
  readonly moved: number;
  readonly waitingFor: readonly Guard[];
  /** Why it ended as it did. */
  readonly reason: string | null;
  readonly generation: number;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly approvedAt: Date | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** A plan with its steps, which are as the packer gave them. */
export interface WholeRebalancePlan extends RebalancePlanRow {
  readonly plan: unknown;
  /** Of each machine that it launches, by the name in the plan. */
  readonly machines: Readonly<Record<string, string>>;
  readonly moves: readonly RebalanceMoveRow[];
}

export interface RebalanceMoveRow {
  /** Index of its step in the plan. */
  readonly step: number;
  readonly instanceId: string;
  readonly clusterId: string;
  readonly organizationId: string;
  readonly fromNode: string;
  readonly toNode: string;
  readonly state: RebalanceMoveState;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** When a kube's moves are looked at, and what the last look came to. */
export interface RebalanceLookRow {
  readonly kubeId: string;
  readonly waitingFor: readonly Guard[];
  readonly pools: readonly PoolOutlook[];
  readonly observedAt: Date | null;
  readonly nextCheckAt: Date | null;
}

/** What a look came to for one pool. */
export interface PoolOutlook {
  readonly poolId: PoolId;
  readonly mode: RebalanceMode;
  readonly outcome: RebalanceOutcome;
  readonly savingMicroUsdPerHour: number;
  readonly planId: string | null;
  readonly held: readonly { readonly reason: string; readonly nodes: number; readonly instances: number }[];
}

const COLUMNS = `${columns<RebalancePlanRow>("p", [
  "id",
  "kubeId",
  "poolId",
  "state",
  "automatic",
  "disruptedMinutes",
  "instances",
  "clusters",
  "launches",
  "removals",
  "hours",
  "waitingFor",
  "reason",
  "generation",
  "createdAt",
  "lastSeenAt",
  "approvedAt",
  "startedAt",
  "finishedAt",
])}, p.saving_micro_usd_per_hour::float8 as "savingMicroUsdPerHour", p.cost_micro_usd::float8 as "costMicroUsd",
  (select count(*)::int from rebalance_move m where m.plan_id = p.id and m.state in ('moved', 'skipped', 'missed')) as moved`;

export interface RebalancePlanQuery extends ListQuery {
  readonly kubeId?: string | undefined;
  readonly poolId?: string | undefined;
  readonly state?: RebalancePlanState | undefined;
}

export function listRebalancePlans(sql: Sql, query: RebalancePlanQuery): Promise<Page<RebalancePlanRow>> {
  const where = startWhere();
  where.add("p.kube_id = ?", query.kubeId);
  where.add("p.pool_id = ?", query.poolId);
  where.add("p.state = ?", query.state);
  return pageByAge(sql, `select ${COLUMNS} from rebalance_plan p`, "p", where, query);
}

export async function findRebalancePlan(sql: Sql, id: string): Promise<WholeRebalancePlan | undefined> {
  const [row] = await sql.query<WholeRebalancePlan>(
    `select ${COLUMNS}, p.plan, p.machines,
            (select coalesce(json_agg(json_build_object('step', m.step, 'instanceId', m.instance_id, 'clusterId', m.cluster_id,
                    'organizationId', c.organization_id, 'fromNode', m.from_node, 'toNode', m.to_node, 'state', m.state,
                    'startedAt', m.started_at, 'finishedAt', m.finished_at) order by m.step), '[]')
               from rebalance_move m join cluster c on c.id = m.cluster_id where m.plan_id = p.id) as moves
       from rebalance_plan p where p.id = $1`,
    [id],
  );
  if (row === undefined) return undefined;
  // Out of JSON, where an instant is text.
  const instant = (at: Date | string | null) => (at === null ? null : new Date(at));
  return {
    ...row,
    moves: row.moves.map((one) => ({
      ...one,
      startedAt: instant(one.startedAt),
      finishedAt: instant(one.finishedAt),
    })),
  };
}

/** The same as lists show it, locked against other changes to the end of the transaction. */
export async function lockRebalancePlan(tx: Tx, id: string): Promise<RebalancePlanRow | undefined> {
  const [row] = await tx.query<RebalancePlanRow>(
    `select ${COLUMNS} from rebalance_plan p where p.id = $1 for no key update of p`,
    [id],
  );
  return row;
}

/** Takes a plan that `lockRebalancePlan` gave to the state that an operator's act leads to; its kube is looked at at once. */
export async function changeRebalancePlan(
  tx: Tx,
  ids: IdSource,
  change: Actor & {
    readonly before: RebalancePlanRow;
    readonly act: RebalanceAct;
    readonly state: RebalancePlanState;
    /** The operator's organization, for the audit row. */
    readonly organizationId: OrganizationId;
  },
): Promise<void> {
  const { before, act, state, organizationId, actor, requestId } = change;
  await tx.query(
    `update rebalance_plan set state = $2, generation = generation + 1,
            approved_at = case when $2 = 'approved' then coalesce(approved_at, now()) else approved_at end,
            finished_at = case when $2 = 'cancelled' then now() end,
            reason = case when $2 = 'cancelled' then 'An operator cancelled it.' end,
            waiting_for = case when $2 in ('cancelled', 'paused') then '[]' else waiting_for end
      where id = $1`,
    [before.id, state],
  );
  // What an operator has just refused is not looked for again at once.
  if (before.state !== "proposed" || act !== "cancel") await markDue(tx, "rebalance", before.kubeId);
  await appendAudit(tx, ids, {
    organizationId,
    actor,
    requestId,
    action: `rebalance_plan.${act}`,
    targetType: "rebalance_plan",
    targetId: before.id,
    data: { before: { state: before.state }, after: { state } },
  });
}

/** Asks for a look at a kube's moves as soon as may be. Undefined when there is no such kube. */
export async function requestRebalance(
  tx: Tx,
  ids: IdSource,
  request: Actor & { readonly kubeId: string; readonly organizationId: OrganizationId },
): Promise<RebalanceLookRow | undefined> {
  const { kubeId, organizationId, actor, requestId } = request;
  const before = await findRebalanceLook(tx, kubeId);
  if (before === undefined) return undefined;
  await tx.query("update rebalance set asked_at = now() where id = $1", [kubeId]);
  await markDue(tx, "rebalance", kubeId);
  await appendAudit(tx, ids, {
    organizationId,
    actor,
    requestId,
    action: "rebalance_plan.create",
    targetType: "kube",
    targetId: kubeId,
  });
  return findRebalanceLook(tx, kubeId);
}

export async function findRebalanceLook(sql: Sql, kubeId: string): Promise<RebalanceLookRow | undefined> {
  const [row] = await sql.query<RebalanceLookRow>(
    `select ${columns<Omit<RebalanceLookRow, "kubeId">>("r", ["waitingFor", "pools", "observedAt", "nextCheckAt"])}, r.id as "kubeId"
       from rebalance r where r.id = $1`,
    [kubeId],
  );
  return row;
}

/** How long a plan that is over can be read. */
const DAYS_KEPT = 30;

/** Removes plans that are long over, with their moves; some at a time. Gives how many. */
export async function forgetOldRebalancePlans(sql: Sql, limit = 1000): Promise<number> {
  const [row] = await sql.query<{ count: number }>(
    `with old as (
       delete from rebalance_plan where id in (
         select id from rebalance_plan where finished_at < now() - $1::int * interval '1 day' limit $2)
       returning id), moves as (
       delete from rebalance_move where plan_id in (select id from old))
     select count(*)::int as count from old`,
    [DAYS_KEPT, limit],
  );
  return row?.count ?? 0;
}
