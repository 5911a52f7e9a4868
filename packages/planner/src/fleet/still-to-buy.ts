import { quarterUnits } from "../terms/size-factor.ts";
import { isHeldWhereLookedAt, type PlannedCommitment, type ShownPurchase } from "./planned-commitments.ts";

/** A part of a plan's purchases that is to be bought no more: it is a commitment that is held, or was given up. */
export interface SettledPart {
  /** Of the plan's purchases, from 0. */
  readonly purchase: number;
  /** Null of a savings plan: the whole purchase. */
  readonly machineType: string | null;
  readonly count: number | null;
}

/** What `plannedCommitments` gave of a plan, without what is settled: what is held counts as itself. */
export function stillToBuy(
  planned: readonly PlannedCommitment[],
  purchases: readonly ShownPurchase[],
  settled: readonly SettledPart[],
): PlannedCommitment[] {
  return planned.flatMap((one): PlannedCommitment[] => {
    const isOf = (purchase: ShownPurchase | undefined): purchase is ShownPurchase =>
      purchase?.product === one.product && isHeldWhereLookedAt(purchase);
    const gone = settled.reduce((sum, { purchase: index, machineType, count }) => {
      const purchase = purchases[index];
      if (!isOf(purchase)) return sum;
      if (machineType === null || one.machineType === null) return sum + (purchase.steps ?? 0);
      return sum + ((count ?? 0) * (quarterUnits(machineType) ?? 0)) / (quarterUnits(one.machineType) ?? 1);
    }, 0);
    if (one.kind === "reserved_instances") {
      const left = Math.max(0, (one.count ?? 0) - Math.floor(gone));
      return left === 0 ? [] : [{ ...one, count: left }];
    }
    const steps = purchases.filter(isOf).reduce((sum, purchase) => sum + (purchase.steps ?? 0), 0);
    const left = Math.max(0, steps - gone);
    const micro = one.commitmentMicroUsdPerHour ?? 0;
    return left === 0 ? [] : [{ ...one, commitmentMicroUsdPerHour: (micro / steps) * left }];
  });
}
