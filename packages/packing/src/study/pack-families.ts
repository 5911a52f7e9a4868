import type { CaseFault } from "@berth/domain";
import type { Solver } from "@berth/ports";
import { checkPlan } from "../case/check-plan.ts";
import type { PackingCase, PackingPolicy, PlanNode } from "../case/packing-case.ts";
import { ColdPlan } from "../cold/cold-plan.ts";
import { familyOf } from "../cold/few-families.ts";
import { runColdPlan } from "../cold/run-cold-plan.ts";
import { caseFaults } from "./case-text.ts";
import { fleetCase, machineTypeOf, type StudyFleet } from "./fleet-case.ts";

/** Machines of a type in a zone. */
export interface PackedMachines {
  readonly zone: string;
  readonly machineType: string;
  readonly count: number;
}

/** What runs on one family's machines in the plan, on those of another family alone. */
export interface FamilyInstead {
  readonly family: string;
  readonly instead: string;
  readonly machines: readonly PackedMachines[];
}

export type FamilyPacking =
  | {
      readonly kind: "packed";
      readonly machines: readonly PackedMachines[];
      readonly priceMicroUsdPerHour: number;
      readonly instead: readonly FamilyInstead[];
    }
  /** No instance is to run. */
  | { readonly kind: "nothing" }
  /** The fleet is no case: nothing may be launched, or something fits no type that may. */
  | { readonly kind: "refused"; readonly faults: readonly CaseFault[] };

/** A family is near enough where it costs at most this much more: docs/planner.md, In the product. */
const NEAR_OPTIMAL = 1.005;
/** What a search does not make up for: a family that costs more than this before it, is left without. */
const FAR = 1.2;
/** Looks at what is spent, which is what makes the plan the same on any machine: chunks of work, not seconds. */
const CHUNKS = 100;
const CHUNKS_OF_A_FAMILY = 40;
const SEED = 1;
const GAP = 1e-3;

/**
 * A kube's instances packed anew, and of each family in that plan what else its load could run on: another family that costs
 * at most 0.5 % more, or one of `wanted`, whatever it costs (it is paid for already). All of them may be taken at once, as each stands
 * for its own part of the plan. The same fleet gives the same answer. Throws where the plan breaks a rule.
 *
 * A part has the kube's tenant share of its own instances, which is stricter than of all.
 */
export async function packFamilies(
  fleet: StudyFleet,
  solver: Solver,
  wanted: ReadonlySet<string>,
): Promise<FamilyPacking> {
  if (fleet.instances.length === 0) return { kind: "nothing" };
  const { packing, policy } = fleetCase(fleet);
  const faults = caseFaults(packing);
  if (faults.length > 0) return { kind: "refused", faults };
  const plan = (await pack(packing, policy, solver, CHUNKS)) ?? [];
  const broken = checkPlan(packing, plan, policy);
  if (broken.length > 0) throw new Error(`the plan of a fleet breaks a rule: ${JSON.stringify(broken[0])}`);
  const families = [...new Set(packing.types.map(({ name }) => familyOf(name)))].sort();
  const instead: FamilyInstead[] = [];
  for (const family of families) {
    const nodes = plan.filter(({ type }) => familyOf(type) === family);
    const names = new Set(nodes.flatMap(({ instances }) => instances));
    for (const other of families) {
      if (other === family || nodes.length === 0) continue;
      const part: PackingCase = {
        types: packing.types.filter(({ name }) => familyOf(name) === other),
        instances: packing.instances.filter(({ name }) => names.has(name)),
      };
      if (caseFaults(part).length > 0) continue;
      const isWanted = wanted.has(other);
      const most = priceOf(nodes) * (isWanted ? Number.POSITIVE_INFINITY : FAR);
      const packed = await pack(part, policy, solver, CHUNKS_OF_A_FAMILY, most);
      if (packed === undefined || checkPlan(part, packed, policy).length > 0) continue;
      if (!isWanted && priceOf(packed) > priceOf(nodes) * NEAR_OPTIMAL) continue;
      instead.push({ family, instead: other, machines: machinesOf(packed) });
    }
  }
  return { kind: "packed", machines: machinesOf(plan), priceMicroUsdPerHour: priceOf(plan), instead };
}

/** A plan after so many chunks of work; undefined where it begins above `most`. */
async function pack(
  packing: PackingCase,
  policy: PackingPolicy,
  solver: Solver,
  chunks: number,
  most = Number.POSITIVE_INFINITY,
): Promise<PlanNode[] | undefined> {
  const cold = await ColdPlan.open(packing, policy, solver, { seed: SEED, gap: GAP });
  try {
    if (cold.costMicroUsdPerHour > most) return undefined;
    let done = 0;
    await runColdPlan(cold, () => done++ / chunks);
    return cold.plan();
  } finally {
    await cold.close();
  }
}

function priceOf(nodes: readonly PlanNode[]): number {
  return nodes.reduce((sum, { priceMicroUsdPerHour }) => sum + priceMicroUsdPerHour, 0);
}

/** By zone and type. */
function machinesOf(nodes: readonly PlanNode[]): PackedMachines[] {
  const counts = new Map<string, { zone: string; machineType: string; count: number }>();
  for (const { zone, type } of nodes) {
    const machineType = machineTypeOf(type);
    const key = `${zone} ${machineType}`;
    const known = counts.get(key) ?? { zone, machineType, count: 0 };
    known.count += 1;
    counts.set(key, known);
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}
