import { type CommitmentUsage, commitmentUsage } from "./commitment-usage.ts";
import type { OwnedCommitment, PlanRateBook, TypePrice } from "./fleet-history.ts";
import { HOUR_MS } from "./machine-hours.ts";

/** What is committed to, and all that it may cover. */
export interface CommittedFleet {
  /** The one of which machines are priced. */
  readonly region: string;
  readonly commitments: readonly OwnedCommitment[];
  /** Of all regions, as a Compute Savings Plan covers all. */
  readonly running: readonly RunningType[];
  readonly rateBooks: readonly PlanRateBook[];
}

export interface RunningType extends TypePrice {
  readonly zone: string;
  readonly count: number;
}

/**
 * The exact bill of an hour like the one that `nowMs` is in, all of which the machines run, by the commitments given. Like
 * commitments are one for it (`likeCommitments`): hundreds of purchases are billed as the few products that they are of.
 */
export function hourOfFleet(
  running: readonly RunningType[],
  commitments: readonly OwnedCommitment[],
  rateBooks: readonly PlanRateBook[],
  nowMs: number,
): CommitmentUsage {
  const fromHour = Math.floor(nowMs / HOUR_MS);
  return commitmentUsage({
    fromHour,
    hours: 1,
    runs: running.map((machines) => ({ ...machines, startedMs: fromHour * HOUR_MS, endedMs: undefined })),
    commitments,
    prices: running,
    rateBooks,
  });
}

/** Those whose term the hour of `nowMs` is part of, of each product one with the sum of what is bought of it. */
export function likeCommitments(commitments: readonly OwnedCommitment[], nowMs: number): OwnedCommitment[] {
  const hour = Math.floor(nowMs / HOUR_MS);
  const byProduct = new Map<string, OwnedCommitment>();
  for (const one of commitments) {
    if (Math.floor(one.startsAt.getTime() / HOUR_MS) > hour || Math.floor(one.endsAt.getTime() / HOUR_MS) <= hour)
      continue;
    const { kind, region, zone, machineType, family, offeringClass, term, paymentOption } = one;
    const product = JSON.stringify([kind, region, zone, machineType, family, offeringClass, term, paymentOption]);
    const known = byProduct.get(product);
    byProduct.set(product, {
      ...(known ?? one),
      count: sum(known?.count, one.count),
      commitmentMicroUsdPerHour: sum(known?.commitmentMicroUsdPerHour, one.commitmentMicroUsdPerHour),
    });
  }
  return [...byProduct.values()];
}

function sum(a: number | null | undefined, b: number | null): number | null {
  return b === null ? null : (a ?? 0) + b;
}
