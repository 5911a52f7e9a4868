import type { PoolId } from "@berth/domain";

/** What machines of a type were seen to leave for instances, launched as the pool launches now. */
export interface ObservedAllocatable {
  readonly poolId: PoolId;
  readonly machineType: string;
  readonly cpuMilli: number;
  readonly memoryMib: number;
}

/**
 * Expression over `kube k`: what was observed of the machine types of its pools. What another image or another number of pods
 * left is not counted. `daemonPods` is the parameter with the pods that a kubelet may run beside instances.
 */
export function observedAllocatable(daemonPods: `$${number}`): string {
  return `(select coalesce(json_agg(json_build_object('poolId', p.id, 'machineType', a.machine_type, 'cpuMilli', a.cpu_milli,
                    'memoryMib', a.memory_mib) order by p.id, a.machine_type), '[]')
             from pool p join observed_allocatable a on a.pool_id = p.id and a.image_id = p.image_id
              and a.max_pods = p.instances_per_machine + ${daemonPods}::int
            where p.kube_id = k.id)`;
}

/** How long the least that was seen counts when nothing shows it again: what made it so may have been put right. */
const DAYS_COUNTED = 7;

/** Of machine `$1`: `$2` millicores and `$3` MiB were left to instances. The least of what was seen stays. */
export const RECORD_OBSERVED = `
insert into observed_allocatable as a (pool_id, machine_type, image_id, max_pods, cpu_milli, memory_mib)
select m.pool_id, l.machine_type, l.request ->> 'imageId', l.max_pods, $2, $3
  from machine m join launch l on l.machine_id = m.id and l.attempt = m.attempt
 where m.id = $1 and l.max_pods is not null
    on conflict (pool_id, machine_type, image_id, max_pods) do update
   set cpu_milli = case when ${isOld()} then excluded.cpu_milli else least(a.cpu_milli, excluded.cpu_milli) end,
       memory_mib = case when ${isOld()} then excluded.memory_mib else least(a.memory_mib, excluded.memory_mib) end,
       seen_at = now()
 where excluded.cpu_milli < a.cpu_milli or excluded.memory_mib < a.memory_mib or ${isOld()}
    or (excluded.cpu_milli, excluded.memory_mib) = (a.cpu_milli, a.memory_mib)`;

function isOld(): string {
  return `a.seen_at < now() - interval '${DAYS_COUNTED} days'`;
}
