import type { CreatePoolBody, UpdatePoolBody } from "@berth/contract";
import { type KubeRow, listMachineTypes, type PoolPolicy, type Sql } from "@berth/db";
import { err, ok, type Result } from "@berth/domain";
import type { Refusal } from "../http/refusal.ts";

/** A body's policy in the database's words; what is absent stays absent. */
export function policyOf(body: UpdatePoolBody | CreatePoolBody): PoolPolicy {
  return {
    zones: body.zones,
    machineTypes: body.machine_types,
    instancesPerMachine: body.instances_per_machine,
    cpuLimitPercent: body.cpu_limit_percent,
    emptyAfterSeconds: body.empty_after_seconds,
    maxMachines: body.max_machines,
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
  body: Pick<UpdatePoolBody, "zones" | "machine_types">,
): Promise<Result<true, Refusal>> {
  const known = kube.isStatic ? undefined : await listMachineTypes(sql, kube.region);
  const zones = (body.zones ?? []).flatMap((zone, index) =>
    kube.zones.includes(zone)
      ? []
      : [
          {
            pointer: `/zones/${index}`,
            code: "unknown_zone",
            detail: `The kube has the zones ${kube.zones.join(", ")}.`,
          },
        ],
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
