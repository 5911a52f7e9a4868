import type { DemandOption, PlanningCase } from "./planning-case.ts";
import type { SavingsUse } from "./serve-hour.ts";

/** Demand that has a choice, at one of its families. */
export interface ReservedChoice {
  readonly demand: number;
  readonly option: DemandOption;
}

/** The same under a savings plan. */
export interface SavingsChoice extends ReservedChoice {
  readonly pool: number;
  readonly rate: number;
}

/**
 * Where demand that has a choice is worth most: what a unit of it costs on demand where that is least, over how much of an idle
 * reserved instance, or of a plan's money, it takes. The highest first; of equal ones in the order of plans' uses, demands, options.
 */
export function flexibleChoices(
  { families, demands }: Pick<PlanningCase, "families" | "demands">,
  savings: readonly SavingsUse[],
): { readonly reserved: readonly ReservedChoice[]; readonly savings: readonly SavingsChoice[] } {
  const reserved = demands.flatMap(({ options }, demand) =>
    options.length === 1 ? [] : options.map((option): ReservedChoice => ({ demand, option })),
  );
  const price = (family: number) => (families[family] as { onDemandMicroUsdPerHour: number }).onDemandMicroUsdPerHour;
  const onDemand = demands.map(({ options }) =>
    BigInt(Math.min(...options.map(({ family, milliUnits }) => price(family) * milliUnits))),
  );
  const byWorth = <T extends ReservedChoice>(choices: readonly T[], takes: (choice: T) => number) =>
    choices.toSorted((a, b) => {
      const left = (onDemand[a.demand] as bigint) * BigInt(takes(b));
      const right = (onDemand[b.demand] as bigint) * BigInt(takes(a));
      return left === right ? 0 : left > right ? -1 : 1;
    });
  const ofPlans = savings.flatMap(({ pool, family, rate }) =>
    reserved.flatMap((choice): SavingsChoice[] => (choice.option.family === family ? [{ ...choice, pool, rate }] : [])),
  );
  return {
    reserved: byWorth(reserved, ({ option }) => option.milliUnits),
    savings: byWorth(ofPlans, ({ option, rate }) => option.milliUnits * rate),
  };
}
