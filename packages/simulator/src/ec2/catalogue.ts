import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Facts of one machine type, as data/aws/instance-types.json holds them (its meta says what each field means). */
export interface MachineTypeFacts {
  readonly vcpu: number;
  readonly memoryMiB: number;
  readonly arch: string;
  readonly manufacturer: string;
  readonly currentGeneration: boolean;
  readonly hypervisor: string;
  readonly bareMetal?: boolean;
  readonly network: string;
  readonly ebsMbps: readonly [number, number] | null;
  readonly maxEnis: number;
  readonly ipv4PerEni: number;
  readonly maxPods: number;
  readonly localStorage: { readonly totalGB: number; readonly type: string } | null;
  readonly ebsVolumeLimit: number;
  readonly ebsVolumeLimitType: "shared" | "dedicated";
}

/** What the simulated AWS knows: types with their facts, and which of them are sold where at what price. */
export interface AwsCatalogue {
  readonly types: Readonly<Record<string, MachineTypeFacts>>;
  /** region -> type -> on-demand US dollars an hour. A type without a price in a region is not offered there. */
  readonly prices: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** The repository's own data folder. */
export const awsDataFolder: string = fileURLToPath(new URL("../../../../data/aws/", import.meta.url));

const loaded = new Map<string, AwsCatalogue>();

/** Reads the catalogue once per folder; the two files are a megabyte together. */
export function loadAwsCatalogue(folder: string = awsDataFolder): AwsCatalogue {
  const known = loaded.get(folder);
  if (known !== undefined) return known;
  const read = (name: string) => JSON.parse(readFileSync(`${folder.replace(/\/$/, "")}/${name}`, "utf8"));
  const catalogue: AwsCatalogue = {
    types: read("instance-types.json").types,
    prices: read("prices-ondemand.json").regions,
  };
  loaded.set(folder, catalogue);
  return catalogue;
}
