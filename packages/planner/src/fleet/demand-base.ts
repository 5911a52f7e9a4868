import type { FleetHistory } from "./fleet-history.ts";
import type { LoadHour, PackedKube } from "./packed-fleet.ts";
import type { FleetFamily } from "./plan-family.ts";

/** What demand is made of. */
export interface DemandInput extends FleetHistory {
  /** Each kube with instances. */
  readonly kubes: readonly PackedKube[];
  /** As far as it is recorded. */
  readonly loads: readonly LoadHour[];
}

/** A demand of the planning file. */
export interface FleetDemand {
  readonly name: string;
  /** Its own family first. */
  readonly families: readonly { readonly family: string; readonly units: number }[];
  /** Of its own family, hour by hour, to three places. */
  readonly hourlyUnits: readonly number[];
}

/** A family of a region: what of it ran in the last hour, and what the instances come to. */
export interface BaseFamily {
  readonly family: string;
  readonly unit: string;
  readonly ranUnits: number;
  readonly packedUnits: number;
}

/** What the demand of a region was made of. */
export type DemandBase = {
  readonly region: string;
  /** Of the last hour, on demand. */
  readonly ranUsdPerHour: number;
  readonly families: readonly BaseFamily[];
} & (
  | {
      readonly kind: "packed";
      readonly instances: number;
      readonly machines: number;
      readonly packedUsdPerHour: number;
      /** Of how many hours it is recorded what instances asked for: those before are taken to be as the first of them. */
      readonly loadHours: number;
    }
  | { readonly kind: "ran"; readonly why: string }
);

/** The demands of one region, and what they are made of. */
export interface RegionDemands {
  readonly families: readonly FleetFamily[];
  readonly demands: readonly FleetDemand[];
  readonly base: DemandBase;
  /** From this hour of the demands on they are recorded. */
  readonly recordedFrom: number;
}

export interface FleetDemands extends Omit<RegionDemands, "base"> {
  readonly base: readonly DemandBase[];
  /** Families and types that are wanted or ran, and have no price on demand. */
  readonly unpriced: readonly string[];
}

/** For what fleet a region was planned, in a sentence. */
export function describeDemandBase(base: DemandBase): string {
  const rate = (usd: number) => `$${usd.toFixed(2)} an hour on demand`;
  const { region, ranUsdPerHour } = base;
  return base.kind === "packed"
    ? `The plan for ${region} is for the ${base.machines} machines that its ${base.instances} instances pack into, ${rate(base.packedUsdPerHour)}; ${rate(ranUsdPerHour)} ran when it was made.`
    : `The plan for ${region} is for the machines that ran, ${rate(ranUsdPerHour)}: ${base.why}`;
}
