import {
  DECISION_OUTCOMES,
  type Kube,
  type Machine,
  type MachineDetail,
  type PlacementDecision,
  type PlacementDecisionDetail,
  type Pool,
} from "@berth/contract";
import { INSTANCE_STATES, MACHINE_STATES, moneyFromMicroUsd } from "@berth/domain";
import { bytesOf, failureOf, fieldsOf, guardsOf, iso, isoOrNull, labelsOf, listOf, textOf } from "../http/wire.ts";
import { oneOf } from "../operations/wire.ts";

export interface KubeRow {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly zones: readonly string[];
  readonly isStatic: boolean;
  readonly apiServerUrl: string;
  readonly storageClass: string;
  readonly version: string | null;
  readonly health: string;
  readonly healthMessage: string | null;
  readonly simulated: boolean;
  readonly waitingFor: unknown;
  readonly observedAt: Date | null;
  readonly createdAt: Date;
  readonly pools: number;
  readonly machines: number;
  readonly clusters: number;
}

export function toKubeBody(kube: KubeRow): Kube {
  return {
    id: kube.id,
    name: kube.name,
    region: kube.region,
    zones: [...kube.zones],
    static: kube.isStatic,
    simulated: kube.simulated,
    api_server_url: kube.apiServerUrl,
    storage_class: kube.storageClass,
    status: {
      health: oneOf(["healthy", "unreachable", "unknown"], kube.health),
      message: kube.healthMessage,
      version: kube.version,
      waiting_for: guardsOf(kube.waitingFor, kube.createdAt),
      observed_at: isoOrNull(kube.observedAt),
    },
    pools: kube.pools,
    machines: kube.machines,
    clusters: kube.clusters,
    created_at: iso(kube.createdAt),
  };
}

export interface PoolRow {
  readonly id: string;
  readonly kubeId: string;
  readonly name: string;
  readonly zones: readonly string[];
  readonly machineTypes: readonly string[];
  readonly instancesPerMachine: number;
  readonly cpuLimitPercent: number;
  readonly emptyAfterSeconds: number;
  readonly maxMachines: number;
  readonly imageId: string;
  readonly subnetIds: unknown;
  readonly securityGroupIds: readonly string[];
  readonly instanceProfile: string | null;
  readonly createdAt: Date;
  readonly machines: number;
}

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
    image_id: pool.imageId,
    subnet_ids: labelsOf(pool.subnetIds),
    security_group_ids: [...pool.securityGroupIds],
    instance_profile: pool.instanceProfile,
    machines: pool.machines,
    created_at: iso(pool.createdAt),
  };
}

export interface MachineRow {
  readonly id: string;
  readonly kubeId: string;
  readonly poolId: string;
  readonly state: string;
  readonly nodeName: string;
  readonly zone: string;
  readonly machineType: string;
  readonly priceMicroUsdPerHour: number;
  readonly allocatable: unknown;
  readonly cloudInstanceId: string | null;
  readonly attempt: number;
  readonly waitingFor: unknown;
  readonly lastFailure: unknown;
  readonly createdAt: Date;
  readonly launchedAt: Date | null;
  readonly readyAt: Date | null;
  readonly emptySince: Date | null;
  readonly terminatedAt: Date | null;
  readonly observedAt: Date | null;
}

export interface ResidentRow {
  readonly id: string;
  readonly organizationId: string;
  readonly clusterId: string;
  readonly machineId: string | null;
  readonly podName: string;
  readonly state: string;
  readonly decisionId: string | null;
  readonly cpuMilli: number;
  readonly memoryMib: number;
}

export interface LaunchRow {
  readonly attempt: number;
  readonly machineType: string;
  readonly zone: string;
  readonly outcome: string;
  readonly message: string | null;
  readonly createdAt: Date;
}

