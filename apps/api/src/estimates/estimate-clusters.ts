import type { ClusterSpecBody, Estimate, EstimateBody, Fault } from "@berth/contract";
import { type KubeCapacity, readFleetQuota, type ScopedDatabase } from "@berth/db";
import { type ClusterPlan, demandOf, HOURS_PER_MONTH, type OrganizationId, ok, type Result } from "@berth/domain";
import { type PreviewedInstance, previewPlacements } from "../clusters/capacity.ts";
import { type Ground, planNewCluster, readGround } from "../clusters/plan-new-cluster.ts";
import type { ApiDeps } from "../deps.ts";
import { type Refusal, refuse } from "../http/refusal.ts";
import { toAdmission } from "../quotas/wire.ts";
import { toClusterEstimate, toPrices, toTotals } from "./wire.ts";

interface Planned {
  readonly plan: ClusterPlan;
  readonly kube: KubeCapacity;
}

/**
 * What clusters would cost, and whether they could be had: by the checks of a create, and the packer with all of them at once.
 *
 * Stores nothing. Refuses with every fault of every cluster.
 */
export async function estimateClusters(
  deps: ApiDeps,
  db: ScopedDatabase,
  organizationId: OrganizationId,
  body: EstimateBody,
): Promise<Result<Estimate, Refusal>> {
  const now = deps.clock.now();
  const specs = specsOf(body);
  const regions = [...new Set(specs.map(({ region }) => region))];
  const [usage, ...read] = await Promise.all([
    readFleetQuota(db, organizationId),
    ...regions.map((region) => readGround(db, organizationId, region)),
  ]);
  const grounds = new Map(regions.map((region, index) => [region, read[index]]));
  const planned = planAll(specs, grounds, organizationId, now, (index) =>
    body.clusters === undefined ? "" : `/clusters/${index}`,
  );
  if (!planned.ok) return planned;

  const plans = planned.value.map(({ plan }) => plan);
  const places = placeAll(planned.value, now);
  const clusters = planned.value.map(({ plan, kube }, index) =>
    toClusterEstimate(plan, kube, places[index] ?? [], now),
  );
  const demand = demandOf(plans);
  return ok({
    clusters,
    feasible: clusters.every((one) => one.feasible),
    ...toPrices(demand.microUsdPerHour),
    ...toTotals(plans.flatMap(({ components }) => components)),
    hours_per_month: HOURS_PER_MONTH,
    admission: toAdmission(usage, demand),
  });
}

function specsOf({ clusters, region, ...rest }: EstimateBody): readonly ClusterSpecBody[] {
  if (clusters !== undefined) return clusters;
  if (region === undefined) throw new Error("the contract lets no body without a region pass");
  return [{ ...rest, region }];
}

function planAll(
  specs: readonly ClusterSpecBody[],
  grounds: ReadonlyMap<string, Ground | undefined>,
  organizationId: OrganizationId,
  now: Date,
  pointerOf: (index: number) => string,
): Result<readonly Planned[], Refusal> {
  const planned: Planned[] = [];
  const refusals: Refusal[] = [];
  const errors: Fault[] = [];
  specs.forEach((spec, index) => {
    const ground = grounds.get(spec.region);
    if (ground === undefined) throw new Error("every region was read");
    const one = planNewCluster(ground, organizationId, spec, `estimate ${index}`, now);
    if (one.ok) {
      planned.push(one.value);
      return;
    }
    refusals.push(one.error);
    errors.push(...(one.error.errors ?? []).map((fault) => ({ ...fault, pointer: pointerOf(index) + fault.pointer })));
  });
  const [first] = refusals;
  if (first === undefined) return ok(planned);
  const topology = refusals.find((one) => one.code === "topology_invalid");
  return refuse((topology ?? first).code, `${errors[0]?.pointer ?? ""}: ${errors[0]?.detail ?? first.detail}`, {
    errors,
  });
}

/** The places of each cluster, in their order; those of one kube are placed together, so that none is promised twice. */
function placeAll(planned: readonly Planned[], now: Date): (readonly PreviewedInstance[])[] {
  const places: (readonly PreviewedInstance[])[] = planned.map(() => []);
  for (const kube of new Set(planned.map((one) => one.kube))) {
    const indices = planned.flatMap((one, index) => (one.kube === kube ? [index] : []));
    const previews = previewPlacements(
      indices.flatMap((index) => planned[index]?.plan ?? []),
      kube,
      now,
    );
    indices.forEach((index, place) => {
      places[index] = previews[place] ?? [];
    });
  }
  return places;
}
