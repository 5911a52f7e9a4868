import {
  type Allocatable,
  DEFAULT_OVERHEAD,
  type IdSource,
  type KubeId,
  type MachineId,
  type MachineState,
  type OrganizationId,
  type PoolId,
} from "@berth/domain";
import type { Actor } from "./actor.ts";
import { appendAudit } from "./audit.ts";
import { type ObservedAllocatable, observedAllocatable } from "./observed-allocatable.ts";
import { type ListQuery, pageByAge } from "./page-by-age.ts";
import { POOL_RULES, type PoolRules } from "./pool-rules.ts";
import { type SealedSecret, storeSecret } from "./secrets.ts";
import { columns, type Page, type Sql, startWhere, type Tx } from "./sql.ts";

export interface KubeRow {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly zones: readonly string[];
  readonly isStatic: boolean;
  readonly apiServerUrl: string;
  readonly storageClass: string;
  readonly version: string | null;
  readonly health: string;
  readonly healthMessage: string | null;
  readonly simulated: boolean;
  readonly waitingFor: unknown;
  readonly observedAt: Date | null;
  readonly createdAt: Date;
  readonly pools: number;
  /** Neither terminated nor failed. */
  readonly machines: number;
  /** Not deleted. */
  readonly clusters: number;
}

export interface NewKube extends Actor {
  readonly id: KubeId;
  readonly name: string;
  readonly region: string;
  readonly zones: readonly string[];
  readonly isStatic: boolean;
  readonly simulated: boolean;
  readonly apiServerUrl: string;
  readonly storageClass: string;
  /** Sealed as `kube/<id>`, `kubeconfig`. */
  readonly kubeconfig: SealedSecret;
  /** The operator's organization, for the audit row. */
  readonly organizationId: OrganizationId;
}

/** Registers a kube; the placement loop looks at it at once. False when the name is taken. */
export async function insertKube(tx: Tx, ids: IdSource, kube: NewKube): Promise<boolean> {
  const inserted = await tx.query(
    `insert into kube (id, name, region, zones, is_static, simulated, api_server_url, storage_class)
     values ($1, $2, $3, $4::text[], $5, $6, $7, $8) on conflict (name) do nothing returning id`,
    [kube.id, kube.name, kube.region, kube.zones, kube.isStatic, kube.simulated, kube.apiServerUrl, kube.storageClass],
  );
  if (inserted.length === 0) return false;
  await storeSecret(tx, kube.kubeconfig);
  const { organizationId, actor, requestId, name, region } = kube;
  const target = { targetType: "kube", targetId: kube.id } as const;
  await appendAudit(tx, ids, {
    ...target,
    organizationId,
    actor,
    requestId,
    action: "kube.create",
    data: { name, region },
  });
  return true;
}

/** What the loop and the sweep wait for are stored apart and told together. */
const COLUMNS = `${columns<Omit<KubeRow, "waitingFor" | "pools" | "machines" | "clusters">>("k", [
  "id",
  "name",
  "region",
  "zones",
  "isStatic",
  "apiServerUrl",
  "storageClass",
  "version",
  "health",
  "healthMessage",
  "simulated",
  "observedAt",
  "createdAt",
])}, k.waiting_for || k.orphan_guards as "waitingFor",
  (select count(*)::int from pool p where p.kube_id = k.id) as pools,
  (select count(*)::int from machine m where m.kube_id = k.id and m.state not in ('terminated', 'failed')) as machines,
  (select count(*)::int from cluster c where c.kube_id = k.id and c.state <> 'deleted') as clusters`;

export function listKubes(
  sql: Sql,
  query: ListQuery & { readonly region?: string | undefined },
): Promise<Page<KubeRow>> {
  const where = startWhere();
  where.add("k.region = ?", query.region);
  return pageByAge(sql, `select ${COLUMNS} from kube k`, "k", where, query);
}

export async function findKube(sql: Sql, id: string): Promise<KubeRow | undefined> {
  const [row] = await sql.query<KubeRow>(`select ${COLUMNS} from kube k where k.id = $1`, [id]);
  return row;
}

/** Zones of the kubes in each region, sorted: where clusters can be made. */
export async function listOpenRegions(sql: Sql): Promise<Map<string, string[]>> {
  const rows = await sql.query<{ region: string; zones: string[] }>(
    `select region, array_agg(distinct zone order by zone) as zones
       from kube, unnest(zones) as zone group by region order by region`,
  );
  return new Map(rows.map((row) => [row.region, row.zones]));
}

