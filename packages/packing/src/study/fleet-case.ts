import type { CaseInstance, CaseType, PackingCase, PackingPolicy } from "../case/packing-case.ts";
import { launchOptions, type ObservedAllocatable, type Offering, type PoolPolicy } from "../launch-options.ts";

/** A kube's fleet as a study sees it. */
export interface StudyFleet {
  readonly pools: readonly PoolPolicy[];
  readonly offerings: readonly Offering[];
  readonly observed: readonly ObservedAllocatable[];
  /** Not gone: also those on their way. */
  readonly machines: readonly StudyMachine[];
  readonly instances: readonly StudyInstance[];
}

export interface StudyMachine {
  readonly nodeName: string;
  readonly zone: string;
  readonly machineType: string;
  readonly priceMicroUsdPerHour: number;
}

export interface StudyInstance {
  readonly clusterId: string;
  readonly organizationId: string;
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly volumes: number;
  /** Where its volume is, for ever; several where it has none yet. */
  readonly zones: readonly string[];
  /** Where it sits or was sent; undefined while it waits. */
  readonly nodeName: string | undefined;
}

export interface FleetCase {
  /** The fleet's instances in their order, and after them what headroom asks for. Names say nothing of tenants. */
  readonly packing: PackingCase;
  readonly policy: PackingPolicy;
}

/**
 * A fleet as a packing case: what the kube's pools may launch, and everything that must run.
 *
 * Clusters, tenants and instances are numbered, so that the case's files can be given to anyone. A type that pools offer with
 * different room is one for each. The strictest tenant share holds for all. Headroom is instances of nobody, in each zone of
 * its pool. What passes is left out: lack of capacity, held zones, caps on machines and on spend.
 */
export function fleetCase({ pools, offerings, observed, instances }: StudyFleet): FleetCase {
  const clusters = numbers("c");
  const tenants = numbers("t");
  const real = instances.map(
    ({ clusterId, organizationId, cpuMilli, memoryMib, volumes, zones }, index): CaseInstance => ({
      name: `i${index + 1}`,
      cluster: clusters(clusterId),
      tenant: tenants(organizationId),
      cpuMilli,
      memoryMib,
      volumes,
      zones: [...new Set(zones)].sort(),
    }),
  );
  const kept = pools.flatMap(({ headroom, zones, poolId }) =>
    zones.flatMap((zone) =>
      Array.from(
        { length: headroom?.instances ?? 0 },
        (_, n): CaseInstance => ({
          name: `headroom-${poolId}-${zone}-${n + 1}`,
          cluster: undefined,
          tenant: undefined,
          cpuMilli: headroom?.cpuMilli ?? 0,
          memoryMib: headroom?.memoryMib ?? 0,
          volumes: headroom?.volumes ?? 0,
          zones: [zone],
        }),
      ),
    ),
  );
  const share = pools.reduce((least, { tenantSharePercent = 100 }) => Math.min(least, tenantSharePercent), 100);
  return {
    packing: { types: caseTypes(pools, offerings, observed), instances: [...real, ...kept] },
    policy: { tenantSharePercent: share },
  };
}

/** What the pools may launch, whatever stands in the way just now: one type for each price and each room, with its zones. */
function caseTypes(
  pools: readonly PoolPolicy[],
  offerings: readonly Offering[],
  observed: readonly ObservedAllocatable[],
): CaseType[] {
  const types = new Map<string, Omit<CaseType, "name" | "zones"> & { machineType: string; zones: Set<string> }>();
  for (const { zone, machineType, priceMicroUsdPerHour, allocatable } of launchOptions(
    pools,
    offerings.map((one) => ({ ...one, unavailableUntil: null })),
    observed,
    [],
    ANY_TIME,
  )) {
    const { cpuMilli, memoryMib, volumes, pods: slots } = allocatable;
    const key = JSON.stringify([machineType, priceMicroUsdPerHour, cpuMilli, memoryMib, volumes, slots]);
    const known = types.get(key) ?? {
      machineType,
      priceMicroUsdPerHour,
      cpuMilli,
      memoryMib,
      volumes,
      instances: slots,
      zones: new Set(),
    };
    known.zones.add(zone);
    types.set(key, known);
  }
  const seen = new Map<string, number>();
  return [...types.values()]
    .filter(({ priceMicroUsdPerHour, instances }) => priceMicroUsdPerHour > 0 && instances > 0)
    .map(({ machineType, zones, ...room }) => {
      const times = (seen.get(machineType) ?? 0) + 1;
      seen.set(machineType, times);
      return { name: times === 1 ? machineType : `${machineType}/${times}`, ...room, zones: [...zones].sort() };
    });
}

/** Nothing lacks for a while here, so the moment says nothing. */
const ANY_TIME = new Date(0);

/** The machine type behind a type of the case. */
export function machineTypeOf(name: string): string {
  return name.split("/")[0] ?? name;
}

function numbers(prefix: string): (id: string) => string {
  const known = new Map<string, string>();
  return (id) => {
    const name = known.get(id) ?? `${prefix}${known.size + 1}`;
    known.set(id, name);
    return name;
  };
}
