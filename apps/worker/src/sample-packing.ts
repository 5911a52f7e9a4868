import { type Database, insertPackingSamples, listFleetNodes, listPools, type NewPackingSample } from "@berth/db";
import type { KubeId, PoolId } from "@berth/domain";
import { fleetFigures, fleetNodeOf } from "@berth/packing";

/** More than any installation has. */
const POOLS_READ = 10_000;

/**
 * Stores how full each pool is, for trends and forecasts: also of an empty one. Any worker does it, as often as it likes: of
 * each ten minutes the first sample stays. Gives how many were new.
 */
export async function samplePacking(database: Database): Promise<number> {
  const [nodes, pools] = await Promise.all([
    listFleetNodes(database, {}),
    listPools(database, { order: "ascending", limit: POOLS_READ }),
  ]);
  const samples = pools.rows.map(({ id, kubeId }): NewPackingSample => {
    const ofPool = nodes.filter(({ poolId }) => poolId === id).map(fleetNodeOf);
    const { machines, requested, allocatable, measured, ...figures } = fleetFigures(ofPool);
    return {
      poolId: id as PoolId,
      kubeId: kubeId as KubeId,
      machines: machines.ready + machines.coming + machines.leaving,
      instances: figures.instances,
      dataInstances: figures.dataInstances,
      priceMicroUsdPerHour: figures.priceMicroUsdPerHour,
      idleMicroUsdPerDay: figures.idleMicroUsdPerDay,
      requestedCpuMilli: requested.cpuMilli,
      requestedMemoryMib: requested.memoryMib,
      requestedVolumes: requested.volumes,
      allocatableCpuMilli: allocatable.cpuMilli,
      allocatableMemoryMib: allocatable.memoryMib,
      allocatableVolumes: allocatable.volumes,
      allocatableInstances: allocatable.pods,
      measuredInstances: measured.instances,
      measuredCpuMilli: measured.requested.cpuMilli,
      measuredMemoryMib: measured.requested.memoryMib,
      usedCpuMilli: measured.used.cpuMilli,
      usedMemoryMib: measured.used.memoryMib,
    };
  });
  return insertPackingSamples(database, samples);
}
