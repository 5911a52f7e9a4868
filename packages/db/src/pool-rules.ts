import type { PoolId } from "@berth/domain";

/** What placement goes by, and what a preview of it does: of a pool's policy all but how its machines are launched. */
export interface PoolRules {
  readonly poolId: PoolId;
  readonly zones: readonly string[];
  readonly machineTypes: readonly string[];
  readonly instancesPerMachine: number;
  readonly maxMachines: number;
  /** No machine holds more of an organization than this share of its instances. 100: as many as it may. */
  readonly tenantSharePercent: number;
  /** Room that is kept in each zone for instances that nobody has asked for yet; absent when none is. */
  readonly headroom?: {
    readonly instances: number;
    readonly cpuMilli: number;
    readonly memoryMib: number;
    readonly volumes: number;
  };
  /** Absent: its machines may cost what they do. */
  readonly spendCapMicroUsdPerHour?: number;
  /** Zones where nothing is launched for now. */
  readonly heldZones: readonly string[];
}

/** SQL: the rules of a pool `p`, as jsonb. An instance has one volume. */
export const POOL_RULES = `jsonb_strip_nulls(jsonb_build_object('poolId', p.id, 'zones', to_jsonb(p.zones),
  'machineTypes', to_jsonb(p.machine_types), 'instancesPerMachine', p.instances_per_machine, 'maxMachines', p.max_machines,
  'tenantSharePercent', p.tenant_share_percent, 'headroom', case when p.headroom_instances > 0 then
    jsonb_build_object('instances', p.headroom_instances, 'cpuMilli', p.headroom_cpu_milli,
      'memoryMib', p.headroom_memory_mib, 'volumes', 1) end,
  'spendCapMicroUsdPerHour', p.spend_cap_micro_usd_per_hour, 'heldZones', to_jsonb(p.held_zones)))`;
