import type { ClusterPreview, CreateClusterBody } from "@berth/contract";
import { isClusterNameTaken, readFleetQuota, type ScopedDatabase } from "@berth/db";
import {
  type ClusterPlan,
  demandOf,
  HOURS_PER_MONTH,
  moneyFromMicroUsd,
  type OrganizationId,
  ok,
  type Result,
} from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import type { Refusal } from "../http/refusal.ts";
import { bytesOf, isoOrNull } from "../http/wire.ts";
import { toAdmission } from "../quotas/wire.ts";
import { type PreviewedInstance, previewPlacement } from "./capacity.ts";
import { planNewCluster, readGround } from "./plan-new-cluster.ts";

/** What a create would do now: the same checks, the packer's placement, the price, and what quotas say. Stores nothing. */
export async function previewCluster(
  deps: ApiDeps,
  db: ScopedDatabase,
  organizationId: OrganizationId,
  body: CreateClusterBody,
): Promise<Result<ClusterPreview, Refusal>> {
  const now = deps.clock.now();
  const ground = await readGround(db, organizationId, body.region);
  const planned = planNewCluster(ground, organizationId, body, body.name, now);
  if (!planned.ok) return planned;
  const { plan, projectId, kube } = planned.value;
  const placement = previewPlacement(plan, kube, now);
  const [usage, nameTaken] = await Promise.all([
    readFleetQuota(db, organizationId),
    isClusterNameTaken(db, { organizationId, projectId, name: body.name }),
  ]);
  return ok({
    feasible: placement.every((one) => one.machine !== "none"),
    admission: toAdmission(usage, demandOf([plan])),
    name_taken: nameTaken,
    spec: toSpecBody(plan),
    price_per_hour: moneyFromMicroUsd(plan.priceMicroUsdPerHour),
    price_per_month: moneyFromMicroUsd(plan.priceMicroUsdPerHour * HOURS_PER_MONTH),
    placement: placement.map(toPlaceBody),
    observed_at: isoOrNull(kube.observedAt),
  });
}

export function toPlaceBody({ machineType, ...one }: PreviewedInstance): ClusterPreview["placement"][number] {
  return { ...one, machine_type: machineType };
}

/** The completed spec: every default filled in, zones chosen. */
export function toSpecBody(plan: ClusterPlan): ClusterPreview["spec"] {
  const { engine, version, region } = plan.spec;
  return {
    engine,
    version,
    region,
    components: plan.components.map((component) => ({
      name: component.name,
      roles: [...component.roles],
      instances: component.instances,
      size: component.size,
      memory_bytes: bytesOf(component.memoryMib),
      cpu_millis: component.cpuMilli,
      storage_bytes: bytesOf(component.storageMib),
      zones: [...new Set(component.placed.map((one) => one.zone))],
    })),
  };
}
