import type { Machine, MachineDetail } from "@berth/contract";
import type { LaunchRow, MachineRow, ResidentRow } from "@berth/db";
import { MACHINE_STATES, moneyFromMicroUsd } from "@berth/domain";
import { bytesOf, failureOf, fieldsOf, guardsOf, iso, isoOrNull, oneOf } from "../http/wire.ts";

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
      state: one.state,
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
