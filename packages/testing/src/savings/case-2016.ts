import type { Term } from "@berth/domain";
import {
  type CaseType,
  checkPlan,
  oneMachineEach,
  type PackingCase,
  type PlanNode,
  STANDARD_POLICY,
  supergiant2016,
} from "@berth/packing";
import {
  type FleetLine,
  familyAndSize,
  type OwnedCommitment,
  type SavingsPageFacts,
  type SavingsReport,
  savingsReport,
} from "@berth/planner";
import { es10k } from "../es-10k/es-10k.ts";
import { caseTypes } from "../es-10k/single-machine-types.ts";
import { reservedInstances } from "./commitments-of.ts";
import { density, fleetLines, packedPlan } from "./fleets.ts";
import { pricesOf2016, type Rate2016 } from "./price-files.ts";
import { type SteadyDemand, steadyPurchases } from "./steady-purchases.ts";

const REGION = "us-east-1";
/** 2016-08-13, when every price of the file held. */
const AT_HOUR = Date.UTC(2016, 7, 13) / 3_600_000;
/** What a customer's node may have for itself: any size of these, and of t2 where it may be burstable. */
const SINGLE_FAMILIES = ["m3", "m4", "c3", "c4", "r3"];
/** What nodes share: from xlarge up. */
const SHARED_FAMILIES = ["m4", "c4", "r3"];
const CAP = 16;
/** Small nodes alone: of 8 GiB and less. */
const SMALL_MIB = 8_192;

/** One way to pack the fleet and to commit to it, against one VM each at the prices of 2016. */
export interface Way2016 {
  readonly name: "story" | "ours_packed" | "ours_1y" | "ours_3y";
  readonly density: number;
  readonly report: SavingsReport;
  readonly facts: SavingsPageFacts;
}

/** What the story's packing alone saves where something is assumed otherwise: a share, negative where it costs more. */
export interface Variant2016 {
  readonly name: string;
  readonly saving: number;
}

export interface Case2016 {
  readonly ways: readonly Way2016[];
  readonly variants: readonly Variant2016[];
  /** Rules that our packed plan breaks. */
  readonly violations: number;
}

/**
 * The story of 2016 on a fleet of ours: a VM for each customer's node, then shared machines as Supergiant's planner bought
 * them, then reserved instances for a year, partly paid at the start. After it what packing's engine and the ladder make of
 * the same instances and prices.
 *
 * Reservations are zonal and of one machine type: nothing else was sold before 2016-09-29, and size flexibility came in 2017-03.
 */
export async function case2016(cpuSeconds: number): Promise<Case2016> {
  const prices = pricesOf2016();
  const packing = fleetOf2016(prices.usdPerHour);
  const story = supergiant(packing);
  const ours = await packedPlan(packing, cpuSeconds);
  const partly = prices.rates.filter(({ term, paymentOption }) => term === "1y" && paymentOption === "partial_upfront");
  const year = prices.rates.filter(({ term }) => term === "1y");
  const oneEach = oneEachOf(packing, prices.usdPerHour, SINGLE_FAMILIES);
  const make = async (
    name: Way2016["name"],
    plan: readonly PlanNode[],
    offered: readonly Rate2016[],
    longest: Term,
  ): Promise<Way2016> => {
    const packed = fleetLines(plan, REGION);
    const report = savingsReport({
      atHour: AT_HOUR,
      oneEach: fleetLines(oneEach, REGION),
      packed,
      held: [],
      plan: await buy(packed, prices.usdPerHour, offered, longest),
      prices: Object.entries(prices.usdPerHour).map(([machineType, usd]) => ({
        region: REGION,
        machineType,
        microUsdPerHour: Math.round(usd * 1e6),
      })),
      rateBooks: [],
    });
    return { name, density: density(plan), report, facts: factsOf(name, density(plan), cpuSeconds) };
  };
  return {
    ways: [
      await make("story", story, partly, "1y"),
      await make("ours_packed", ours, partly, "1y"),
      await make("ours_1y", ours, year, "1y"),
      await make("ours_3y", ours, prices.rates, "3y"),
    ],
    variants: variantsOf(packing, prices.usdPerHour, costOf(story), costOf(oneEach)),
    violations: checkPlan(packing, ours, STANDARD_POLICY).length,
  };
}

/** The instances of ES-10k, on the machine types of 2016. */
function fleetOf2016(usdPerHour: Readonly<Record<string, number>>): PackingCase {
  const { instances, types } = es10k(1);
  const zones = [...new Set(types.flatMap((type) => type.zones))];
  const shared = namesOf(usdPerHour, SHARED_FAMILIES).filter((name) => !name.endsWith(".large"));
  return { instances, types: caseTypes(shared, { cap: CAP, zones, usdPerHour }).filter(hasRoom) };
}

