import { type Rate, TERMS } from "@berth/domain";
import type { OwnedCommitment } from "@berth/planner";
import type { SteadyPurchases } from "./steady-purchases.ts";

const HOUR_MS = 3_600_000;

export interface ReservedOrder {
  readonly id: string;
  readonly region: string;
  /** Undefined for regional ones. */
  readonly zone: string | undefined;
  readonly rate: Rate;
  readonly count: number;
}

/** Reserved instances that are bought in the hour. */
export function reservedInstances({ id, region, zone, rate, count }: ReservedOrder, atHour: number): OwnedCommitment {
  return {
    ...emptyCommitment(atHour, rate.term),
    id,
    kind: "reserved_instances",
    region,
    zone: zone ?? null,
    machineType: rate.machineType,
    offeringClass: rate.offeringClass ?? "standard",
    paymentOption: rate.paymentOption,
    count,
    upfrontMicroUsd: rate.upfrontMicroUsd,
    hourlyMicroUsd: rate.hourlyMicroUsd,
  };
}

export function computeSavingsPlans({ plans }: SteadyPurchases, atHour: number): OwnedCommitment[] {
  return plans.map(({ product, microUsdPerHour }) => ({
    ...emptyCommitment(atHour, product.term),
    id: product.name.replaceAll(" ", "-"),
    kind: "compute_savings_plan",
    paymentOption: product.paymentOption,
    commitmentMicroUsdPerHour: microUsdPerHour,
  }));
}

function emptyCommitment(atHour: number, term: Rate["term"]) {
  return {
    region: null,
    zone: null,
    machineType: null,
    family: null,
    offeringClass: null,
    term,
    count: null,
    upfrontMicroUsd: null,
    hourlyMicroUsd: null,
    commitmentMicroUsdPerHour: null,
    account: null,
    externalId: null,
    startsAt: new Date(atHour * HOUR_MS),
    endsAt: new Date((atHour + TERMS[term].hours) * HOUR_MS),
  } as const;
}
