import type { Pool } from "@berth/contract";
import type { PoolRow } from "@berth/db";
import { moneyFromMicroUsd } from "@berth/domain";
import { etagOf, versionWith } from "../http/etag.ts";
import { bytesOf, iso, labelsOf } from "../http/wire.ts";

export function toPoolBody(pool: PoolRow): Pool {
  return {
    id: pool.id,
    kube_id: pool.kubeId,
    name: pool.name,
    zones: [...pool.zones],
    machine_types: [...pool.machineTypes],
    instances_per_machine: pool.instancesPerMachine,
    cpu_limit_percent: pool.cpuLimitPercent,
    empty_after_seconds: pool.emptyAfterSeconds,
    max_machines: pool.maxMachines,
    max_price_per_hour: pool.spendCapMicroUsdPerHour === null ? null : moneyFromMicroUsd(pool.spendCapMicroUsdPerHour),
    tenant_share_percent: pool.tenantSharePercent,
    headroom_instances: pool.headroomInstances,
    headroom_cpu_millis: pool.headroomCpuMilli,
    headroom_memory_bytes: bytesOf(pool.headroomMemoryMib),
    held_zones: [...pool.heldZones],
    rebalance_mode: pool.rebalanceMode,
    reservation_purchases: pool.reservationPurchases,
    rebalance_min_saving_per_month: moneyFromMicroUsd(pool.rebalanceMinSavingMicroUsdPerMonth),
    rebalance_max_automatic_moves: pool.rebalanceMaxAutomaticMoves,
    image_id: pool.imageId,
    subnet_ids: labelsOf(pool.subnetIds),
    security_group_ids: [...pool.securityGroupIds],
    instance_profile: pool.instanceProfile,
    machines: pool.machines,
    generation: pool.generation,
    created_at: iso(pool.createdAt),
  };
}

/** Machines come and go by themselves. */
export function etagOfPool(pool: PoolRow): string {
  return etagOf(versionWith(pool, pool.machines));
}
