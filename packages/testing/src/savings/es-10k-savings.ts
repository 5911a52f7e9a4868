import type { Rate, Term } from "@berth/domain";
import { checkPlan, oneMachineEach, type PackingCase, STANDARD_POLICY } from "@berth/packing";
import {
  type FleetLine,
  familyAndSize,
  type OwnedCommitment,
  quarterUnits,
  type SavingsCase,
  type SavingsPageFacts,
  type SavingsReport,
  savingsReport,
} from "@berth/planner";
import { es10k } from "../es-10k/es-10k.ts";
import { singleMachineTypes } from "../es-10k/single-machine-types.ts";
import { computeSavingsPlans, reservedInstances } from "./commitments-of.ts";
import { density, fleetLines, packedPlan } from "./fleets.ts";
import { computePlanRates, onDemandPrices, reservedRates } from "./price-files.ts";
import { type SteadyDemand, steadyPurchases } from "./steady-purchases.ts";

const REGION = "us-east-1";
/** 2026-09-24, the date of the newest prices. */
const AT_HOUR = Date.UTC(2026, 8, 24) / 3_600_000;
/** Families are counted in machines of this size. */
const UNIT_SIZE = "xlarge";

export interface SavingsWithTerm {
  readonly longest: Term;
  readonly report: SavingsReport;
  readonly facts: SavingsPageFacts;
  /** Of what the ladder buys, above its bound. */
  readonly gap: number;
  /** The same against one VM each that may be burstable: 0 to 1. */
  readonly savingAgainstBurstable: number;
}

export interface Es10kSavings {
  readonly results: readonly SavingsWithTerm[];
  /** Rules that the packed plan breaks. */
  readonly violations: number;
}

/** What ES-10k saves, with terms of a year alone and with three years allowed. */
export async function es10kSavings(cpuSeconds: number): Promise<Es10kSavings> {
  const packing = es10k(1);
  const plan = await packedPlan(packing, cpuSeconds);
  const packed = fleetLines(plan, REGION);
  const usdPerHour = onDemandPrices(REGION);
  const rates = reservedRates(REGION);
  const planRates = computePlanRates(REGION);
  const demands = demandsOf(packed, usdPerHour, rates);
  const common = {
    atHour: AT_HOUR,
    packed,
    held: [],
    prices: Object.entries(usdPerHour).map(([machineType, usd]) => ({
      region: REGION,
      machineType,
      microUsdPerHour: Math.round(usd * 1e6),
    })),
    rateBooks: [{ region: REGION, kind: "compute_savings_plan", rates: planRates }],
  } as const satisfies Partial<SavingsCase>;
  const oneEach = oneEachOf(packing, false);
  const burstable = oneEachOf(packing, true);
  const results: SavingsWithTerm[] = [];
  for (const longest of ["1y", "3y"] as const) {
    const purchases = await steadyPurchases(demands, planRates, longest);
    const bought = [
      ...purchases.reserved.flatMap(({ rate, units }) => inLargeSizes(rate, units, packed, rates)),
      ...computeSavingsPlans(purchases, AT_HOUR),
    ];
    const report = savingsReport({ ...common, oneEach, plan: bought });
    const { saving: savingAgainstBurstable = 0 } = savingsReport({ ...common, oneEach: burstable, plan: bought });
    const facts = factsOf(longest, { cpuSeconds, density: density(plan), gap: purchases.gap });
    results.push({ longest, report, facts, gap: purchases.gap, savingAgainstBurstable });
  }
  return { results, violations: checkPlan(packing, plan, STANDARD_POLICY).length };
}

function oneEachOf(packing: PackingCase, burstable: boolean): FleetLine[] {
  const types = singleMachineTypes(packing.types, { burstable });
  return fleetLines(oneMachineEach({ ...packing, types }), REGION);
}

/** Of each family that runs, in machines of the unit's size: whole ones, as no smaller size runs. */
function demandsOf(
  packed: readonly FleetLine[],
  usdPerHour: Readonly<Record<string, number>>,
  rates: ReadonlyMap<string, readonly Rate[]>,
): SteadyDemand[] {
  const families = new Map<string, number>();
  for (const { machineType, count } of packed) {
    const family = familyOf(machineType);
    families.set(family, (families.get(family) ?? 0) + unitsOf(machineType) * count);
  }
  return [...families]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, units]) => {
      const unit = `${name}.${UNIT_SIZE}`;
      const onDemandMicroUsdPerHour = Math.round((usdPerHour[unit] as number) * 1e6);
      return { name, unit, units, onDemandMicroUsdPerHour, rates: rates.get(unit) ?? [] };
    });
}

/** The same reserved instances in as few as the sizes that run allow, each at its own price: the quota counts instances. */
function inLargeSizes(
  rate: Rate,
  units: number,
  packed: readonly FleetLine[],
  rates: ReadonlyMap<string, readonly Rate[]>,
): OwnedCommitment[] {
  const family = familyOf(rate.machineType);
  const types = new Set([rate.machineType, ...packed.map(({ machineType }) => machineType)]);
  const sizes = [...types]
    .filter((type) => familyOf(type) === family)
    .toSorted((a, b) => unitsOf(b) - unitsOf(a))
    .flatMap((type) => (rates.get(type) ?? []).filter((one) => isSameOffer(one, rate)));
  let left = units;
  return sizes.flatMap((one) => {
    const count = Math.floor(left / unitsOf(one.machineType));
    left -= count * unitsOf(one.machineType);
    const id = `ri-${one.machineType}`;
    return count === 0 ? [] : [reservedInstances({ id, region: REGION, zone: undefined, rate: one, count }, AT_HOUR)];
  });
}

function isSameOffer(a: Rate, b: Rate): boolean {
  return a.term === b.term && a.offeringClass === b.offeringClass && a.paymentOption === b.paymentOption;
}

function familyOf(machineType: string): string {
  return familyAndSize(machineType)?.family ?? machineType;
}

function unitsOf(machineType: string): number {
  return (quarterUnits(machineType) ?? 0) / (quarterUnits(`m5.${UNIT_SIZE}`) as number);
}

function factsOf(
  longest: Term,
  { cpuSeconds, density: perMachine, gap }: { cpuSeconds: number; density: number; gap: number },
): SavingsPageFacts {
  return {
    title: `ES-10k: what packing and commitments save, ${longest === "1y" ? "with terms of a year" : "with terms up to three years"}`,
    madeAt:
      "10,000 Elasticsearch instances of data/es-10k (seed 1) in three zones of us-east-1. A generated fleet, at real prices.",
    prices: [
      "On demand: AWS Price List of us-east-1 as instances.vantage.sh had it on or before 2026-05-12.",
      "Reserved instances, no upfront: AWS's price pages, 2025-04-05. All upfront: instances.vantage.sh, on or before 2026-05-12. Partial upfront: AWS's price pages, 2026-09-24; the split into upfront and hourly is reconstructed, the sum is AWS's.",
      "Compute Savings Plans: AWS's price pages, 2026-09-24.",
      "data/aws/PROVENANCE.md names repository and commit of each. What it has no rate of is not offered here.",
    ],
    notes: [
      "One VM each: the cheapest x86 machine type, not burstable, that holds the instance beside the system, of the ten families that are packed on and of their smaller sizes.",
      `Packed: at most 16 instances a machine, ${perMachine.toFixed(1)} in the mean; a plan of ${cpuSeconds} seconds of CPU.`,
      `The plan: what the ladder buys for a fleet that stays as it is, without guard rails; ${(gap * 100).toFixed(3)} % above its bound at most. Quoted in the largest sizes that run.`,
    ],
  };
}
