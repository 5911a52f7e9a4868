import type { ClusterPlan } from "./cluster/spec.ts";

/** What an organization may have so much of. Of clusters all that is not deleted counts; what is being deleted has volumes. */
export const FLEET_QUOTAS = ["clusters", "instances", "memoryMib", "storageMib"] as const;
export type FleetQuota = (typeof FLEET_QUOTAS)[number];

/** Members count with the invitations that can still be accepted, API keys while they open something. */
export const QUOTAS = [...FLEET_QUOTAS, "projects", "members", "apiKeys"] as const;
export type Quota = (typeof QUOTAS)[number];

/** The largest quota of memory or storage: 2 PiB less one MiB. */
export const MAX_QUOTA_MIB = 2 ** 31 - 1;

export interface QuotaUse {
  readonly limit: number;
  readonly used: number;
}

/** What all clusters cost together, and what the customer lets them cost. */
export interface Spend {
  readonly capMicroUsdPerHour: number | null;
  readonly usedMicroUsdPerHour: number;
}

export interface FleetUsage {
  readonly quotas: Readonly<Record<FleetQuota, QuotaUse>>;
  readonly spend: Spend;
}

/** All that is limited of one organization. */
export interface OrganizationUsage extends FleetUsage {
  readonly quotas: Readonly<Record<Quota, QuotaUse>>;
}

/** What new clusters would take. */
export interface FleetDemand {
  readonly quotas: Readonly<Record<FleetQuota, number>>;
  readonly microUsdPerHour: number;
}

export function demandOf(plans: readonly ClusterPlan[]): FleetDemand {
  const components = plans.flatMap((plan) => plan.components);
  const sum = (of: (one: (typeof components)[number]) => number) =>
    components.reduce((total, one) => total + one.instances * of(one), 0);
  return {
    quotas: {
      clusters: plans.length,
      instances: sum(() => 1),
      memoryMib: sum((one) => one.memoryMib),
      storageMib: sum((one) => one.storageMib),
    },
    microUsdPerHour: sum((one) => one.priceMicroUsdPerHour),
  };
}

export type BrokenLimit =
  | { readonly kind: "quota"; readonly quota: FleetQuota }
  | { readonly kind: "spend_cap"; readonly capMicroUsdPerHour: number };

/** Every limit that the demand would break, the quotas first; none when it may be accepted. */
export function brokenLimitsOf(usage: FleetUsage, demand: FleetDemand): readonly BrokenLimit[] {
  const quotas = FLEET_QUOTAS.filter((quota) => isOver(usage.quotas[quota], demand.quotas[quota]));
  const { capMicroUsdPerHour, usedMicroUsdPerHour } = usage.spend;
  const isOverCap = capMicroUsdPerHour !== null && usedMicroUsdPerHour + demand.microUsdPerHour > capMicroUsdPerHour;
  return [
    ...quotas.map((quota) => ({ kind: "quota", quota }) as const),
    ...(isOverCap ? [{ kind: "spend_cap", capMicroUsdPerHour } as const] : []),
  ];
}

/** Whether so much more is too much. What takes nothing is never refused, also where a limit was lowered below what is used. */
export function isOver({ limit, used }: QuotaUse, requested: number): boolean {
  return requested > 0 && used + requested > limit;
}
