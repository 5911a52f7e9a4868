import type { Solver } from "@berth/ports";
import { type Commitment, costWithCommitments, type ValuedCommitment } from "../case/commitments.ts";
import type { CaseType, PackingCase, PackingPolicy } from "../case/packing-case.ts";
import { ColdPlan } from "./cold-plan.ts";
import { settleTypes } from "./settle-types.ts";

export interface ValueOptions {
  readonly seed: number;
  /** Plans that are made; each halves what is not known of every value. */
  readonly steps: number;
  /** Of ruin and recreate, in every zone for each plan. */
  readonly iterations: number;
}

/**
 * What a unit of each commitment is worth: the value at which a plan takes about as many as there are. Below it, the plan
 * would take more, above it fewer, so each value is halved in; of all plans the one that costs least with what is paid for
 * says which. Any values give a valid bound; the nearer, the better it is.
 */
export async function valueCommitments(
  packingCase: PackingCase,
  commitments: readonly Commitment[],
  policy: PackingPolicy,
  solver: Solver,
  { seed, steps, iterations }: ValueOptions,
): Promise<readonly ValuedCommitment[]> {
  const ranges = commitments.map((commitment) => ({ low: 0, high: mostWorth(commitment, packingCase.types) }));
  let best: { readonly cost: number; readonly valued: readonly ValuedCommitment[] } | undefined;
  for (let step = 0; step < steps; step++) {
    const valued = commitments.map((commitment, index): ValuedCommitment => {
      const { low, high } = ranges[index] as (typeof ranges)[number];
      return { ...commitment, valueMicroUsdPerHour: Math.ceil((low + high) / 2) };
    });
    const plan = await ColdPlan.open(packingCase, policy, solver, { seed, gap: 1, commitments: valued });
    plan.improve(iterations);
    const nodes = plan.plan();
    await plan.close();
    const cost = costWithCommitments(settleTypes(packingCase, commitments, nodes), commitments).marginalMicroUsdPerHour;
    if (best === undefined || cost < best.cost) best = { cost, valued };
    for (const [index, { units, unitsOf, valueMicroUsdPerHour }] of valued.entries()) {
      const taken = nodes.reduce((sum, { type }) => sum + (unitsOf.get(type) ?? 0), 0);
      const range = ranges[index] as (typeof ranges)[number];
      if (taken > units) range.low = valueMicroUsdPerHour;
      else range.high = valueMicroUsdPerHour;
    }
  }
  return best?.valued ?? commitments.map((commitment) => ({ ...commitment, valueMicroUsdPerHour: 1 }));
}

/** A unit saves no more than this with any of the types. */
function mostWorth({ unitsOf, unitPriceMicroUsdPerHour }: Commitment, types: readonly CaseType[]): number {
  return types.reduce((most, { name, priceMicroUsdPerHour }) => {
    const units = unitsOf.get(name);
    if (units === undefined) return most;
    return Math.max(most, Math.ceil(priceMicroUsdPerHour / units) - unitPriceMicroUsdPerHour);
  }, 1);
}
