import type { Database } from "./database.ts";
import { type ListQuery, pageByAge } from "./page-by-age.ts";
import { columns, type Page, type Sql, startWhere } from "./sql.ts";

/** A decision as lists show it: candidates may be thousands, so only their number. */
export interface DecisionSummary {
  readonly id: string;
  readonly kubeId: string;
  readonly organizationId: string;
  readonly clusterId: string;
  readonly instanceId: string;
  readonly outcome: string;
  readonly nodeName: string | null;
  readonly machineId: string | null;
  readonly executedAt: Date | null;
  readonly verdict: string | null;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly candidateCount: number;
}

const COLUMNS = columns<Omit<DecisionSummary, "candidateCount">>("d", [
  "id",
  "kubeId",
  "organizationId",
  "clusterId",
  "instanceId",
  "outcome",
  "nodeName",
  "machineId",
  "executedAt",
  "verdict",
  "createdAt",
  "lastSeenAt",
]);

export interface DecisionQuery extends ListQuery {
  readonly kubeId?: string | undefined;
  readonly clusterId?: string | undefined;
  readonly instanceId?: string | undefined;
  readonly machineId?: string | undefined;
  readonly outcome?: string | undefined;
}

export function listDecisions(sql: Sql, query: DecisionQuery): Promise<Page<DecisionSummary>> {
  const where = startWhere();
  where.add("d.kube_id = ?", query.kubeId);
  where.add("d.cluster_id = ?", query.clusterId);
  where.add("d.instance_id = ?", query.instanceId);
  where.add("d.machine_id = ?", query.machineId);
  where.add("d.outcome = ?", query.outcome);
  const select = `select ${COLUMNS}, coalesce(d.considered, jsonb_array_length(d.candidates)) as "candidateCount" from placement_decision d`;
  return pageByAge(sql, select, "d", where, query);
}

export interface DecisionRow extends Omit<DecisionSummary, "candidateCount"> {
  readonly candidates: unknown;
  readonly considered: number | null;
  readonly refusals: unknown;
  readonly reasons: unknown;
}

/** One decision with its candidates. */
export async function findDecision(db: Database, id: string): Promise<DecisionRow | undefined> {
  return (await db.prisma.placementDecision.findUnique({ where: { id } })) ?? undefined;
}

/** How long the decisions of a deleted cluster tell why it went as it did. */
const DAYS_AFTER_DELETION = 7;

/** Removes decisions of clusters that are long gone; some at a time. Gives how many. */
export async function forgetOldDecisions(sql: Sql, limit = 1000): Promise<number> {
  const [row] = await sql.query<{ count: number }>(
    `with old as (
       delete from placement_decision where id in (
         select d.id from placement_decision d join cluster c on c.id = d.cluster_id
          where c.deleted_at < now() - $1::int * interval '1 day' limit $2)
       returning id)
     select count(*)::int as count from old`,
    [DAYS_AFTER_DELETION, limit],
  );
  return row?.count ?? 0;
}
