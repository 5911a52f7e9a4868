import type { AdminOrganization, QuotaName } from "@berth/contract";
import { formatAge, formatMoney } from "../../../output/format.ts";
import type { ListView } from "../../../output/print.ts";
import { formatFacts } from "../../../output/table.ts";
import { formatUse, QUOTA_WORDS, quotaFacts } from "../../quota/quota-words.ts";

const use = (name: QuotaName) => ({
  header: QUOTA_WORDS[name],
  value: ({ quotas }: AdminOrganization) => formatUse(name, quotas[name]),
  align: "right" as const,
});

/** Organizations as a table. */
export const ORGANIZATIONS: ListView<AdminOrganization> = {
  noun: "organizations",
  nameOf: (organization) => organization.id,
  columns: [
    { header: "name", value: (organization) => organization.name },
    { header: "kind", value: (organization) => organization.kind },
    { header: "state", value: (organization) => organization.state },
    use("clusters"),
    use("instances"),
    use("memory_bytes"),
    { header: "$/hour", value: ({ spend }) => formatMoney(spend.used), align: "right" },
    { header: "age", value: (organization) => formatAge(organization.created_at, Date.now()), align: "right" },
    { header: "id", value: (organization) => organization.id },
    { ...use("storage_bytes"), wide: true },
    { ...use("projects"), wide: true },
    { ...use("members"), wide: true },
    { ...use("api_keys"), wide: true },
    { header: "spend cap", value: ({ spend }) => capOf(spend), align: "right", wide: true },
    { header: "suspended for", value: ({ suspension }) => suspension?.reason, wide: true },
  ],
};

/** One of them, with everything that is known of it. */
export function describeOrganization(organization: AdminOrganization): string {
  const { id, name, kind, state, suspension, quotas, spend, created_at } = organization;
  return formatFacts([
    ["Organization", `${name} (${id})`],
    ["Kind", kind],
    ["State", suspension === null ? state : `${state} since ${suspension.since}: ${suspension.reason}`],
    ["Age", formatAge(created_at, Date.now())],
    ...quotaFacts(quotas),
    ["Spend", `${formatMoney(spend.used)} an hour, cap ${capOf(spend)}`],
  ]);
}

function capOf({ cap }: AdminOrganization["spend"]): string {
  return cap === null ? "none" : formatMoney(cap);
}
