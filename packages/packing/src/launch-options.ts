import { type Allocatable, estimateAllocatable } from "@berth/domain";
import type { LaunchOption, PoolRules } from "./types.ts";

/** What a pool lets be launched. */
export interface PoolPolicy extends PoolRules {
  readonly zones: readonly string[];
  readonly machineTypes: readonly string[];
  readonly instancesPerMachine: number;
  readonly maxMachines: number;
  /** What its machines may cost an hour, together. */
  readonly spendCapMicroUsdPerHour?: number;
  /** Zones where nothing is launched for now. */
  readonly heldZones?: readonly string[];
}

/** A machine type in a zone of the region, as the catalogue has it. */
export interface Offering {
  readonly zone: string;
  readonly machineType: string;
  readonly priceMicroUsdPerHour: number;
  readonly vcpu: number;
  readonly memoryMib: number;
  readonly ebsVolumeLimit: number;
  /** `shared` with network cards; anything else counts as volumes' own. */
  readonly ebsVolumeLimitType: string;
  /** Capacity lacked: not tried again before. */
  readonly unavailableUntil: Date | null;
}

/** What machines of a type were seen to leave for instances, launched as the pool launches now. */
export interface ObservedAllocatable {
  readonly poolId: string;
  readonly machineType: string;
  readonly cpuMilli: number;
  readonly memoryMib: number;
}

/** Machines on their way out make room for others. They are paid for until they are gone. */
const LEAVING = ["terminating", "terminated", "failed"];
const GONE = ["terminated", "failed"];

/**
 * What could be launched into the pools now; one that cannot is there too, closed and with the reason.
 *
 * What machines of a type were seen to offer goes before what the catalogue makes one expect: a type that offers less than
 * it should would be launched again and again for an instance that never fits.
 */
export function launchOptions(
  pools: readonly PoolPolicy[],
  offerings: readonly Offering[],
  observed: readonly ObservedAllocatable[],
  machines: readonly { readonly poolId: string; readonly state: string; readonly priceMicroUsdPerHour: number }[],
  now: Date,
): LaunchOption[] {
  return pools.flatMap((pool) => {
    const ofPool = machines.filter((one) => one.poolId === pool.poolId);
    const alive = ofPool.filter((one) => !LEAVING.includes(one.state));
    const poolRoom = Math.max(0, pool.maxMachines - alive.length);
    const cap = pool.spendCapMicroUsdPerHour;
    const spent = ofPool
      .filter((one) => !GONE.includes(one.state))
      .reduce((sum, one) => sum + one.priceMicroUsdPerHour, 0);
    return offerings
      .filter((one) => pool.zones.includes(one.zone) && pool.machineTypes.includes(one.machineType))
      .map((offering): LaunchOption => {
        const lacking = offering.unavailableUntil !== null && offering.unavailableUntil > now;
        const held = pool.heldZones?.includes(offering.zone) ?? false;
        const closed = held
          ? "zone_held"
          : poolRoom === 0
            ? "pool_full"
            : lacking
              ? "insufficient_capacity"
              : undefined;
        return {
          poolId: pool.poolId,
          zone: offering.zone,
          machineType: offering.machineType,
          priceMicroUsdPerHour: offering.priceMicroUsdPerHour,
          allocatable: {
            ...offeredAllocatable(offering, pool.instancesPerMachine),
            ...observedOf(observed, pool.poolId, offering.machineType),
          },
          poolRoom,
          ...(cap === undefined ? {} : { poolSpendRoomMicroUsdPerHour: Math.max(0, cap - spent) }),
          ...(closed === undefined ? {} : { closed }),
        };
      });
  });
}

function observedOf(
  observed: readonly ObservedAllocatable[],
  poolId: string,
  machineType: string,
): Pick<Allocatable, "cpuMilli" | "memoryMib"> | undefined {
  const found = observed.find((one) => one.poolId === poolId && one.machineType === machineType);
  return found === undefined ? undefined : { cpuMilli: found.cpuMilli, memoryMib: found.memoryMib };
}

/** The estimate for a machine of this type, before one has been seen. */
export function offeredAllocatable(
  offering: Pick<Offering, "machineType" | "vcpu" | "memoryMib" | "ebsVolumeLimit" | "ebsVolumeLimitType">,
  instancesPerMachine: number,
): Allocatable {
  const { machineType: name, vcpu, memoryMib, ebsVolumeLimit } = offering;
  const ebsVolumeLimitType = offering.ebsVolumeLimitType === "shared" ? "shared" : "dedicated";
  return estimateAllocatable({ name, vcpu, memoryMib, ebsVolumeLimit, ebsVolumeLimitType }, instancesPerMachine);
}
