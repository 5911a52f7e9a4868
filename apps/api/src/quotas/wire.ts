import { type Admission, MEBIBYTE, QUOTA_NAMES, type QuotaEntry, type SpendEntry } from "@berth/contract";
import {
  brokenLimitsOf,
  FLEET_QUOTAS,
  type FleetDemand,
  type FleetUsage,
  isOver,
  moneyFromMicroUsd,
  type OrganizationUsage,
  QUOTAS,
  type Quota,
  type Spend,
} from "@berth/domain";

/** An amount of one quota as the wire counts it: bytes for mebibytes. */
export function quotaAmount(quota: Quota, amount: number): number {
  return quota === "memoryMib" || quota === "storageMib" ? amount * MEBIBYTE : amount;
}

export function toQuotaEntries(usage: OrganizationUsage): QuotaEntry[] {
  return QUOTAS.map((quota) => ({
    name: QUOTA_NAMES[quota],
    limit: quotaAmount(quota, usage.quotas[quota].limit),
    used: quotaAmount(quota, usage.quotas[quota].used),
  }));
}

export function toSpendEntry({ capMicroUsdPerHour, usedMicroUsdPerHour }: Spend): SpendEntry {
  return {
    cap: capMicroUsdPerHour === null ? null : moneyFromMicroUsd(capMicroUsdPerHour),
    used: moneyFromMicroUsd(usedMicroUsdPerHour),
  };
}

/** Whether new clusters would be accepted now, as a preview says it. */
export function toAdmission(usage: FleetUsage, demand: FleetDemand): Admission {
  const broken = brokenLimitsOf(usage, demand);
  return {
    would_exceed: broken.map((one) => (one.kind === "quota" ? QUOTA_NAMES[one.quota] : "spend_cap")),
    quotas: FLEET_QUOTAS.map((quota) => ({
      name: QUOTA_NAMES[quota],
      limit: quotaAmount(quota, usage.quotas[quota].limit),
      used: quotaAmount(quota, usage.quotas[quota].used),
      requested: quotaAmount(quota, demand.quotas[quota]),
      would_exceed: isOver(usage.quotas[quota], demand.quotas[quota]),
    })),
    spend: {
      ...toSpendEntry(usage.spend),
      requested: moneyFromMicroUsd(demand.microUsdPerHour),
      would_exceed: broken.some((one) => one.kind === "spend_cap"),
    },
  };
}
