import type { QuotaLimits, QuotaName, QuotaUses } from "@berth/contract";
import { InvalidArgumentError } from "@commander-js/extra-typings";
import { formatBytes } from "../../output/format.ts";
import { byteCount, wholeNumber } from "../parse.ts";

/** Quotas as the command line calls them: amounts have units here. In the order in which they are shown. */
export const QUOTA_WORDS = {
  clusters: "clusters",
  instances: "instances",
  memory_bytes: "memory",
  storage_bytes: "storage",
  projects: "projects",
  members: "members",
  api_keys: "keys",
} as const satisfies Readonly<Record<QuotaName, string>>;

const NAMES = Object.keys(QUOTA_WORDS) as QuotaName[];

/** The word for a quota; its name when it is one that a newer API has. */
export function quotaWord(name: string): string {
  const known = NAMES.find((one) => one === name);
  return known === undefined ? name : QUOTA_WORDS[known];
}

/** An amount of a quota as people read it. */
export function formatQuota(name: string, amount: number): string {
  return name.endsWith("_bytes") ? formatBytes(amount) : String(amount);
}

/** `3/20`, `24GiB/2TiB`: what is used of what there may be. */
export function formatUse(name: QuotaName, { used, limit }: { readonly used: number; readonly limit: number }): string {
  return `${formatQuota(name, used)}/${formatQuota(name, limit)}`;
}

/** Every quota as a line of facts: `Memory: 24GiB of 2TiB`. */
export function quotaFacts(quotas: QuotaUses): (readonly [name: string, value: string])[] {
  return NAMES.map((name) => {
    const word = QUOTA_WORDS[name];
    const { used, limit } = quotas[name];
    return [word.charAt(0).toUpperCase() + word.slice(1), `${formatQuota(name, used)} of ${formatQuota(name, limit)}`];
  });
}

/** Collects `--quota clusters=10`, given again for each. */
export function quotaLimit(text: string, before: QuotaLimits = {}): QuotaLimits {
  const equals = text.indexOf("=");
  const word = text.slice(0, Math.max(0, equals));
  const name = NAMES.find((one) => QUOTA_WORDS[one] === word);
  if (name === undefined) {
    throw new InvalidArgumentError(`Written quota=limit, the quota one of ${Object.values(QUOTA_WORDS).join(", ")}.`);
  }
  const value = text.slice(equals + 1);
  return { ...before, [name]: { limit: name.endsWith("_bytes") ? byteCount(value) : wholeNumber(value) } };
}
