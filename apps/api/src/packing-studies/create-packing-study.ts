import type { CreatePackingStudyBody } from "@berth/contract";
import { findKube, insertPackingStudy, listPools, type PackingStudyRow, type PrismaTx } from "@berth/db";
import { findSize, type KubeId, type OrganizationId, ok, type Result } from "@berth/domain";
import type { StudyRequest } from "@berth/packing";
import type { ApiDeps } from "../deps.ts";
import { type Refusal, refuseField } from "../http/refusal.ts";

type WhatIfBody = Extract<CreatePackingStudyBody, { kind: "simulation" }>["what_if"];

const MOST_NEW_INSTANCES = 100_000;

/** Asks for a study: a worker begins it at once. One transaction, the caller's. */
export async function createPackingStudy(
  deps: ApiDeps,
  tx: PrismaTx,
  asked: {
    readonly body: CreatePackingStudyBody;
    readonly organizationId: OrganizationId;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<PackingStudyRow, Refusal>> {
  const { body, organizationId, actor, requestId } = asked;
  const kube = await findKube(tx, body.kube_id);
  if (kube === undefined) return refuseField("/kube_id", "unknown_kube", "There is no such kube.");
  if (body.kind === "simulation") {
    const fault = await unknownWord(tx, kube, body.what_if);
    if (fault !== undefined) return fault;
  }
  const id = deps.ids.next("packingStudy");
  const kubeId = kube.id as KubeId;
  const request = requestOf(body);
  const study = { id, kubeId, kind: body.kind, request, organizationId, actor, requestId };
  return ok(await insertPackingStudy(tx, deps.ids, study));
}

/** A family, zone or size that is not there: to leave it out would change nothing, and say that nothing changes. */
async function unknownWord(
  tx: PrismaTx,
  kube: { readonly id: string; readonly zones: readonly string[] },
  { without_families = [], without_zones = [], new_clusters = [] }: WhatIfBody,
) {
  const size = new_clusters.findIndex((one) => findSize(one.size) === undefined);
  if (size >= 0) {
    return refuseField(`/what_if/new_clusters/${size}/size`, "unknown_size", "No such size; see GET /v1/sizes.");
  }
  const instances = new_clusters.reduce((sum, one) => sum + one.clusters * one.instances, 0);
  if (instances > MOST_NEW_INSTANCES) {
    const detail = `New clusters may have ${MOST_NEW_INSTANCES} instances in all, not ${instances}.`;
    return refuseField("/what_if/new_clusters", "too_many_instances", detail);
  }
  const zone = without_zones.findIndex((one) => !kube.zones.includes(one));
  if (zone >= 0) {
    const detail = `The kube has no zone ${without_zones[zone]}: it has ${kube.zones.join(", ")}.`;
    return refuseField(`/what_if/without_zones/${zone}`, "unknown_zone", detail);
  }
  const pools = await listPools(tx, { kubeId: kube.id, order: "ascending", limit: 1000 });
  const types = pools.rows.flatMap(({ machineTypes }) => machineTypes);
  const families = [...new Set(types.map((type) => type.split(".")[0] ?? type))].sort();
  const family = without_families.findIndex((one) => !families.includes(one));
  if (family < 0) return undefined;
  const detail = `No pool of the kube has a type of ${without_families[family]}: they have ${families.join(", ") || "none"}.`;
  return refuseField(`/what_if/without_families/${family}`, "unknown_family", detail);
}

/** The engine's request, with what was left open filled in: it is stored whole, so that it can be run again as it was. */
function requestOf(body: CreatePackingStudyBody): StudyRequest {
  const seed = body.seed ?? 1;
  switch (body.kind) {
    case "cold_plan":
      return { kind: body.kind, seed, seconds: body.seconds ?? 30, boundSeconds: body.bound_seconds ?? 60 };
    case "density_curve":
      return { kind: body.kind, seed, seconds: body.seconds ?? 5 };
    case "simulation":
      return { kind: body.kind, seed, seconds: body.seconds ?? 5, whatIf: whatIfOf(body.what_if) };
  }
}

function whatIfOf({ without_families, without_zones, customers, new_clusters, instances_per_machine }: WhatIfBody) {
  return {
    ...(without_families === undefined ? {} : { withoutFamilies: without_families }),
    ...(without_zones === undefined ? {} : { withoutZones: without_zones }),
    ...(customers === undefined ? {} : { customers }),
    ...(new_clusters === undefined ? {} : { newClusters: new_clusters.flatMap(sized) }),
    ...(instances_per_machine === undefined ? {} : { instancesPerMachine: instances_per_machine }),
  };
}

function sized(one: NonNullable<WhatIfBody["new_clusters"]>[number]) {
  const size = findSize(one.size);
  return size === undefined ? [] : [{ ...one, cpuMilli: size.cpuMilli, memoryMib: size.memoryMib }];
}
