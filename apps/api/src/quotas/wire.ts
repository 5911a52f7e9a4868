import {
  type Admission,
  MEBIBYTE,
  QUOTA_NAMES,
  type QuotaEntry,
  type QuotaLimits,
  type QuotaUses,
  type SpendEntry,
} from "@berth/contract";
import type { Limits } from "@berth/db";
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

export function toQuotaUses({ quotas }: OrganizationUsage): QuotaUses {
  const use = (quota: Quota) => ({
    limit: quotaAmount(quota, quotas[quota].limit),
    used: quotaAmount(quota, quotas[quota].used),
  });
  return {
    clusters: use("clusters"),
    instances: use("instances"),
    memory_bytes: use("memoryMib"),
    storage_bytes: use("storageMib"),
    projects: use("projects"),
    members: use("members"),
    api_keys: use("apiKeys"),
  };
}

/** Limits with those that a body gives put in their places. The contract lets whole mebibytes through alone. */
export function withLimits(before: Limits, body: QuotaLimits | undefined): Limits {
  const mebibytes = (limit: { readonly limit: number } | undefined) =>
    limit === undefined ? undefined : limit.limit / MEBIBYTE;
  return {
    maxClusters: body?.clusters?.limit ?? before.maxClusters,
    maxInstances: body?.instances?.limit ?? before.maxInstances,
    maxMemoryMib: mebibytes(body?.memory_bytes) ?? before.maxMemoryMib,
    maxStorageMib: mebibytes(body?.storage_bytes) ?? before.maxStorageMib,
    maxProjects: body?.projects?.limit ?? before.maxProjects,
    maxMembers: body?.members?.limit ?? before.maxMembers,
    maxApiKeys: body?.api_keys?.limit ?? before.maxApiKeys,
  };
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
