import type { KubeId, PoolId } from "@berth/domain";
import { type Sql, startWhere } from "./sql.ts";

/** How full a pool is now. */
export interface NewPackingSample {
  readonly poolId: PoolId;
  readonly kubeId: KubeId;
  readonly machines: number;
  readonly instances: number;
  readonly dataInstances: number;
  readonly priceMicroUsdPerHour: number;
  readonly idleMicroUsdPerDay: number;
  readonly requestedCpuMilli: number;
  readonly requestedMemoryMib: number;
  readonly requestedVolumes: number;
  readonly allocatableCpuMilli: number;
  readonly allocatableMemoryMib: number;
  readonly allocatableVolumes: number;
  readonly allocatableInstances: number;
  /** Instances that were measured lately: what they used, and what they had asked for. */
  readonly measuredInstances: number;
  readonly measuredCpuMilli: number;
  readonly measuredMemoryMib: number;
  readonly usedCpuMilli: number;
  readonly usedMemoryMib: number;
}

/** What samples come to over a step of time: sums over pools, and of each the last in the step. */
export type PackingPoint = Omit<NewPackingSample, "poolId" | "kubeId"> & { readonly at: Date };

const SUMS = [
  "machines",
  "instances",
  "data_instances",
  "price_micro_usd_per_hour",
  "idle_micro_usd_per_day",
  "requested_cpu_milli",
  "requested_memory_mib",
  "requested_volumes",
  "allocatable_cpu_milli",
  "allocatable_memory_mib",
  "allocatable_volumes",
  "allocatable_instances",
  "measured_instances",
  "measured_cpu_milli",
  "measured_memory_mib",
  "used_cpu_milli",
  "used_memory_mib",
] as const;
const fieldOf = (column: string) => column.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Samples stand for ten minutes of the database's clock. */
export const SAMPLE_SECONDS = 600;
const BUCKET = `date_bin('${SAMPLE_SECONDS} seconds', now(), 'epoch')`;

/** Stores how full pools are; those that have a sample of these ten minutes keep it. Gives how many were new. */
export async function insertPackingSamples(sql: Sql, samples: readonly NewPackingSample[]): Promise<number> {
  const columns = SUMS.join(", ");
  const shape = SUMS.map((column) => `"${fieldOf(column)}" bigint`).join(", ");
  const rows = await sql.query(
    `insert into packing_sample (pool_id, kube_id, sampled_at, ${columns})
     select s."poolId", s."kubeId", ${BUCKET}, ${SUMS.map((column) => `s."${fieldOf(column)}"`).join(", ")}
       from jsonb_to_recordset($1::jsonb) as s("poolId" text, "kubeId" text, ${shape})
     on conflict (pool_id, sampled_at) do nothing returning pool_id`,
    [JSON.stringify(samples)],
  );
  return rows.length;
}

export interface HistoryQuery {
  readonly kubeId?: string | undefined;
  readonly poolId?: string | undefined;
  /** From then on, and before then. */
  readonly since: Date;
  readonly until: Date;
  /** One point for so many seconds, of the last samples in them. */
  readonly stepSeconds: number;
}

/** Oldest first. A step in which nothing was sampled has no point. */
export function readPackingHistory(sql: Sql, query: HistoryQuery): Promise<PackingPoint[]> {
  const where = startWhere();
  const step = where.values.push(query.stepSeconds);
  where.add("sampled_at >= ?::timestamptz", query.since);
  where.add("sampled_at < ?::timestamptz", query.until);
  where.add("kube_id = ?", query.kubeId);
  where.add("pool_id = ?", query.poolId);
  const at = `date_bin(make_interval(secs => $${step}::int), sampled_at, 'epoch')`;
  return sql.query<PackingPoint>(
    `with last as (
       select distinct on (pool_id, at) ${at} as at, s.* from packing_sample s ${where.text()}
        order by pool_id, at, sampled_at desc)
     select at, ${SUMS.map((column) => `sum(${column})::float8 as "${fieldOf(column)}"`).join(", ")}
       from last group by at order by at`,
    where.values,
  );
}

/** What all instances of a region asked for in a clock-hour, of kubes whose machines we launch. */
export interface LoadHourRow {
  readonly region: string;
  /** Clock-hours since 1970. */
  readonly hour: number;
  readonly memoryMib: number;
}

/** Means of each hour's samples of a pool, summed over the pools of a region. An hour in which nothing was sampled has none. */
export function listLoadHours(sql: Sql, since: Date, until: Date): Promise<LoadHourRow[]> {
  return sql.query<LoadHourRow>(
    `select region, hour, sum(memory)::float8 as "memoryMib"
       from (select k.region, s.pool_id, floor(extract(epoch from s.sampled_at) / 3600)::int as hour, avg(s.requested_memory_mib) as memory
               from packing_sample s join kube k on k.id = s.kube_id
              where not k.is_static and s.sampled_at >= $1 and s.sampled_at < $2
              group by 1, 2, 3) hourly
      group by 1, 2 order by 1, 2`,
    [since, until],
  );
}

/** One day of one pool. */
export interface PackingDay {
  readonly poolId: PoolId;
  /** Days since 1970-01-01, UTC. */
  readonly day: number;
  readonly priceMicroUsdPerHour: number;
  readonly machines: number;
}

/** Means of each whole UTC day before today, by pool and day; `days` of them at most. Today is not over: it would bend a trend. */
export function readPackingDays(
  sql: Sql,
  {
    kubeId,
    poolId,
    days,
  }: { readonly kubeId?: string | undefined; readonly poolId?: string | undefined; readonly days: number },
): Promise<PackingDay[]> {
  return sql.query<PackingDay>(
    `select pool_id as "poolId", floor(extract(epoch from sampled_at) / 86400)::int as day,
            avg(price_micro_usd_per_hour)::float8 as "priceMicroUsdPerHour", avg(machines)::float8 as machines
       from packing_sample
      where ($1::text is null or kube_id = $1) and ($2::text is null or pool_id = $2)
        and sampled_at >= date_trunc('day', now(), 'UTC') - $3::int * interval '1 day' and sampled_at < date_trunc('day', now(), 'UTC')
      group by 1, 2 order by 1, 2`,
    [kubeId ?? null, poolId ?? null, days],
  );
}

const DAYS_KEPT = 180;

/** Removes old samples, some at a time. Gives how many. */
export async function forgetOldSamples(sql: Sql, limit = 1000): Promise<number> {
  const [row] = await sql.query<{ count: number }>(
    `with old as (
       delete from packing_sample where (pool_id, sampled_at) in (
         select pool_id, sampled_at from packing_sample where sampled_at < now() - $1::int * interval '1 day' limit $2)
       returning pool_id)
     select count(*)::int as count from old`,
    [DAYS_KEPT, limit],
  );
  return row?.count ?? 0;
}
