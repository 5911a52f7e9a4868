import { FAMILIES_OF_FIXED_SIZE, familyAndSize, quarterUnits } from "../terms/size-factor.ts";

/** Machines of a type in a zone, or reserved instances for them. */
export interface CountOfType {
  readonly machineType: string;
  /** Null for regional reserved instances. */
  readonly zone: string | null;
  readonly count: number;
}

/** What one more machine of a type would cost, where what is reserved and idle pays for some of it. */
export interface MarginalPrice {
  readonly machineType: string;
  readonly microUsdPerHour: number;
}

/** A machine that is paid for costs this: of two of them the one that is worth more is still to be told. */
const PAID_FOR = 1;

/**
 * What one more machine of each type of a region would really cost: next to nothing where regional reserved instances that
 * nothing uses cover it, a part of its price where they cover a part. Only types for which that is less than their price.
 *
 * As AWS applies them: zonal ones cover machines of their type and zone first; regional ones of a family any size of what is
 * left, of a fixed size their own alone. Of several machines that are launched at once each is priced as the first: the next
 * look counts them as running.
 */
export function marginalPrices(
  reserved: readonly CountOfType[],
  running: readonly (CountOfType & { readonly zone: string })[],
  prices: readonly MarginalPrice[],
): MarginalPrice[] {
  const zonal = new Map<string, number>();
  for (const { machineType, zone, count } of reserved) {
    if (zone !== null) zonal.set(`${machineType} ${zone}`, (zonal.get(`${machineType} ${zone}`) ?? 0) + count);
  }
  const idle = new Map<string, number>();
  const add = (machineType: string, units: number) => {
    const pool = poolOf(machineType);
    if (pool !== undefined) idle.set(pool, (idle.get(pool) ?? 0) + units);
  };
  for (const { machineType, zone, count } of reserved) {
    if (zone === null) add(machineType, count * (quarterUnits(machineType) ?? 0));
  }
  for (const { machineType, zone, count } of running) {
    const covered = Math.min(count, zonal.get(`${machineType} ${zone}`) ?? 0);
    add(machineType, -(count - covered) * (quarterUnits(machineType) ?? 0));
  }
  return prices.flatMap(({ machineType, microUsdPerHour }): MarginalPrice[] => {
    const units = quarterUnits(machineType) ?? 0;
    const left = idle.get(poolOf(machineType) ?? "") ?? 0;
    if (units === 0 || left <= 0) return [];
    const rest = Math.ceil(microUsdPerHour * Math.max(0, 1 - left / units));
    return [{ machineType, microUsdPerHour: Math.max(PAID_FOR, rest) }];
  });
}

/** What regional reserved instances of a type are pooled in. */
function poolOf(machineType: string): string | undefined {
  const family = familyAndSize(machineType)?.family;
  return family !== undefined && FAMILIES_OF_FIXED_SIZE.has(family) ? machineType : family;
}
