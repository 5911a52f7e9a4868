import type { SavingsPlan } from "./bill-case.ts";
import { dividedBy, type Fraction, fraction, isAtMost, minus, times, ZERO } from "./fraction.ts";
import { byText, type Rules, type RunningMachines, type RunningService } from "./running.ts";

/** What reservations left of machines, in machine-hours, or a service, in units. */
export interface Uncovered {
  readonly use: RunningMachines | RunningService;
  readonly quantity: Fraction;
}

/** Usage that a Savings Plan pays for, at so much a unit. */
export interface PlannedUse {
  readonly plan: SavingsPlan;
  readonly use: RunningMachines | RunningService;
  readonly quantity: Fraction;
  readonly ratePicoUsd: bigint;
}

/** A plan beside a use that it may apply to. */
interface Pair {
  readonly plan: SavingsPlan;
  readonly index: number;
  readonly onDemandPicoUsd: bigint;
  readonly ratePicoUsd: bigint;
}

/**
 * What each Savings Plan covers in one clock-hour, steps 5 to 8 of the order in docs/planner.md: EC2-instance plans on their
 * own account's usage, then on that of others; Compute plans on their own account's, then on that of others.
 *
 * In a step all plans are one pool. The pair of a plan and a use with the highest saving in percent comes first, of equal ones
 * that with the lowest rate, then by the order of the uses given, then by the ids of the plans. What is left of a plan's hour is
 * lost. Takes O(pairs x log pairs).
 */
export function applyPlans(
  uncovered: readonly Uncovered[],
  plans: readonly SavingsPlan[],
  { shares }: Rules,
): PlannedUse[] {
  const uses: PlannedUse[] = [];
  if (plans.length === 0) return uses;
  const rest = uncovered.map(({ quantity }) => quantity);
  const unused = new Map(plans.map((plan) => [plan, fraction(plan.commitmentPicoUsd)]));
  for (const kind of ["ec2_instance", "compute"] as const) {
    for (const own of [true, false]) {
      const pairs: Pair[] = [];
      for (const plan of plans) {
        if (plan.kind !== kind) continue;
        for (const [index, { use }] of uncovered.entries()) {
          if ((use.account === plan.account) !== own || (!own && !shares(plan.account, use.account))) continue;
          const ratePicoUsd = rateOf(plan, use);
          if (ratePicoUsd === undefined) continue;
          pairs.push({ plan, index, onDemandPicoUsd: use.onDemandPicoUsd, ratePicoUsd });
        }
      }
      pairs.sort(bySaving);
      for (const { plan, index, ratePicoUsd } of pairs) {
        const left = unused.get(plan) ?? ZERO;
        const wanted = rest[index] ?? ZERO;
        const use = uncovered[index]?.use;
        if (left.over === 0n || wanted.over === 0n || use === undefined) continue;
        const price = times(wanted, ratePicoUsd);
        const whole = isAtMost(price, left);
        const quantity = whole ? wanted : dividedBy(left, ratePicoUsd);
        uses.push({ plan, use, quantity, ratePicoUsd });
        rest[index] = whole ? ZERO : minus(wanted, quantity);
        unused.set(plan, whole ? minus(left, price) : ZERO);
      }
    }
  }
  return uses;
}

/** Undefined where the plan does not apply. */
function rateOf({ only, rateCard }: SavingsPlan, use: RunningMachines | RunningService): bigint | undefined {
  if (only !== undefined) {
    if (!("family" in use) || use.family !== only.family || use.region !== only.region) return undefined;
  }
  return use.planRates.get(rateCard) ?? undefined;
}

/** The saving is 1 - rate / on demand: the higher, the lower that quotient is. Compared without a division. */
function bySaving(a: Pair, b: Pair): number {
  const one = a.ratePicoUsd * b.onDemandPicoUsd;
  const other = b.ratePicoUsd * a.onDemandPicoUsd;
  if (one !== other) return one < other ? -1 : 1;
  if (a.ratePicoUsd !== b.ratePicoUsd) return a.ratePicoUsd < b.ratePicoUsd ? -1 : 1;
  return a.index - b.index || byText(a.plan.id, b.plan.id);
}
