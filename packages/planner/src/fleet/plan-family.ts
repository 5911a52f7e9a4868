import { FAMILIES_OF_FIXED_SIZE, familyAndSize, quarterUnits } from "../terms/size-factor.ts";
import type { TypePrice } from "./fleet-history.ts";

/** The machines of one family in a region, as a plan counts them: of a family of fixed sizes those of one type. */
export interface FleetFamily {
  readonly name: string;
  readonly region: string;
  readonly unit: string;
  readonly unitMicroUsdPerHour: number;
  readonly isOf: (machineType: string) => boolean;
  /** Larger types of whole units, the largest first. */
  readonly sizes: readonly string[];
}

interface TypeInRegion {
  readonly region: string;
  readonly machineType: string;
}

/** The family of a machine type in a plan, as `us-east-1/m7i`; undefined for what has no size that is known. */
export function familyNameOf({ region, machineType }: TypeInRegion): string | undefined {
  const family = familyAndSize(machineType)?.family;
  if (family === undefined || quarterUnits(machineType) === undefined) return undefined;
  return `${region}/${FAMILIES_OF_FIXED_SIZE.has(family) ? machineType : family}`;
}

/** How many units of its family a machine is. */
export function unitsOf({ unit }: FleetFamily, machineType: string): number {
  return (quarterUnits(machineType) ?? 0) / (quarterUnits(unit) ?? 1);
}

/** The families of machine types, by name, as far as one has a price on demand: in units of its xlarge, else its smallest size. */
export function familiesOf(types: readonly TypeInRegion[], prices: readonly TypePrice[]): FleetFamily[] {
  const seen = new Map<string, TypeInRegion>();
  for (const one of types) {
    const name = familyNameOf(one);
    if (name !== undefined) seen.set(name, one);
  }
  return [...seen].toSorted(([a], [b]) => (a < b ? -1 : 1)).flatMap(([name, one]) => familyOf(name, one, prices) ?? []);
}

function familyOf(
  name: string,
  { region, machineType }: TypeInRegion,
  prices: readonly TypePrice[],
): FleetFamily | undefined {
  const family = familyAndSize(machineType)?.family ?? "";
  const isFixed = FAMILIES_OF_FIXED_SIZE.has(family);
  const sold = prices.filter((price) => price.region === region && isOfFamily(price, family));
  const unit = isFixed ? sold.find((price) => price.machineType === machineType) : unitOf(sold, family);
  if (unit === undefined) return undefined;
  const each = quarterUnits(unit.machineType) ?? 1;
  return {
    name,
    region,
    unit: unit.machineType,
    unitMicroUsdPerHour: unit.microUsdPerHour,
    isOf: (type) => (isFixed ? type === machineType : familyAndSize(type)?.family === family),
    sizes: isFixed
      ? []
      : sold
          .filter(({ machineType: type }) => (quarterUnits(type) ?? 0) > each && (quarterUnits(type) ?? 1) % each === 0)
          .map(({ machineType: type }) => type)
          .toSorted((a, b) => (quarterUnits(b) ?? 0) - (quarterUnits(a) ?? 0) || (a < b ? -1 : 1)),
  };
}

function isOfFamily({ machineType }: TypePrice, family: string): boolean {
  return familyAndSize(machineType)?.family === family && quarterUnits(machineType) !== undefined;
}

function unitOf(sold: readonly TypePrice[], family: string): TypePrice | undefined {
  const smallest = sold.toSorted((a, b) => (quarterUnits(a.machineType) ?? 0) - (quarterUnits(b.machineType) ?? 0))[0];
  return sold.find(({ machineType }) => machineType === `${family}.xlarge`) ?? smallest;
}
