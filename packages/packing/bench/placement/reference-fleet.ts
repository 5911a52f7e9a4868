import { es10k } from "@berth/testing";
import type { CaseType, InstanceRequest, LaunchOption } from "../../src/index.ts";

/** ES-10k as placing takes it: one pool without limits, every instance with data and a vote. */
export interface ReferenceFleet {
  readonly options: readonly LaunchOption[];
  /** By cluster, in the order of the case. */
  readonly clusters: readonly (readonly InstanceRequest[])[];
}

export function referenceFleet(...args: Parameters<typeof es10k>): ReferenceFleet {
  const { types, instances } = es10k(...args);
  const clusters = new Map<string, InstanceRequest[]>();
  for (const { name, cluster: clusterId = name, tenant = clusterId, zones, ...size } of instances) {
    const [zone = ""] = zones;
    const duties = { holdsData: true, masterEligible: true };
    const requests = clusters.get(clusterId) ?? [];
    clusters.set(clusterId, requests);
    requests.push({ instanceId: name, clusterId, organizationId: tenant, ...size, zone, ...duties });
  }
  return { options: types.flatMap(optionsOf), clusters: [...clusters.values()] };
}

function optionsOf({ name, priceMicroUsdPerHour, cpuMilli, memoryMib, volumes, instances, zones }: CaseType) {
  const allocatable = { cpuMilli, memoryMib, volumes, pods: instances };
  return zones.map(
    (zone): LaunchOption => ({
      poolId: "pool",
      zone,
      machineType: name,
      priceMicroUsdPerHour,
      allocatable,
      poolRoom: 1_000_000,
    }),
  );
}