function namesOf(usdPerHour: Readonly<Record<string, number>>, families: readonly string[]): string[] {
  return Object.keys(usdPerHour).filter((name) => families.includes(familyAndSize(name)?.family ?? ""));
}

function oneEachOf(
  { instances, types }: PackingCase,
  usdPerHour: Readonly<Record<string, number>>,
  families: readonly string[],
): readonly PlanNode[] {
  const zones = [...new Set(types.flatMap((type) => type.zones))];
  const singles = caseTypes(namesOf(usdPerHour, families), { cap: 1, zones, usdPerHour }).filter(hasRoom);
  return oneMachineEach({ instances, types: singles });
}

/** Limits are requests, so that what it plans by limits is what fits. */
function supergiant(packing: PackingCase, cpuLimitPercent = 100): readonly PlanNode[] {
  return supergiant2016(packing, { stage: "filled_by_requests", cpuLimitPercent });
}

function variantsOf(
  packing: PackingCase,
  usdPerHour: Readonly<Record<string, number>>,
  story: number,
  oneEach: number,
): Variant2016[] {
  const burstable = ["t2", ...SINGLE_FAMILIES];
  const small = { ...packing, instances: packing.instances.filter(({ memoryMib }) => memoryMib <= SMALL_MIB) };
  const smallStory = costOf(supergiant(small));
  const against = (cost: number, whole: readonly PlanNode[]) => 1 - cost / costOf(whole);
  return [
    { name: "against_burstable", saving: against(story, oneEachOf(packing, usdPerHour, burstable)) },
    { name: "small_nodes", saving: against(smallStory, oneEachOf(small, usdPerHour, SINGLE_FAMILIES)) },
    { name: "small_nodes_against_burstable", saving: against(smallStory, oneEachOf(small, usdPerHour, burstable)) },
    { name: "limits_twice_requests", saving: 1 - costOf(supergiant(packing, 200)) / oneEach },
  ];
}

function costOf(plan: readonly PlanNode[]): number {
  return plan.reduce((sum, node) => sum + node.priceMicroUsdPerHour, 0);
}

const hasRoom = (type: CaseType) => type.memoryMib > 0 && type.cpuMilli > 0;

interface ZonalDemand extends SteadyDemand {
  readonly zone: string;
}

/** Each zone and machine type by itself. */
async function buy(
  packed: readonly FleetLine[],
  usdPerHour: Readonly<Record<string, number>>,
  offered: readonly Rate2016[],
  longest: Term,
): Promise<OwnedCommitment[]> {
  const demands = packed.map(
    ({ zone, machineType, count }): ZonalDemand => ({
      name: `${machineType} in ${zone}`,
      zone,
      unit: machineType,
      units: count,
      onDemandMicroUsdPerHour: Math.round((usdPerHour[machineType] as number) * 1e6),
      rates: offered.filter((rate) => rate.machineType === machineType),
    }),
  );
  const { reserved } = await steadyPurchases(demands, [], longest);
  return reserved.map(({ demand: { zone }, rate, units: count }, index) =>
    reservedInstances({ id: `ri-${index + 1}`, region: REGION, zone, rate, count }, AT_HOUR),
  );
}

const TITLES: Readonly<Record<Way2016["name"], string>> = {
  story: "2016: shared machines and a year partly paid, as in the story",
  ours_packed: "2016: our packing, and a year partly paid",
  ours_1y: "2016: our packing, and the best of a year",
  ours_3y: "2016: our packing, and the best of three years",
};

function factsOf(name: Way2016["name"], perMachine: number, cpuSeconds: number): SavingsPageFacts {
  return {
    title: TITLES[name],
    madeAt:
      "An illustration: no fleet of 2016 is public. 10,000 Elasticsearch instances of data/es-10k (seed 1) in three zones of us-east-1.",
    prices: [
      "On demand and reserved: ec2instances.info, 2016-05-20 to 2016-10-19 (data/aws/PROVENANCE.md). Of m4 and c4 only the effective rate is known for some payments, not how much of it was paid at the start: there all of it stands as charged by the hour, and what is paid at the start and the month in which that is won back are too low.",
    ],
    notes: [
      "One VM each: the cheapest of m3, m4, c3, c4 and r3 that holds the instance beside the system, at today's overheads.",
      name === "story"
        ? `Packed: as Supergiant's planner bought machines, restated, on m4, c4 and r3 from xlarge up, with limits that are the requests; ${perMachine.toFixed(1)} instances a machine in the mean, as it gave a machine eleven volumes.`
        : `Packed: packing's engine on m4, c4 and r3 from xlarge up, at most ${CAP} instances a machine, ${perMachine.toFixed(1)} in the mean; a plan of ${cpuSeconds} seconds of CPU.`,
      "Reservations are zonal, of one machine type: the rules before March 2017. For a fleet that stays as it is.",
    ],
  };
}
