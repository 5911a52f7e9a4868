import { type CreatePoolBody, MEBIBYTE, type UpdatePoolBody } from "@berth/contract";
import { type KubeRow, listMachineTypes, type PoolPolicy, type Sql } from "@berth/db";
import { err, ok, type Result } from "@berth/domain";
import type { Refusal } from "../http/refusal.ts";
import { microUsdOf } from "../http/wire.ts";

/** A body's policy in the database's words; what is absent stays absent. */
export function policyOf(body: UpdatePoolBody | CreatePoolBody): PoolPolicy {
  const cap = body.max_price_per_hour;
  const leastSaving = body.rebalance_min_saving_per_month;
  return {
    zones: body.zones,
    machineTypes: body.machine_types,
    instancesPerMachine: body.instances_per_machine,
    cpuLimitPercent: body.cpu_limit_percent,
    emptyAfterSeconds: body.empty_after_seconds,
    maxMachines: body.max_machines,
    spendCapMicroUsdPerHour: cap === undefined || cap === null ? cap : microUsdOf(cap),
    tenantSharePercent: body.tenant_share_percent,
    headroomInstances: body.headroom_instances,
    headroomCpuMilli: body.headroom_cpu_millis,
    headroomMemoryMib: body.headroom_memory_bytes === undefined ? undefined : body.headroom_memory_bytes / MEBIBYTE,
    heldZones: body.held_zones,
    rebalanceMode: body.rebalance_mode,
    reservationPurchases: body.reservation_purchases,
    rebalanceMinSavingMicroUsdPerMonth: leastSaving === undefined ? undefined : microUsdOf(leastSaving),
    rebalanceMaxAutomaticMoves: body.rebalance_max_automatic_moves,
    imageId: body.image_id,
    subnetIds: body.subnet_ids,
    securityGroupIds: body.security_group_ids,
    instanceProfile: body.instance_profile,
  };
}

/**
 * Refuses what the pool's kube could never use: zones that it has not, and, unless its machines are brought by an operator,
 * types that are not for sale in its region. A typing error would else show as a wait without end.
 */
export async function checkPolicy(
  sql: Sql,
  kube: KubeRow,
  body: Pick<UpdatePoolBody, "zones" | "held_zones" | "machine_types">,
): Promise<Result<true, Refusal>> {
  const known = kube.isStatic ? undefined : await listMachineTypes(sql, kube.region);
  const zones = (["zones", "held_zones"] as const).flatMap((field) =>
    (body[field] ?? []).flatMap((zone, index) =>
      kube.zones.includes(zone)
        ? []
        : [
            {
              pointer: `/${field}/${index}`,
              code: "unknown_zone",
              detail: `The kube has the zones ${kube.zones.join(", ")}.`,
            },
          ],
    ),
  );
  const types = (body.machine_types ?? []).flatMap((type, index) =>
    known === undefined || known.includes(type)
      ? []
      : [
          {
            pointer: `/machine_types/${index}`,
            code: "unknown_machine_type",
            detail: `No offering of ${type} in ${kube.region} is known.`,
          },
        ],
  );
  const errors = [...zones, ...types];
  const first = errors[0];
  if (first === undefined) return ok(true);
  return err({ code: "validation_failed", detail: `${first.pointer}: ${first.detail}`, errors });
}
