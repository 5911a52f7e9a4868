import type { OfferingRow } from "@berth/db";
import type { AwsCatalogue } from "@berth/simulator";

/**
 * Types that the development pool may launch: memory-optimized, as Elasticsearch wants, of three makers and generations.
 * None is small: packing shows where several instances share a machine.
 */
export const MACHINE_TYPES = [
  "r6i.4xlarge",
  "r6i.8xlarge",
  "r7a.4xlarge",
  "r7a.8xlarge",
  "r7i.4xlarge",
  "r7i.8xlarge",
  "r7i.16xlarge",
] as const;

/**
 * What is for sale in a region, as the AWS price list has it, in every zone; prices in micro-dollars. Of these types, and of
 * smaller ones of their families: nothing is launched of those, what packing saves is reckoned against them.
 */
export function offeringsOf(catalogue: AwsCatalogue, region: string, zones: readonly string[]): OfferingRow[] {
  return [...MACHINE_TYPES, ...smallerThan(MACHINE_TYPES, catalogue)].flatMap((machineType) => {
    const facts = catalogue.types[machineType];
    const price = catalogue.prices[region]?.[machineType];
    if (facts === undefined || price === undefined) return [];
    return zones.map((zone) => ({
      region,
      zone,
      machineType,
      priceMicroUsdPerHour: Math.round(price * 1_000_000),
      vcpu: facts.vcpu,
      memoryMib: facts.memoryMiB,
      ebsVolumeLimit: facts.ebsVolumeLimit,
      ebsVolumeLimitType: facts.ebsVolumeLimitType,
      architecture: facts.arch,
    }));
  });
}

function smallerThan(machineTypes: readonly string[], { types }: AwsCatalogue): string[] {
  const familyOf = (machineType: string) => machineType.split(".")[0] ?? "";
  const least = new Map<string, number>();
  for (const name of machineTypes) {
    const cores = types[name]?.vcpu ?? 0;
    least.set(familyOf(name), Math.min(cores, least.get(familyOf(name)) ?? cores));
  }
  return Object.entries(types)
    .filter(([name, { vcpu }]) => vcpu < (least.get(familyOf(name)) ?? 0))
    .map(([name]) => name)
    .sort();
}
