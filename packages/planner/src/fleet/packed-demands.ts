import { FAMILIES_OF_FIXED_SIZE, familyAndSize } from "../terms/size-factor.ts";
import type { BaseFamily, DemandInput, FleetDemand, RegionDemands } from "./demand-base.ts";
import type { PackedKube, PackedMachines } from "./packed-fleet.ts";
import { type FleetFamily, familiesOf, unitsOf } from "./plan-family.ts";
import { type RanFamily, ranUsdPerHour } from "./ran-families.ts";

type Packed = Extract<PackedKube, { readonly isPacked: true }>;

/**
 * What a region's instances come to when they are packed anew, as demand: the level is that of now, the shape what instances
 * asked for in each hour, as a share of what they ask for now. So what packing makes smaller is not planned for, and what tenants do
 * is. No hour is above what ran in it, by its price on demand: few instances fill machines worse than many did.
 *
 * A family may be served by another where every kube's part of it can be.
 */
export function packedDemands(input: DemandInput, region: string, ran: readonly RanFamily[]): RegionDemands {
  const kubes = input.kubes.filter((kube): kube is Packed => kube.isPacked && kube.region === region);
  const typesOf = (machines: readonly PackedMachines[]) => machines.map(({ machineType }) => ({ region, machineType }));
  const own = familiesOf(typesOf(kubes.flatMap(({ machines }) => machines)), input.prices);
  const others = familiesOf(
    typesOf(kubes.flatMap(({ instead }) => instead.flatMap((one) => one.machines))),
    input.prices,
  );
  const packed = own.map((family) => {
    const units = unitsIn(
      family,
      kubes.flatMap(({ machines }) => machines),
    );
    return { family, units, options: optionsOf(kubes, family, units, others) };
  });
  const packedMicroUsd = packed.reduce((sum, { family, units }) => sum + family.unitMicroUsdPerHour * units, 0);
  const load = loadShape(
    input,
    region,
    kubes.reduce((sum, { memoryMib }) => sum + memoryMib, 0),
  );
  const most = mostShares(input, region, ran, packedMicroUsd);
  const shape = load.shares.map((share, hour) => Math.min(share, most[hour] as number));
  const firstRan = most.findIndex((share) => share > 0);
  const used = new Set(packed.flatMap(({ options }) => options.map(({ family }) => family)));
  return {
    families: [...own, ...others.filter(({ name }) => own.every((one) => one.name !== name) && used.has(name))],
    demands: packed.map(
      ({ family, units, options }): FleetDemand => ({
        name: family.name,
        families: options,
        hourlyUnits: shape.map((share) => thousandths(units * share)),
      }),
    ),
    base: {
      region,
      kind: "packed",
      instances: kubes.reduce((sum, { instances }) => sum + instances, 0),
      machines: kubes.reduce((sum, { machines }) => sum + machines.reduce((all, { count }) => all + count, 0), 0),
      packedUsdPerHour: packedMicroUsd / 1e6,
      ranUsdPerHour: ranUsdPerHour(ran),
      loadHours: input.hours - load.recordedFrom,
      families: beside(packed, ran),
    },
    // Nothing is missing before the first machine of a region that is younger than its samples.
    recordedFrom: firstRan === -1 || load.recordedFrom <= firstRan + DAY_HOURS ? 0 : load.recordedFrom,
  };
}

const DAY_HOURS = 24;

const thousandths = (units: number) => Math.round(units * 1_000) / 1_000;

function unitsIn(family: FleetFamily, machines: readonly PackedMachines[]): number {
  return thousandths(
    machines
      .filter(({ machineType }) => family.isOf(machineType))
      .reduce((sum, { machineType, count }) => sum + count * unitsOf(family, machineType), 0),
  );
}

/** The family itself, and each that every kube with machines of it can do with, at how many units for one of its own. */
function optionsOf(
  kubes: readonly Packed[],
  family: FleetFamily,
  units: number,
  others: readonly FleetFamily[],
): FleetDemand["families"] {
  const own = { family: family.name, units: 1 };
  const ofOwn = familyAndSize(family.unit)?.family ?? "";
  if (FAMILIES_OF_FIXED_SIZE.has(ofOwn)) return [own];
  const having = kubes.filter(({ machines }) => machines.some(({ machineType }) => family.isOf(machineType)));
  return [
    own,
    ...others.flatMap((other) => {
      const ofOther = familyAndSize(other.unit)?.family ?? "";
      if (FAMILIES_OF_FIXED_SIZE.has(ofOther)) return [];
      const ways = having.map(({ instead }) => instead.find((one) => one.family === ofOwn && one.instead === ofOther));
      if (ways.includes(undefined)) return [];
      const of = unitsIn(
        other,
        ways.flatMap((way) => way?.machines ?? []),
      );
      return [{ family: other.name, units: Math.max(0.001, thousandths(of / units)) }];
    }),
  ];
}

/** Of each hour, what instances asked for as a share of what they ask for now; before it was recorded, as the first hour in which it was. */
function loadShape(
  { loads, fromHour, hours }: DemandInput,
  region: string,
  nowMib: number,
): { readonly shares: readonly number[]; readonly recordedFrom: number } {
  const known = new Map(loads.filter((load) => load.region === region).map(({ hour, memoryMib }) => [hour, memoryMib]));
  const recordedFrom = Array.from({ length: hours }, (_, hour) => hour).find((hour) => known.has(fromHour + hour));
  if (recordedFrom === undefined || nowMib === 0) return { shares: new Array(hours).fill(1), recordedFrom: hours };
  let last = known.get(fromHour + recordedFrom) as number;
  const shares = Array.from({ length: hours }, (_, hour) => {
    last = known.get(fromHour + hour) ?? last;
    return last / nowMib;
  });
  return { shares, recordedFrom };
}

/** Of each hour, what ran in it as a share of what is packed, by price on demand; no limit where a type that ran has no price. */
function mostShares(
  { runs, prices, hours }: DemandInput,
  region: string,
  ran: readonly RanFamily[],
  packedMicroUsd: number,
): readonly number[] {
  const types = new Set(runs.filter((run) => run.region === region).map(({ machineType }) => machineType));
  const isPriced = [...types].every((machineType) => familiesOf([{ region, machineType }], prices).length > 0);
  return Array.from({ length: hours }, (_, hour) =>
    isPriced && packedMicroUsd > 0
      ? ran.reduce(
          (sum, { family, hourlyUnits }) => sum + family.unitMicroUsdPerHour * (hourlyUnits[hour] as number),
          0,
        ) / packedMicroUsd
      : Number.POSITIVE_INFINITY,
  );
}

/** What ran beside what is packed, by family. */
function beside(
  packed: readonly { readonly family: FleetFamily; readonly units: number }[],
  ran: readonly RanFamily[],
): readonly BaseFamily[] {
  const families = new Map([...packed, ...ran].map(({ family }) => [family.name, family]));
  return [...families.values()]
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, unit }) => ({
      family: name,
      unit,
      ranUnits: ran.find(({ family }) => family.name === name)?.hourlyUnits.at(-1) ?? 0,
      packedUnits: packed.find(({ family }) => family.name === name)?.units ?? 0,
    }));
}
