import type { Sql } from "./sql.ts";

/** A machine type in a zone, with its on-demand price. */
export interface OfferingRow {
  readonly region: string;
  readonly zone: string;
  readonly machineType: string;
  readonly priceMicroUsdPerHour: number;
  readonly vcpu: number;
  readonly memoryMib: number;
  readonly ebsVolumeLimit: number;
  readonly ebsVolumeLimitType: string;
  readonly architecture: string;
}

/**
 * Stores a catalogue: new offerings are added, known ones get its prices and facts; one that lacks capacity just now keeps
 * that. What the catalogue leaves out stays, as machines may run on it. Where the region has a price book, the last one's
 * price goes before the catalogue's. Gives how many changed.
 */
export async function importOfferings(sql: Sql, offerings: readonly OfferingRow[]): Promise<number> {
  const [row] = await sql.query<{ count: number }>(
    `with stored as (
       insert into offering as o (region, zone, machine_type, price_micro_usd_per_hour, vcpu, memory_mib, ebs_volume_limit,
                             ebs_volume_limit_type, architecture)
       select d.region, d.zone, d."machineType",
              coalesce((select (b.prices ->> d."machineType")::int from price_book b
                 where b.region = d.region and b.kind = 'on_demand' order by b.version desc limit 1), d."priceMicroUsdPerHour"),
              d.vcpu, d."memoryMib", d."ebsVolumeLimit", d."ebsVolumeLimitType", d.architecture
         from jsonb_to_recordset($1::jsonb) as d(region text, zone text, "machineType" text,
              "priceMicroUsdPerHour" int, vcpu int, "memoryMib" int, "ebsVolumeLimit" int, "ebsVolumeLimitType" text,
              architecture text)
       on conflict (region, zone, machine_type) do update set
         price_micro_usd_per_hour = excluded.price_micro_usd_per_hour, vcpu = excluded.vcpu, memory_mib = excluded.memory_mib,
         ebs_volume_limit = excluded.ebs_volume_limit, ebs_volume_limit_type = excluded.ebs_volume_limit_type,
         architecture = excluded.architecture
       where (o.price_micro_usd_per_hour, o.vcpu, o.memory_mib, o.ebs_volume_limit, o.ebs_volume_limit_type, o.architecture)
         is distinct from (excluded.price_micro_usd_per_hour, excluded.vcpu, excluded.memory_mib, excluded.ebs_volume_limit,
                           excluded.ebs_volume_limit_type, excluded.architecture)
       returning region)
     select count(*)::int as count from stored`,
    [JSON.stringify(offerings)],
  );
  return row?.count ?? 0;
}

/** Machine types that are for sale in a region, in whichever zone. */
export async function listMachineTypes(sql: Sql, region: string): Promise<string[]> {
  const rows = await sql.query<{ machineType: string }>(
    `select distinct machine_type as "machineType" from offering where region = $1 order by 1`,
    [region],
  );
  return rows.map(({ machineType }) => machineType);
}