/** A kube as far as a new cluster's place in it depends on it: what was last stored, never a look at the real one. */
export interface KubeCapacity {
  readonly kubeId: KubeId;
  readonly region: string;
  readonly zones: readonly string[];
  readonly isStatic: boolean;
  readonly health: string;
  readonly observedAt: Date | null;
  /** Not deleted; 0 where it is the region's only kube: nobody counts thousands of rows to compare one number. */
  readonly clusters: number;
  /** Held zones are those of their policies, and those where they just lost machines. */
  readonly pools: readonly PoolRules[];
  readonly offerings: readonly {
    readonly zone: string;
    readonly machineType: string;
    readonly priceMicroUsdPerHour: number;
    readonly vcpu: number;
    readonly memoryMib: number;
    readonly ebsVolumeLimit: number;
    readonly ebsVolumeLimitType: string;
    readonly unavailableUntil: Date | null;
  }[];
  readonly observed: readonly ObservedAllocatable[];
  readonly machines: readonly {
    readonly machineId: MachineId;
    readonly poolId: PoolId;
    readonly zone: string;
    readonly machineType: string;
    readonly priceMicroUsdPerHour: number;
    readonly allocatable: Allocatable;
    readonly state: MachineState;
    /** Its node is silent or away. */
    readonly notReady: boolean;
    readonly instances: readonly {
      readonly instanceId: string;
      readonly clusterId: string;
      readonly organizationId: string;
      readonly cpuMilli: number;
      readonly memoryMib: number;
      readonly zone: string;
      readonly roles: readonly string[];
    }[];
  }[];
}

type Capacity = Omit<KubeCapacity, "offerings"> & {
  readonly lostZones: readonly { readonly poolId: string; readonly zone: string }[];
  readonly offerings: readonly (Omit<KubeCapacity["offerings"][number], "unavailableUntil"> & {
    readonly unavailableUntil: string | null;
  })[];
};

/**
 * The kubes of a region, those with the fewest clusters first.
 *
 * `detail` full: with every machine and what is on it, which a placement needs; types: only what says which sizes could ever
 * fit (pools, offerings, and the machines of static kubes, empty). A region may have thousands of machines.
 */
export async function findKubeCapacities(
  sql: Sql,
  region: string,
  detail: "full" | "types" = "full",
): Promise<KubeCapacity[]> {
  const rows = await sql.query<Capacity>(
    `select k.id as "kubeId", k.region, k.zones, k.is_static as "isStatic", k.health, k.observed_at as "observedAt",
       case when (select count(*) from kube where region = $1) = 1 then 0 else
         berth_kube_clusters(k.id) end as clusters,
       (select coalesce(jsonb_agg(${POOL_RULES} order by p.id), '[]') from pool p where p.kube_id = k.id) as pools,
       (select coalesce(jsonb_agg(jsonb_build_object('zone', o.zone, 'machineType', o.machine_type,
             'priceMicroUsdPerHour', o.price_micro_usd_per_hour, 'vcpu', o.vcpu, 'memoryMib', o.memory_mib,
             'ebsVolumeLimit', o.ebs_volume_limit, 'ebsVolumeLimitType', o.ebs_volume_limit_type,
             'unavailableUntil', o.unavailable_until) order by o.machine_type, o.zone), '[]')
          from offering o where o.region = k.region
           and exists (select 1 from pool p where p.kube_id = k.id and o.machine_type = any(p.machine_types))) as offerings,
       ${observedAllocatable("$3")} as observed,
       berth_kube_held_zones(k.id) as "lostZones",
       berth_kube_machines(k.id, $2::boolean) as machines
     from kube k where k.region = $1 order by clusters, k.id`,
    [region, detail === "full", DEFAULT_OVERHEAD.daemonPods],
  );
  return rows.map(({ lostZones, ...row }) => ({
    ...row,
    pools: row.pools.map((pool) => ({ ...pool, heldZones: withLost(pool, lostZones) })),
    offerings: row.offerings.map((one) => ({
      ...one,
      unavailableUntil: one.unavailableUntil === null ? null : new Date(one.unavailableUntil),
    })),
  }));
}

/** The zones that a pool's policy holds, and those that are held as the pool just lost machines there. */
function withLost({ poolId, heldZones }: PoolRules, lostZones: Capacity["lostZones"]): string[] {
  const lost = lostZones.filter((one) => one.poolId === poolId).map(({ zone }) => zone);
  return [...new Set([...heldZones, ...lost])];
}
