import { crc32 } from "node:zlib";
import type { ClusterSpecBody, Fault } from "@berth/contract";
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

/** What a new cluster's plan depends on: the projects, and what is open in the region. */
export interface Ground extends RegionGround {
  readonly projects: readonly { readonly id: ProjectId }[];
}

export interface RegionGround {
  readonly regions: ReadonlyMap<string, readonly string[]>;
  readonly kubes: readonly KubeCapacity[];
}

export async function readGround(sql: Sql, organizationId: OrganizationId, region: string): Promise<Ground> {
  const [projects, ground] = await Promise.all([listProjects(sql, organizationId), readRegion(sql, region, "full")]);
  return { projects, ...ground };
}

/** `detail` is how much of the kubes is read: see findKubeCapacities. */
export async function readRegion(sql: Sql, region: string, detail: "full" | "types"): Promise<RegionGround> {
  const [regions, kubes] = await Promise.all([listOpenRegions(sql), findKubeCapacities(sql, region, detail)]);
  return { regions, kubes };
}

/**
 * Everything that a create checks before it writes, and all that a dry run and an estimate check: one function, so that they
 * cannot differ. Picks the kube: of those in the region where every instance could have a place, the one with the fewest
 * clusters.
 *
 * The same `seed`, a cluster's name, gives the same zones, so that a dry run and its create agree; different ones spread.
 * Refuses with every fault of the body, at the pointers as the caller wrote it.
 */
export function planNewCluster(
  ground: Ground,
  organizationId: OrganizationId,
  body: ClusterSpecBody,
  seed: string,
  now: Date,
): Result<NewClusterPlan, Refusal> {
  const { regions, kubes } = ground;
  const project = projectOf(ground, body.project_id);
  if (!project.ok) return project;
  const offset = crc32(`${organizationId}/${seed}`);

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

function projectOf({ projects }: Ground, wanted: string | undefined): Result<ProjectId, Refusal> {
  const project = wanted === undefined ? projects[0] : projects.find(({ id }) => id === wanted);
  return project === undefined ? UNKNOWN_PROJECT : ok(project.id);
}

const UNKNOWN_PROJECT = refuseField("/project_id", "unknown_project", "The organization has no such project.");

function toRefusal(faults: readonly Fault[], body: ClusterSpecBody): Refusal {
  const errors = faults.map((fault) => ({ ...fault, pointer: pointerInBody(fault, body) }));
  const first = errors[0];
  return {
    code: errors.some((one) => one.code === "topology_invalid") ? "topology_invalid" : "validation_failed",
    detail: first === undefined ? "The cluster cannot be made." : `${first.pointer}: ${first.detail}`,
    errors,
  };
}
