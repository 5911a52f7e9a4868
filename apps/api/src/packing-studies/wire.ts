import type { Packing, PackingStudy } from "@berth/contract";
import type { PackingStudyRow } from "@berth/db";
import { moneyFromMicroUsd, moneyFromNanoUsd } from "@berth/domain";
import type {
  ColdPlanResult,
  DensityPoint,
  PlanFigures,
  SimulatedFleet,
  SimulationResult,
  StudyRequest,
} from "@berth/packing";
import { failureOf, iso, isoOrNull } from "../http/wire.ts";
import { ratioOf, shareOf } from "../packing/ratio.ts";

export function toPackingStudyBody(study: PackingStudyRow): PackingStudy {
  const { kind, result } = study;
  const ofKind = <T>(wanted: typeof kind) => (kind === wanted && result !== null ? (result as T) : undefined);
  const cold = ofKind<ColdPlanResult>("cold_plan");
  const curve = ofKind<{ readonly points: readonly DensityPoint[] }>("density_curve");
  const simulation = ofKind<SimulationResult>("simulation");
  return {
    id: study.id,
    kube_id: study.kubeId,
    kind,
    state: study.state,
    progress: { percent: study.progressPercent, step: study.step === "" ? null : study.step },
    what_if: whatIfOf(study.request as StudyRequest),
    failure: failureOf(study.failure),
    cold_plan: cold === undefined ? null : toColdPlan(cold),
    density_curve: curve === undefined ? null : toCurve(curve.points),
    simulation: simulation === undefined ? null : toSimulation(simulation),
    created_by: study.createdBy,
    created_at: iso(study.createdAt),
    started_at: isoOrNull(study.startedAt),
    finished_at: isoOrNull(study.finishedAt),
  };
}

/** A cold plan that succeeded, as packing shows it. */
export function toPastColdPlan(study: PackingStudyRow): Packing["cold_plans"][number] {
  const { fleet_cost_ratio, plan_cost_ratio, verified, stranded_per_hour, recoverable_per_hour } = toColdPlan(
    study.result as ColdPlanResult,
  );
  return {
    packing_study_id: study.id,
    kube_id: study.kubeId,
    fleet_cost_ratio,
    plan_cost_ratio,
    verified,
    stranded_per_hour,
    recoverable_per_hour,
    finished_at: iso(study.finishedAt ?? study.createdAt),
  };
}

function whatIfOf(request: StudyRequest): PackingStudy["what_if"] {
  if (request.kind !== "simulation") return null;
  const { withoutFamilies, withoutZones, customers, newClusters, instancesPerMachine } = request.whatIf;
  return {
    ...(withoutFamilies === undefined ? {} : { without_families: [...withoutFamilies] }),
    ...(withoutZones === undefined ? {} : { without_zones: [...withoutZones] }),
    ...(customers === undefined ? {} : { customers }),
    ...(newClusters === undefined
      ? {}
      : { new_clusters: newClusters.map(({ clusters, instances, size }) => ({ clusters, instances, size })) }),
    ...(instancesPerMachine === undefined ? {} : { instances_per_machine: instancesPerMachine }),
  };
}

function toColdPlan(result: ColdPlanResult): NonNullable<PackingStudy["cold_plan"]> {
  const bound = Number(result.lowerBoundNanoUsdPerHour) / 1000;
  const over = (price: number) => shareOf(price, bound);
  const { priceMicroUsdPerHour: planPrice } = result.plan;
  return {
    plan: toPlanned(result.plan),
    plan_cost_ratio: over(planPrice),
    fleet_price_per_hour: moneyFromMicroUsd(result.fleetMicroUsdPerHour),
    fleet_machines: result.fleetMachines,
    fleet_cost_ratio: over(result.fleetMicroUsdPerHour),
    lower_bound_per_hour: moneyFromNanoUsd(BigInt(result.lowerBoundNanoUsdPerHour)),
    proof_gap: ratioOf(result.proofGap),
    verified: result.verified,
    refusals: [...result.refusals],
    stranded_per_hour: moneyFromMicroUsd(result.strandedMicroUsdPerHour),
    stranded: result.stranded.map(({ nodeName, strandedMicroUsdPerHour }) => ({
      node_name: nodeName,
      stranded_per_hour: moneyFromMicroUsd(strandedMicroUsdPerHour),
    })),
    recoverable_per_hour: moneyFromMicroUsd(Math.max(0, result.fleetMicroUsdPerHour - planPrice)),
    instances_without_place: result.instancesWithoutPlace,
    violations: result.violations,
    iterations: result.iterations,
    rounds: result.rounds,
  };
}

function toPlanned(figures: PlanFigures) {
  return {
    price_per_hour: moneyFromMicroUsd(figures.priceMicroUsdPerHour),
    machines: figures.machines,
    instances: figures.instances,
    machines_by_type: figures.machinesByType.map(({ machineType, machines }) => ({
      machine_type: machineType,
      machines,
    })),
    density: { mean: ratioOf(figures.densityMean) ?? 0, max: figures.densityMax },
    blast_radius: {
      instances: ratioOf(figures.blastRadius) ?? 0,
      tenant: ratioOf(figures.tenantBlastRadius) ?? 0,
    },
  };
}

function toCurve(points: readonly DensityPoint[]): NonNullable<PackingStudy["density_curve"]> {
  const uncapped = points.find(({ cap }) => cap === undefined)?.priceMicroUsdPerHour ?? 0;
  return {
    points: points.map(({ cap, priceMicroUsdPerHour, machines, densityMean, densityMax }) => ({
      instances_per_machine: cap ?? null,
      price_per_hour: moneyFromMicroUsd(priceMicroUsdPerHour),
      over_uncapped: ratioOf(uncapped === 0 ? undefined : priceMicroUsdPerHour / uncapped - 1),
      machines,
      density: { mean: ratioOf(densityMean) ?? 0, max: densityMax },
    })),
  };
}

function toSimulated(fleet: SimulatedFleet) {
  return {
    ...toPlanned(fleet),
    cost_ratio: ratioOf(fleet.costRatio),
    zones: fleet.zones.map((one) => ({ ...one, share: ratioOf(one.share) ?? 0 })),
  };
}

function toSimulation(result: SimulationResult): NonNullable<PackingStudy["simulation"]> {
  return {
    fleet_price_per_hour: moneyFromMicroUsd(result.fleetMicroUsdPerHour),
    fleet_machines: result.fleetMachines,
    before: toSimulated(result.before),
    after: {
      ...toSimulated(result.after),
      instances_restored_elsewhere: result.after.restoredElsewhere,
      instances_without_place: result.after.withoutPlace,
    },
  };
}