export function toMachineBody(machine: MachineRow, residents: readonly ResidentRow[]): Machine {
  const allocatable = fieldsOf(machine.allocatable);
  const number = (value: unknown) => (typeof value === "number" ? value : 0);
  return {
    id: machine.id,
    kube_id: machine.kubeId,
    pool_id: machine.poolId,
    node_name: machine.nodeName,
    zone: machine.zone,
    machine_type: machine.machineType,
    price_per_hour: moneyFromMicroUsd(machine.priceMicroUsdPerHour),
    allocatable: {
      cpu_millis: number(allocatable.cpuMilli),
      memory_bytes: bytesOf(number(allocatable.memoryMib)),
      volumes: number(allocatable.volumes),
      instances: number(allocatable.pods),
    },
    requested: {
      cpu_millis: residents.reduce((total, one) => total + one.cpuMilli, 0),
      memory_bytes: bytesOf(residents.reduce((total, one) => total + one.memoryMib, 0)),
      volumes: residents.length,
      instances: residents.length,
    },
    cloud_instance_id: machine.cloudInstanceId,
    attempt: machine.attempt,
    status: {
      state: oneOf(MACHINE_STATES, machine.state),
      waiting_for: guardsOf(machine.waitingFor, machine.createdAt),
      last_failure: failureOf(machine.lastFailure),
      observed_at: isoOrNull(machine.observedAt),
    },
    created_at: iso(machine.createdAt),
    launched_at: isoOrNull(machine.launchedAt),
    ready_at: isoOrNull(machine.readyAt),
    empty_since: isoOrNull(machine.emptySince),
    terminated_at: isoOrNull(machine.terminatedAt),
  };
}

export function toMachineDetailBody(
  machine: MachineRow,
  residents: readonly ResidentRow[],
  launches: readonly LaunchRow[],
): MachineDetail {
  return {
    ...toMachineBody(machine, residents),
    instances: residents.map((one) => ({
      id: one.id,
      organization_id: one.organizationId,
      cluster_id: one.clusterId,
      name: one.podName,
      state: oneOf(INSTANCE_STATES, one.state),
      cpu_millis: one.cpuMilli,
      memory_bytes: bytesOf(one.memoryMib),
      decision_id: one.decisionId,
    })),
    launches: launches.map((launch) => ({
      attempt: launch.attempt,
      machine_type: launch.machineType,
      zone: launch.zone,
      outcome: oneOf(["pending", "launched", "refused"], launch.outcome),
      message: launch.message,
      created_at: iso(launch.createdAt),
    })),
  };
}

export interface DecisionRow {
  readonly id: string;
  readonly kubeId: string;
  readonly organizationId: string;
  readonly clusterId: string;
  readonly instanceId: string;
  readonly outcome: string;
  readonly nodeName: string | null;
  readonly machineId: string | null;
  readonly candidates: unknown;
  readonly reasons: unknown;
  readonly executedAt: Date | null;
  readonly verdict: string | null;
  readonly createdAt: Date;
}

export function toDecisionBody(
  decision: Omit<DecisionRow, "candidates" | "reasons">,
  candidates: number,
): PlacementDecision {
  return {
    id: decision.id,
    kube_id: decision.kubeId,
    organization_id: decision.organizationId,
    cluster_id: decision.clusterId,
    instance_id: decision.instanceId,
    outcome: oneOf(DECISION_OUTCOMES, decision.outcome),
    node_name: decision.nodeName,
    machine_id: decision.machineId,
    candidates,
    executed_at: isoOrNull(decision.executedAt),
    verdict: decision.verdict,
    created_at: iso(decision.createdAt),
  };
}

export function toDecisionDetailBody(decision: DecisionRow): PlacementDecisionDetail {
  return {
    ...toDecisionBody(decision, 0),
    candidates: listOf(decision.candidates)
      .map(fieldsOf)
      .map((one) => ({
        target: textOf(one.target) ?? "",
        machine_type: textOf(one.machineType) ?? "",
        zone: textOf(one.zone) ?? "",
        pool_id: textOf(one.poolId) ?? null,
        price_per_hour:
          typeof one.priceMicroUsdPerHour === "number" ? moneyFromMicroUsd(one.priceMicroUsdPerHour) : null,
        rejection: one.rejection === undefined || one.rejection === null ? null : { ...fieldsOf(one.rejection) },
        score: typeof one.score === "number" ? one.score : null,
      })),
    reasons: [...listOf(decision.reasons)],
  };
}
