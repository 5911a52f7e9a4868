import { addTo, conflict, emptyLoad, shortage } from "../fit.ts";
import type { LaunchOption } from "../types.ts";
import type { RunningInstance } from "./rebalance-plan.ts";

/** A machine to launch, with what goes there. */
export interface Replacement {
  readonly option: LaunchOption;
  readonly instances: readonly RunningInstance[];
}

interface ReplacementRules {
  priceOf(option: LaunchOption): number;
  tenantLimit(poolId: string, organizationId: string): number;
}

/**
 * The cheapest machine that holds all of these, or two where those cost less; undefined when none does for less than
 * `below`. `options` are of one zone, cheapest first; ties go to the first.
 *
 * O(options² + options x instances²).
 */
export function cheapestReplacement(
  instances: readonly RunningInstance[],
  options: readonly LaunchOption[],
  below: number,
  rules: ReplacementRules,
): readonly Replacement[] | undefined {
  if (instances.some((one) => one.launchClosed !== undefined)) return undefined;
  const single = singleMachine(instances, options, below, rules);
  const bound = single === undefined ? below : rules.priceOf(single.option);
  const pair = instances.length < 2 ? undefined : twoMachines(instances, options, bound, rules);
  return pair ?? (single === undefined ? undefined : [single]);
}

function singleMachine(
  instances: readonly RunningInstance[],
  options: readonly LaunchOption[],
  below: number,
  rules: ReplacementRules,
): Replacement | undefined {
  for (const option of options) {
    if (rules.priceOf(option) >= below) return undefined;
    if (option.closed !== undefined) continue;
    if (fill(instances, option, rules).length === instances.length) return { option, instances };
  }
  return undefined;
}

/** The first takes what it can, the largest first, and the second the rest. */
function twoMachines(
  instances: readonly RunningInstance[],
  options: readonly LaunchOption[],
  below: number,
  rules: ReplacementRules,
): readonly Replacement[] | undefined {
  let best: readonly Replacement[] | undefined;
  let bound = below;
  for (const option of options) {
    const price = rules.priceOf(option);
    if (price >= bound) break;
    if (option.closed !== undefined) continue;
    const taken = fill(instances, option, rules);
    if (taken.length === 0 || taken.length === instances.length) continue;
    const rest = instances.filter((one) => !taken.includes(one));
    const second = singleMachine(rest, options, bound - price, rules);
    if (second === undefined) continue;
    best = [{ option, instances: taken }, second];
    bound = price + rules.priceOf(second.option);
  }
  return best;
}

function fill(
  instances: readonly RunningInstance[],
  { poolId, allocatable }: LaunchOption,
  { tenantLimit }: ReplacementRules,
): RunningInstance[] {
  const load = emptyLoad();
  const taken: RunningInstance[] = [];
  for (const instance of instances) {
    if (shortage(instance, allocatable, load) !== undefined || conflict(instance, taken) !== undefined) continue;
    const ofTenant = taken.filter((one) => one.organizationId === instance.organizationId).length;
    if (ofTenant >= tenantLimit(poolId, instance.organizationId)) continue;
    addTo(load, instance);
    taken.push(instance);
  }
  return taken;
}
