/**
 * The size catalogue. CPU is the request; the limit is the request times the pool's ratio. Memory request equals limit.
 *
 * The ratio of 1.5 vCPU to 8 GiB is the mean of the reference fleet (1.16 vCPU to 6.1 GiB); storage is 30 times memory,
 * the general-purpose ratio of the field. Prices are ours: integer micro-dollars an hour.
 */
export interface Size {
  readonly name: string;
  readonly memoryMib: number;
  readonly cpuMilli: number;
  readonly defaultStorageMib: number;
  readonly priceMicroUsdPerHour: number;
}

const GIB = 1024;

export const SIZES: readonly Size[] = [
  { name: "1g", memoryMib: 1 * GIB, cpuMilli: 250, defaultStorageMib: 30 * GIB, priceMicroUsdPerHour: 22_000 },
  { name: "2g", memoryMib: 2 * GIB, cpuMilli: 400, defaultStorageMib: 60 * GIB, priceMicroUsdPerHour: 44_000 },
  { name: "4g", memoryMib: 4 * GIB, cpuMilli: 750, defaultStorageMib: 120 * GIB, priceMicroUsdPerHour: 88_000 },
  { name: "8g", memoryMib: 8 * GIB, cpuMilli: 1500, defaultStorageMib: 240 * GIB, priceMicroUsdPerHour: 176_000 },
  { name: "16g", memoryMib: 16 * GIB, cpuMilli: 3000, defaultStorageMib: 480 * GIB, priceMicroUsdPerHour: 352_000 },
  { name: "32g", memoryMib: 32 * GIB, cpuMilli: 6000, defaultStorageMib: 960 * GIB, priceMicroUsdPerHour: 704_000 },
  {
    name: "64g",
    memoryMib: 64 * GIB,
    cpuMilli: 12_000,
    defaultStorageMib: 1920 * GIB,
    priceMicroUsdPerHour: 1_408_000,
  },
];

/** CPU limit to CPU request in hundredths, where a pool does not say otherwise. */
export const USUAL_CPU_LIMIT_PERCENT = 400;

/** Price of a GiB of volume an hour beyond the size's own storage, in micro-dollars. */
export const STORAGE_MICRO_USD_PER_GIB_HOUR = 150;

export function findSize(name: string): Size | undefined {
  return SIZES.find((size) => size.name === name);
}

/** Price of one instance an hour, in micro-dollars: the size, and any storage beyond what it includes. */
export function instancePriceMicroUsdPerHour(size: Size, storageMib: number): number {
  const extraGib = Math.ceil(Math.max(0, storageMib - size.defaultStorageMib) / GIB);
  return size.priceMicroUsdPerHour + extraGib * STORAGE_MICRO_USD_PER_GIB_HOUR;
}
