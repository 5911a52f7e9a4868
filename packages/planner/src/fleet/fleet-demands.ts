import type { DemandInput, FleetDemands, RegionDemands } from "./demand-base.ts";
import { packedDemands } from "./packed-demands.ts";
import type { PackedKube } from "./packed-fleet.ts";
import { familiesOf, familyNameOf } from "./plan-family.ts";
import { type RanFamily, ranFamilies, ranUsdPerHour } from "./ran-families.ts";

/**
 * What there is demand for: of each region the machines that its instances come to when they are packed anew, by the hours in
 * which instances asked for more or less (`packedDemands`); where there is none to pack or one cannot be, the machines that ran.
 * Where there is none to pack and nothing runs any more, there is no demand: what ran before has gone.
 */
export function fleetDemands(input: DemandInput): FleetDemands {
  const { runs, kubes } = input;
  const ran = ranFamilies(input);
  const regions = [...new Set([...runs, ...kubes].map(({ region }) => region))].toSorted();
  const parts = regions.map((region) => {
    const ofRegion = ran.filter(({ family }) => family.region === region);
    const why = whyNotPacked(kubes, region);
    return why === undefined ? packedDemands(input, region, ofRegion) : ranDemands(region, ofRegion, why);
  });
  return {
    families: parts.flatMap(({ families }) => families).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    demands: parts.flatMap(({ demands }) => demands),
    base: parts.map(({ base }) => base),
    recordedFrom: parts.reduce((latest, part) => Math.max(latest, part.recordedFrom), 0),
    unpriced: unpricedOf(input),
  };
}

const NO_INSTANCE = "no instance is there to pack.";

function whyNotPacked(kubes: readonly PackedKube[], region: string): string | undefined {
  const inRegion = kubes.filter((kube) => kube.region === region);
  if (inRegion.length === 0) return NO_INSTANCE;
  const unpacked = inRegion.find(({ isPacked }) => !isPacked);
  return unpacked?.isPacked === false ? `${unpacked.kubeId} could not be packed: ${unpacked.why}` : undefined;
}

function ranDemands(region: string, ran: readonly RanFamily[], why: string): RegionDemands {
  const isLeft = why === NO_INSTANCE && ran.every(({ hourlyUnits: units }) => (units.at(-1) ?? 0) === 0);
  return {
    families: ran.map(({ family }) => family),
    demands: ran.map(({ family: { name }, hourlyUnits: units }) => ({
      name,
      families: [{ family: name, units: 1 }],
      hourlyUnits: isLeft ? units.map(() => 0) : units,
    })),
    base: {
      region,
      kind: "ran",
      why: isLeft ? "no instance is there and nothing runs, so that nothing is planned for it." : why,
      ranUsdPerHour: ranUsdPerHour(ran),
      families: ran.map(({ family: { name, unit }, hourlyUnits: units }) => ({
        family: name,
        unit,
        ranUnits: units.at(-1) ?? 0,
        packedUnits: 0,
      })),
    },
    recordedFrom: 0,
  };
}

function unpricedOf({ runs, kubes, prices }: DemandInput): string[] {
  const packed = kubes.flatMap((kube) =>
    kube.isPacked ? kube.machines.map(({ machineType }) => ({ region: kube.region, machineType })) : [],
  );
  const names = [...runs, ...packed].map((one) => ({
    name: familyNameOf(one) ?? `${one.region}/${one.machineType}`,
    one,
  }));
  const first = new Map(names.map(({ name, one }) => [name, one]));
  return [...first]
    .filter(([, one]) => familiesOf([one], prices).length === 0)
    .map(([name]) => name)
    .toSorted();
}
