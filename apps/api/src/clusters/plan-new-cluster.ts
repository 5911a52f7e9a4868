import { crc32 } from "node:zlib";
import type { CreateClusterBody, Fault } from "@berth/contract";
import { findKubeCapacities, type KubeCapacity, listOpenRegions, listProjects, type Sql } from "@berth/db";
import {
  type ClusterPlan,
  err,
  type OrganizationId,
  ok,
  type ProjectId,
  planCluster,
  type Result,
} from "@berth/domain";
import { type Refusal, refuseField } from "../http/refusal.ts";
import { neverFits } from "./capacity.ts";
import { pointerInBody, specOfBody } from "./spec-of-body.ts";

export interface NewClusterPlan {
  readonly plan: ClusterPlan;
  readonly projectId: ProjectId;
  readonly kube: KubeCapacity;
}

/**
 * Everything that a create checks before it writes, and all that a dry run checks: one function, so that the two cannot
 * differ. Picks the kube: of those in the region where every instance could have a place, the one with the fewest clusters.
 *
 * Refuses with every fault of the body, at the pointers as the caller wrote it. `detail` is how much of the kube is given back.
 */
export async function planNewCluster(
  sql: Sql,
  organizationId: OrganizationId,
  body: CreateClusterBody,
  now: Date,
  detail: "full" | "types",
): Promise<Result<NewClusterPlan, Refusal>> {
  const project = await projectOf(sql, organizationId, body.project_id);
  if (!project.ok) return project;
  const regions = await listOpenRegions(sql);
  const kubes = await findKubeCapacities(sql, body.region, detail);
  // The same name gives the same zones, so that a dry run and its create agree; different names spread.
  const offset = crc32(`${organizationId}/${body.name}`);

  let refusal: Refusal | undefined;
  for (const kube of [...kubes.filter(isReachable), ...kubes.filter((one) => !isReachable(one))]) {
    const open = openZones(kube);
    const zones = open.length > 0 ? open : kube.zones;
    const plan = planCluster(specOfBody(body, zones.length), new Map([...regions, [body.region, zones]]), offset);
    const faults = [
      ...(open.length > 0 ? [] : [NOT_OPEN_YET]),
      ...(plan.ok ? (open.length > 0 ? neverFits(plan.value, kube, now) : []) : plan.error.faults),
    ];
    if (plan.ok && faults.length === 0) return ok({ plan: plan.value, projectId: project.value, kube });
    refusal ??= toRefusal(faults, body);
  }
  if (refusal !== undefined) return err(refusal);

  const plan = planCluster(specOfBody(body, 3), regions, offset);
  if (plan.ok) throw new Error("a region without a kube is not open");
  return err(toRefusal(plan.error.faults, body));
}

/** Known, but nothing could run there: it has no pool, or an operator has yet to bring machines. */
const NOT_OPEN_YET: Fault = {
  pointer: "/region",
  code: "region_not_open",
  detail: "No machines are open in this region yet.",
};

function isReachable(kube: KubeCapacity): boolean {
  return kube.health !== "unreachable";
}

/** Zones in which something could run: of machines that an operator brought, or of pools that launch them. */
function openZones(kube: KubeCapacity): string[] {
  if (kube.isStatic) return kube.zones.filter((zone) => kube.machines.some((machine) => machine.zone === zone));
  return kube.zones.filter((zone) => kube.pools.some((pool) => pool.zones.includes(zone)));
}

async function projectOf(
  sql: Sql,
  organizationId: OrganizationId,
  wanted: string | undefined,
): Promise<Result<ProjectId, Refusal>> {
  const projects = await listProjects(sql, organizationId);
  const project = wanted === undefined ? projects[0] : projects.find(({ id }) => id === wanted);
  return project === undefined ? UNKNOWN_PROJECT : ok(project.id);
}

export const UNKNOWN_PROJECT = refuseField("/project_id", "unknown_project", "The organization has no such project.");

function toRefusal(faults: readonly Fault[], body: CreateClusterBody): Refusal {
  const errors = faults.map((fault) => ({ ...fault, pointer: pointerInBody(fault, body) }));
  const first = errors[0];
  return {
    code: errors.some((one) => one.code === "topology_invalid") ? "topology_invalid" : "validation_failed",
    detail: first === undefined ? "The cluster cannot be made." : `${first.pointer}: ${first.detail}`,
    errors,
  };
}
