import type {
  IdSource,
  KubeId,
  OrganizationId,
  PackingStudyId,
  PackingStudyKind,
  PackingStudyState,
} from "@berth/domain";
import type { Actor } from "./actor.ts";
import { appendAudit } from "./audit.ts";
import { type ListQuery, pageByAge } from "./page-by-age.ts";
import { columns, type Page, type Sql, startWhere, type Tx } from "./sql.ts";

/** A long computation about a kube's fleet. */
export interface PackingStudyRow {
  readonly id: PackingStudyId;
  readonly kubeId: KubeId;
  readonly kind: PackingStudyKind;
  readonly state: PackingStudyState;
  /** As the engine takes it. */
  readonly request: unknown;
  readonly createdBy: string;
  readonly progressPercent: number;
  readonly step: string;
  readonly failure: unknown;
  /** As the engine gave it; null before it succeeded. */
  readonly result: unknown;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

export interface NewPackingStudy extends Actor {
  readonly id: PackingStudyId;
  readonly kubeId: KubeId;
  readonly kind: PackingStudyKind;
  readonly request: object;
  /** The operator's organization, for the audit row. */
  readonly organizationId: OrganizationId;
}

const COLUMNS = columns<PackingStudyRow>("s", [
  "id",
  "kubeId",
  "kind",
  "state",
  "request",
  "createdBy",
  "progressPercent",
  "step",
  "failure",
  "result",
  "createdAt",
  "startedAt",
  "finishedAt",
]);

/** Asks for a study: it is due at once. */
export async function insertPackingStudy(tx: Tx, ids: IdSource, study: NewPackingStudy): Promise<PackingStudyRow> {
  const { id, kubeId, kind, request, organizationId, actor, requestId } = study;
  const [row] = await tx.query<PackingStudyRow>(
    `insert into packing_study as s (id, kube_id, kind, request, created_by) values ($1, $2, $3, $4::jsonb, $5)
     returning ${COLUMNS}`,
    [id, kubeId, kind, JSON.stringify(request), actor],
  );
  await appendAudit(tx, ids, {
    organizationId,
    actor,
    requestId,
    action: "packing_study.create",
    targetType: "packing_study",
    targetId: id,
    data: { kubeId, ...request },
  });
  if (row === undefined) throw new Error("an insert gives its row");
  return row;
}

export interface PackingStudyQuery extends ListQuery {
  readonly kubeId?: string | undefined;
  readonly kind?: PackingStudyKind | undefined;
  readonly state?: PackingStudyState | undefined;
}

export function listPackingStudies(sql: Sql, query: PackingStudyQuery): Promise<Page<PackingStudyRow>> {
  const where = startWhere();
  where.add("s.kube_id = ?", query.kubeId);
  where.add("s.kind = ?", query.kind);
  where.add("s.state = ?", query.state);
  return pageByAge(sql, `select ${COLUMNS} from packing_study s`, "s", where, query);
}

export async function findPackingStudy(sql: Sql, id: string): Promise<PackingStudyRow | undefined> {
  const [row] = await sql.query<PackingStudyRow>(`select ${COLUMNS} from packing_study s where s.id = $1`, [id]);
  return row;
}

/** The texts that a cold plan's certificate speaks of, and the certificate itself; undefined before there are any. */
export async function readStudyFile(
  sql: Sql,
  id: string,
  file: "types" | "instances" | "certificate",
): Promise<string | undefined> {
  const [row] = await sql.query<{ text: string | null }>(
    `select ${file}_text as text from packing_study where id = $1`,
    [id],
  );
  return row?.text ?? undefined;
}

/** A kube, or the one of a pool; all when neither is given. */
interface OfKube {
  readonly kubeId?: string | undefined;
  readonly poolId?: string | undefined;
}

/** Of `packing_study s`, with a kube and a pool as the first two parameters. */
const SUCCEEDED_COLD_PLANS = `s.kind = 'cold_plan' and s.state = 'succeeded' and ($1::text is null or s.kube_id = $1)
        and ($2::text is null or s.kube_id = (select kube_id from pool where id = $2))`;

/** Of each kube the cold plan that succeeded last. */
export function findLastColdPlans(sql: Sql, { kubeId, poolId }: OfKube): Promise<PackingStudyRow[]> {
  return sql.query<PackingStudyRow>(
    `select distinct on (s.kube_id) ${COLUMNS} from packing_study s
      where ${SUCCEEDED_COLD_PLANS} order by s.kube_id, s.finished_at desc`,
    [kubeId ?? null, poolId ?? null],
  );
}

/** Cold plans that succeeded from `since` on and before `until`: of more than `limit` the latest, and the oldest first. */
export async function listColdPlans(
  sql: Sql,
  {
    kubeId,
    poolId,
    since,
    until,
    limit,
  }: OfKube & { readonly since: Date; readonly until: Date; readonly limit: number },
): Promise<PackingStudyRow[]> {
  const rows = await sql.query<PackingStudyRow>(
    `select ${COLUMNS} from packing_study s
      where ${SUCCEEDED_COLD_PLANS} and s.finished_at >= $3 and s.finished_at < $4
      order by s.finished_at desc, s.id desc limit $5`,
    [kubeId ?? null, poolId ?? null, since, until, limit],
  );
  return rows.reverse();
}

/**
 * Asks for a cold plan of every kube with instances, once a UTC day, from `hour` on. By the database's clock, and by whichever
 * worker comes first: the row's day is unique. Gives how many were asked for.
 */
export async function queueNightlyColdPlans(
  sql: Sql,
  ids: IdSource,
  { hour, request }: { readonly hour: number; readonly request: object },
): Promise<number> {
  const kubes = await sql.query<{ id: string }>(
    `select k.id from kube k
      where not k.is_static and extract(hour from now() at time zone 'utc') >= $1
        and exists (select 1 from cluster c where c.kube_id = k.id and c.purge_at is null and c.state <> 'deleted')
        and not exists (select 1 from packing_study s
             where s.kube_id = k.id and s.nightly_on = (now() at time zone 'utc')::date)`,
    [hour],
  );
  let asked = 0;
  for (const { id } of kubes) {
    const rows = await sql.query(
      `insert into packing_study (id, kube_id, kind, request, created_by, nightly_on)
       values ($1, $2, 'cold_plan', $3::jsonb, 'system', (now() at time zone 'utc')::date)
       on conflict (kube_id, nightly_on) do nothing returning id`,
      [ids.next("packingStudy"), id, JSON.stringify(request)],
    );
    asked += rows.length;
  }
  return asked;
}

/** Old studies tell of fleets that are no more. The last cold plan of each kube stays, however old. */
const DAYS_KEPT = 30;

/** Removes old studies, some at a time. Gives how many. */
export async function forgetOldStudies(sql: Sql, limit = 1000): Promise<number> {
  const [row] = await sql.query<{ count: number }>(
    `with old as (
       delete from packing_study where id in (
         select s.id from packing_study s
          where s.finished_at < now() - $1::int * interval '1 day' and not (s.kind = 'cold_plan' and s.state = 'succeeded'
            and not exists (select 1 from packing_study later where later.kube_id = s.kube_id and later.kind = s.kind
                  and later.state = s.state and later.finished_at > s.finished_at))
          limit $2)
       returning id)
     select count(*)::int as count from old`,
    [DAYS_KEPT, limit],
  );
  return row?.count ?? 0;
}
