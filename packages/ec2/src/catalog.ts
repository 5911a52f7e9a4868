import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { MachineTypeFacts } from "@berth/domain";

/** One machine type in one region: what packing and prices need to know of it. */
export interface CatalogRow {
  readonly machineType: string;
  readonly vcpu: number;
  readonly memoryMib: number;
  readonly ebsVolumeLimit: number;
  readonly ebsVolumeLimitType: MachineTypeFacts["ebsVolumeLimitType"];
  readonly architecture: "x86_64" | "arm64";
  /** On demand, Linux, shared tenancy. */
  readonly priceMicroUsdPerHour: number;
}

export interface Catalog {
  regions(): string[];
  /**
   * The rows of the named types that are priced in the region, in the order given; all of them when no list is given,
   * sorted by name. `missing` names those that are unknown or not sold there.
   */
  rows(
    region: string,
    machineTypes?: readonly string[],
  ): { readonly rows: CatalogRow[]; readonly missing: readonly string[] };
}

interface TypesFile {
  readonly types: Readonly<
    Record<
      string,
      {
        readonly vcpu: number;
        readonly memoryMiB: number;
        readonly arch: string;
        readonly ebsVolumeLimit: number;
        readonly ebsVolumeLimitType: "shared" | "dedicated";
      }
    >
  >;
}
interface PricesFile {
  readonly regions: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Reads `instance-types.json` and `prices-ondemand.json` of a folder (their meta says where they come from, and when). */
export async function loadCatalog(folder: string): Promise<Catalog> {
  const [typesText, pricesText] = await Promise.all([
    readFile(join(folder, "instance-types.json"), "utf8"),
    readFile(join(folder, "prices-ondemand.json"), "utf8"),
  ]);
  const { types } = JSON.parse(typesText) as TypesFile;
  const prices = (JSON.parse(pricesText) as PricesFile).regions;

  return {
    regions: () => Object.keys(prices).sort(),
    rows: (region, machineTypes) => {
      const sold = prices[region] ?? {};
      const rows: CatalogRow[] = [];
      const missing: string[] = [];
      for (const machineType of machineTypes ?? Object.keys(sold).sort()) {
        const facts = types[machineType];
        const price = sold[machineType];
        if (facts === undefined || price === undefined) {
          missing.push(machineType);
          continue;
        }
        rows.push({
          machineType,
          vcpu: facts.vcpu,
          memoryMib: facts.memoryMiB,
          ebsVolumeLimit: facts.ebsVolumeLimit,
          ebsVolumeLimitType: facts.ebsVolumeLimitType,
          architecture: facts.arch === "arm64" ? "arm64" : "x86_64",
          priceMicroUsdPerHour: microUsdOf(String(price)),
        });
      }
      return { rows, missing };
    },
  };
}

/**
 * Micro-dollars of a decimal number of dollars, by its digits alone: no product of floats, which would turn 0.0042 into
 * 4199.999…. Reading it through JSON.parse and String first is exact for up to 15 significant digits; AWS's prices have
 * fewer. Throws RangeError for anything finer than a micro-dollar, negative, or not a number.
 */
export function microUsdOf(text: string): number {
  const match = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) throw new RangeError(`not a price: ${text}`);
  const [, whole = "", fraction = "", exponent = "0"] = match;
  const shift = 6 - fraction.length + Number(exponent);
  const digits = BigInt(whole + fraction);
  if (shift >= 0) return toSafe(digits * 10n ** BigInt(shift), text);
  const divisor = 10n ** BigInt(-shift);
  if (digits % divisor !== 0n) throw new RangeError(`finer than a micro-dollar: ${text}`);
  return toSafe(digits / divisor, text);
}

function toSafe(value: bigint, text: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new RangeError(`too large for a price: ${text}`);
  return number;
}
