import type { OwnedCommitment, PlanRateBook } from "../fleet/fleet-history.ts";

export const NOW = Date.parse("2026-11-29T12:30:00Z");
export const REGION = "us-east-1";

export const PRICES = [
  { machineType: "m7i.large", microUsdPerHour: 100_000 },
  { machineType: "m7i.xlarge", microUsdPerHour: 200_000 },
  { machineType: "m7i.4xlarge", microUsdPerHour: 800_000 },
  { machineType: "g5.xlarge", microUsdPerHour: 1_000_000 },
  { machineType: "g5.2xlarge", microUsdPerHour: 1_200_000 },
  { machineType: "r7i.xlarge", microUsdPerHour: 250_000 },
];
export const commitment = (change: Partial<OwnedCommitment>): OwnedCommitment => ({
  id: JSON.stringify(change),
  kind: "reserved_instances",
  region: REGION,
  zone: null,
  machineType: null,
  family: null,
  offeringClass: "standard",
  term: "1y",
  paymentOption: "no_upfront",
  count: null,
  upfrontMicroUsd: 0,
  hourlyMicroUsd: 100_000,
  commitmentMicroUsdPerHour: null,
  account: null,
  externalId: null,
  startsAt: new Date(NOW - 86_400_000),
  endsAt: new Date(NOW + 86_400_000),
  ...change,
});
export const of = (machineType: string, count: number, zone: string | null = null) =>
  commitment({ machineType, count, zone });
export const plan = (usdPerHour: number, change: Partial<OwnedCommitment> = {}) =>
  commitment({
    kind: "compute_savings_plan",
    region: null,
    offeringClass: null,
    commitmentMicroUsdPerHour: usdPerHour * 1e6,
    ...change,
  });
export const priceOf = (type: string) =>
  PRICES.find(({ machineType }) => machineType === type)?.microUsdPerHour ?? 300_000;
export const run = (machineType: string, count: number, zone = "a", region = REGION) => ({
  region,
  zone,
  machineType,
  count,
  microUsdPerHour: priceOf(machineType),
});
/** Seven tenths of the price on demand. */
export const book = (kind: PlanRateBook["kind"], region = REGION): PlanRateBook => ({
  region,
  kind,
  rates: PRICES.map(({ machineType, microUsdPerHour }) => ({
    machineType,
    term: "1y",
    offeringClass: null,
    paymentOption: "no_upfront",
    upfrontMicroUsd: 0,
    hourlyMicroUsd: (microUsdPerHour * 7) / 10,
  })),
});
