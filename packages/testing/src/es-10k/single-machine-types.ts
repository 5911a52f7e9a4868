import { readFileSync } from "node:fs";
import type { CaseType } from "@berth/packing";

/**
 * The machines that one-VM-each may choose from (docs/packing.md, section 5): smaller than any of a pool, as a pool of shared
 * machines has none so small. Region us-east-1.
 *
 * The overheads are those of data/es-10k/generate.mjs, by the same formula. What follows of a cap of one instance is in the
 * machine's favour: its kubelet is set to 7 pods, the instance and six daemons, which reserves 165 MiB less than a shared one
 * does. Burstable types count with all of their CPU, though they have it only while credits last: in their favour again.
 */

const DAEMON = { cpuMilli: 300, memoryMib: 600, pods: 6 };
const BURSTABLE = ["t3", "t3a"];

interface TypeFacts {
  readonly vcpu: number;
  readonly memoryMiB: number;
  readonly arch: string;
  readonly bareMetal?: boolean;
  readonly ebsVolumeLimit: number;
  readonly ebsVolumeLimitType: "shared" | "dedicated";
}

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../../data/aws/${name}`, import.meta.url), "utf8"));

/** The types of the pool and all smaller sizes of their families, each for one instance; and t3 and t3a when asked. */
export function singleMachineTypes(pool: readonly CaseType[], { burstable = false } = {}): readonly CaseType[] {
  const facts: Record<string, TypeFacts> = read("instance-types.json").types;
  const poolNames = new Set(pool.map((type) => type.name));
  const leastCores = new Map<string, number>();
  for (const name of poolNames) {
    const cores = Math.min((facts[name] as TypeFacts).vcpu, leastCores.get(familyOf(name)) ?? Number.POSITIVE_INFINITY);
    leastCores.set(familyOf(name), cores);
  }
  const names = Object.entries(facts)
    .filter(([, { arch, bareMetal }]) => arch === "x86_64" && bareMetal !== true)
    .filter(([name, { vcpu }]) => {
      if (poolNames.has(name)) return true;
      if (BURSTABLE.includes(familyOf(name))) return burstable;
      return vcpu < (leastCores.get(familyOf(name)) ?? 0);
    })
    .map(([name]) => name);
  const zones = [...new Set(pool.flatMap((type) => type.zones))];
  return caseTypes(names, { cap: 1, zones }).filter((type) => type.memoryMib > 0);
}

const familyOf = (name: string): string => name.split(".")[0] as string;

interface CaseTypeOptions {
  readonly cap: number;
  readonly zones: readonly string[];
  /** On demand, by name; left out, those of data/aws/prices-ondemand.json. */
  readonly usdPerHour?: Readonly<Record<string, number>>;
}

function pricesOfToday(): Readonly<Record<string, number>> {
  return read("prices-ondemand.json").regions["us-east-1"];
}

/** What machines of these names have left for instances, as data/es-10k/generate.mjs counts it. */
export function caseTypes(
  names: readonly string[],
  { cap, zones, usdPerHour = pricesOfToday() }: CaseTypeOptions,
): readonly CaseType[] {
  const facts: Record<string, TypeFacts> = read("instance-types.json").types;
  return names.map((name) => {
    const { vcpu, memoryMiB, ebsVolumeLimit, ebsVolumeLimitType } = facts[name] as TypeFacts;
    const kubeletMib = 255 + 11 * (cap + DAEMON.pods) + 100;
    return {
      name,
      priceMicroUsdPerHour: Math.round((usdPerHour[name] as number) * 1e6),
      cpuMilli: vcpu * 1000 - reservedCpuMilli(vcpu) - DAEMON.cpuMilli,
      memoryMib: memoryMiB - Math.ceil(memoryMiB * 0.075) - kubeletMib - DAEMON.memoryMib,
      volumes: ebsVolumeLimit - 1 - (ebsVolumeLimitType === "shared" ? 1 : 0),
      instances: cap,
      zones,
    };
  });
}

/** The kubelet keeps 60, 10, 5, 5 and then 2.5 mCPU a core. */
function reservedCpuMilli(cores: number): number {
  const first = [60, 10, 5, 5].slice(0, cores).reduce((sum, milli) => sum + milli, 0);
  return Math.ceil(first + 2.5 * Math.max(0, cores - 4));
}
