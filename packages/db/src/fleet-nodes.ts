import type { Allocatable, KubeId, MachineId, MachineState, OrganizationId, PoolId, Role } from "@berth/domain";
import { USAGE_COUNTS_MINUTES } from "./instance-usage.ts";
import type { OfferingRow } from "./offerings.ts";
import { type Sql, startWhere } from "./sql.ts";

/** A machine that is not gone, with what sits on its node or was sent there. */
export interface FleetNodeRow {
  readonly machineId: MachineId;
  readonly kubeId: KubeId;
  readonly poolId: PoolId;
  readonly nodeName: string;
  readonly zone: string;
  readonly machineType: string;
  readonly state: MachineState;
  readonly priceMicroUsdPerHour: number;
  readonly allocatable: Allocatable;
  readonly instances: readonly {
    readonly organizationId: OrganizationId;
    readonly zone: string;
    readonly cpuMilli: number;
    readonly memoryMib: number;
    readonly roles: readonly Role[];
    /** Null where it was not measured lately. */
    readonly used: { readonly cpuMilli: number; readonly memoryMib: number } | null;
  }[];
}

export interface FleetQuery {
  readonly kubeId?: string | undefined;
  readonly poolId?: string | undefined;
}

/** All of a fleet in one look, by id of the machine. What is removed is on no node any more. */
export function listFleetNodes(sql: Sql, query: FleetQuery): Promise<FleetNodeRow[]> {
  const where = startWhere();
  where.add("m.kube_id = ?", query.kubeId);
  where.add("m.pool_id = ?", query.poolId);
  const conditions = where.text() === "" ? "where" : `${where.text()} and`;
  return sql.query<FleetNodeRow>(
    `select m.id as "machineId", m.kube_id as "kubeId", m.pool_id as "poolId", m.node_name as "nodeName", m.zone,
            m.machine_type as "machineType", m.state, m.price_micro_usd_per_hour as "priceMicroUsdPerHour", m.allocatable,
            coalesce(r.instances, '[]') as instances
       from machine m
       left join (
         select c.kube_id, i.node_name, json_agg(json_build_object('organizationId', i.organization_id, 'zone', i.zone,
                'cpuMilli', t.cpu_milli, 'memoryMib', t.memory_mib, 'roles', t.roles, 'used', case when i.used_at > now() - interval '${USAGE_COUNTS_MINUTES} minutes'
                then json_build_object('cpuMilli', i.used_cpu_milli, 'memoryMib', i.used_memory_mib) end) order by i.id) as instances
           from instance i join cluster c on c.id = i.cluster_id join component t on t.id = i.component_id
          where i.node_name is not null and i.state <> 'removed'
          group by c.kube_id, i.node_name) r on r.kube_id = m.kube_id and r.node_name = m.node_name
      ${conditions} m.state not in ('terminated', 'failed') order by m.id`,
    where.values,
  );
}

/** Instances that wait for a place: of clusters that are not being deleted, on no machine that there is. */
export async function countUnplaced(sql: Sql, { kubeId }: Pick<FleetQuery, "kubeId">): Promise<number> {
  const [row] = await sql.query<{ count: number }>(
    `select count(*)::int as count from instance i join cluster c on c.id = i.cluster_id
      where ($1::text is null or c.kube_id = $1) and i.state <> 'removed' and c.purge_at is null and c.state <> 'deleted'
        and not exists (select 1 from machine m where m.kube_id = c.kube_id and m.node_name = i.node_name
              and m.state not in ('terminated', 'failed'))`,
    [kubeId ?? null],
  );
  return row?.count ?? 0;
}

/** A machine type for sale in the zones of a kube, with the family's smaller ones: what one machine each is reckoned with. */
export interface SaleOfferingRow extends Omit<OfferingRow, "region"> {
  readonly kubeId: KubeId;
}

/** Of families of which a pool of the kube has a type; nothing for kubes whose machines an operator brings. */
export function listSaleOfferings(sql: Sql, { kubeId }: Pick<FleetQuery, "kubeId">): Promise<SaleOfferingRow[]> {
  return sql.query<SaleOfferingRow>(
    `select k.id as "kubeId", o.zone, o.machine_type as "machineType", o.price_micro_usd_per_hour as "priceMicroUsdPerHour",
            o.vcpu, o.memory_mib as "memoryMib", o.ebs_volume_limit as "ebsVolumeLimit",
            o.ebs_volume_limit_type as "ebsVolumeLimitType", o.architecture
       from kube k join offering o on o.region = k.region
      where ($1::text is null or k.id = $1) and not k.is_static
        and split_part(o.machine_type, '.', 1) in (
            select split_part(t, '.', 1) from pool p, unnest(p.machine_types) t where p.kube_id = k.id)
      order by k.id, o.machine_type, o.zone`,
    [kubeId ?? null],
  );
}
