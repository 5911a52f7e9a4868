import { type Offering, offeredAllocatable } from "../launch-options.ts";

/** What the catalogue has for sale, with what tells which of it a customer's own machine would be. */
export type SaleOffering = Pick<
  Offering,
  "zone" | "machineType" | "priceMicroUsdPerHour" | "vcpu" | "memoryMib" | "ebsVolumeLimit" | "ebsVolumeLimitType"
> & { readonly architecture: string };

export interface SoloInstance {
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly volumes: number;
  readonly zone: string;
}

export interface OneMachineEachPrice {
  readonly priceMicroUsdPerHour: number;
  /** How many of each type in each zone. */
  readonly machines: readonly { readonly zone: string; readonly machineType: string; readonly count: number }[];
  /** Instances that no type in their zone holds: where there are any, the price is of the others alone. */
  readonly withoutType: number;
}

/** Burstable families have their CPU only while credits last (AWS, 2026). */
const BURSTABLE = /^t\d/;

/**
 * What the same instances would cost with a machine for each: of the types that the pools may launch and the smaller sizes of
 * their families, the cheapest that holds it in its zone, x86 and not burstable, with the same overheads and one instance to
 * a machine. Only what is in the catalogue can be compared with. O(classes x offerings + instances).
 */
export function oneMachineEachPrice(
  instances: readonly SoloInstance[],
  machineTypes: readonly string[],
  offerings: readonly SaleOffering[],
): OneMachineEachPrice {
  const offers = soloOffers(machineTypes, offerings);
  const cheapest = new Map<string, SoloOffer | undefined>();
  const machines = new Map<SoloOffer, number>();
  let price = 0;
  let withoutType = 0;
  for (const instance of instances) {
    const { cpuMilli, memoryMib, volumes, zone } = instance;
    const key = `${zone} ${cpuMilli} ${memoryMib} ${volumes}`;
    if (!cheapest.has(key)) cheapest.set(key, cheapestFor(instance, offers));
    const found = cheapest.get(key);
    if (found === undefined) withoutType += 1;
    else {
      price += found.priceMicroUsdPerHour;
      machines.set(found, (machines.get(found) ?? 0) + 1);
    }
  }
  const counted = [...machines].map(([{ zone, machineType }, count]) => ({ zone, machineType, count }));
  return { priceMicroUsdPerHour: price, machines: counted, withoutType };
}

type SoloOffer = ReturnType<typeof soloOffers>[number];

function soloOffers(machineTypes: readonly string[], offerings: readonly SaleOffering[]) {
  const inPools = new Set(machineTypes);
  const mostCores = new Map<string, number>();
  for (const { machineType, vcpu } of offerings) {
    if (!inPools.has(machineType)) continue;
    mostCores.set(familyOf(machineType), Math.max(vcpu, mostCores.get(familyOf(machineType)) ?? 0));
  }
  return offerings
    .filter(({ machineType, architecture, vcpu }) => {
      if (architecture !== "x86_64" || BURSTABLE.test(machineType) || machineType.includes("metal")) return false;
      return inPools.has(machineType) || vcpu < (mostCores.get(familyOf(machineType)) ?? 0);
    })
    .map((offering) => ({ ...offering, allocatable: offeredAllocatable(offering, 1) }));
}

const familyOf = (machineType: string): string => machineType.split(".")[0] ?? machineType;

function cheapestFor(instance: SoloInstance, offers: readonly SoloOffer[]): SoloOffer | undefined {
  let best: SoloOffer | undefined;
  for (const offer of offers) {
    const { zone, priceMicroUsdPerHour, allocatable } = offer;
    const holds =
      zone === instance.zone &&
      allocatable.cpuMilli >= instance.cpuMilli &&
      allocatable.memoryMib >= instance.memoryMib &&
      allocatable.volumes >= instance.volumes;
    if (holds && (best === undefined || priceMicroUsdPerHour < best.priceMicroUsdPerHour)) best = offer;
  }
  return best;
}
