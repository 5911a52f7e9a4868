import type { PriceBookKind, Rate } from "@berth/domain";
import type { RatesOfType } from "./price-books.ts";
import type { Sql } from "./sql.ts";

const isReal = ({ isEstimate }: Rate) => isEstimate !== true;

/** A machine of ours as EC2 bills it: from its launch until it was told to end, or ended. */
export interface MachineRunRow {
  readonly region: string;
  readonly zone: string;
  readonly machineType: string;
  /** Of one machine. */
  readonly count: 1;
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  /** Undefined while it runs. */
  readonly endedMs: number | undefined;
}

/** Those that ran between two instants, in kubes whose machines we launch. */
export async function listMachineRuns(sql: Sql, since: Date, until: Date): Promise<MachineRunRow[]> {
  const rows = await sql.query<{
    readonly region: string;
    readonly zone: string;
    readonly machineType: string;
    readonly launchedAt: Date;
    readonly endedAt: Date | null;
  }>(
    `select k.region, m.zone, m.machine_type as "machineType", m.launched_at as "launchedAt",
            coalesce(m.terminating_at, m.terminated_at) as "endedAt"
       from machine m join kube k on k.id = m.kube_id
      where not k.is_static and m.launched_at < $2
        and (coalesce(m.terminating_at, m.terminated_at) is null or coalesce(m.terminating_at, m.terminated_at) > $1)
      order by m.id`,
    [since, until],
  );
  return rows.map(({ launchedAt, endedAt, ...machine }) => ({
    ...machine,
    count: 1,
    startedMs: launchedAt.getTime(),
    endedMs: endedAt?.getTime(),
  }));
}

export interface OnDemandPriceRow {
  readonly region: string;
  readonly machineType: string;
  readonly microUsdPerHour: number;
}

/** On demand, by region and type: the last price book's, and for a type that it has not its offerings'. */
export function listOnDemandPrices(sql: Sql): Promise<OnDemandPriceRow[]> {
  return sql.query<OnDemandPriceRow>(
    `select region, machine_type as "machineType", price as "microUsdPerHour"
       from (select distinct on (region, machine_type) region, machine_type, price
               from (select region, machine_type, max(price_micro_usd_per_hour) as price, 1 as rank from offering group by 1, 2
                     union all
                     select b.region, key, value::int, 0 from price_book b, jsonb_each_text(b.prices)
                      where b.kind = 'on_demand'
                        and b.version = (select max(version) from price_book l where l.region = b.region and l.kind = 'on_demand')) every
              order by region, machine_type, rank) best`,
  );
}

/** The rates that hold in a region for one kind of commitment, and the price book that they are of. */
export interface RateBookRow {
  readonly id: string;
  readonly region: string;
  readonly version: number;
  readonly kind: Exclude<PriceBookKind, "on_demand">;
  readonly source: string;
  readonly rates: readonly Rate[];
  /** Kept apart: nothing may be claimed by these. */
  readonly estimates: readonly Rate[];
}

/** What machine types of a region cost under one kind of savings plan. */
export interface PlanRatesRow {
  readonly region: string;
  readonly kind: PlanKind;
  readonly rates: readonly Rate[];
}

type PlanKind = "ec2_instance_savings_plan" | "compute_savings_plan";

/** Of these types alone, by the last price book of each region and kind. */
export async function listPlanRates(
  sql: Sql,
  kinds: readonly PlanKind[],
  types: readonly { readonly region: string; readonly machineType: string }[],
): Promise<PlanRatesRow[]> {
  const rows = await sql.query<{ region: string; kind: PlanKind; machineType: string; rates: RatesOfType }>(
    `select b.region, b.kind, t.machine_type as "machineType", b.prices -> t.machine_type as rates
       from (select distinct on (region, kind) region, kind, prices from price_book
              where kind = any($1::text[]) order by region, kind, version desc) b
       join (select distinct * from unnest($2::text[], $3::text[]) as t(region, machine_type)) t on t.region = b.region
      where b.prices ? t.machine_type order by 1, 2, 3`,
    [kinds, types.map(({ region }) => region), types.map(({ machineType }) => machineType)],
  );
  return rows.map(({ region, kind, machineType, rates }) => ({
    region,
    kind,
    rates: rates.map((rate) => ({ machineType, ...rate })).filter(isReal),
  }));
}

/** The last price book of each region and of each of these kinds: what in it is real. */
export async function listRateBooks(sql: Sql, kinds: readonly RateBookRow["kind"][]): Promise<RateBookRow[]> {
  const rows = await sql.query<
    Omit<RateBookRow, "rates" | "estimates"> & { readonly prices: Readonly<Record<string, RatesOfType>> }
  >(
    `select distinct on (region, kind) id, region, version, kind, source, prices from price_book
      where kind = any($1::text[]) order by region, kind, version desc`,
    [kinds],
  );
  return rows.map(({ prices, ...book }) => {
    const all = Object.entries(prices).flatMap(([machineType, rates]) =>
      rates.map((rate) => ({ machineType, ...rate })),
    );
    return { ...book, rates: all.filter(isReal), estimates: all.filter((rate) => !isReal(rate)) };
  });
}
