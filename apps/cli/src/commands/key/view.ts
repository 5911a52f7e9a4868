import type { ApiKey, CreatedApiKey } from "@berth/contract";
import { formatAge, formatDuration } from "../../output/format.ts";
import type { ListView } from "../../output/print.ts";
import { formatFacts } from "../../output/table.ts";

/** API keys as a table. */
export const KEYS: ListView<ApiKey> = {
  noun: "keys",
  nameOf: (key) => key.id,
  columns: [
    { header: "name", value: (key) => key.name },
    { header: "state", value: (key) => key.state },
    { header: "begins with", value: (key) => key.prefix },
    { header: "limits", value: limitsOf },
    { header: "expires in", value: (key) => expiresIn(key, Date.now()), align: "right" },
    { header: "last used", value: (key) => formatAge(key.last_used_at, Date.now()), align: "right" },
    { header: "id", value: (key) => key.id },
    { header: "scopes", value: (key) => key.scopes.join(","), wide: true },
    { header: "member", value: (key) => key.member_id ?? undefined, wide: true },
    { header: "used from", value: (key) => key.last_used_from ?? undefined, wide: true },
    { header: "rotated from", value: (key) => key.rotated_from ?? undefined, wide: true },
  ],
};

/** A new key for people: the only time that its text is seen. */
export function describeNewKey(made: CreatedApiKey): string {
  return formatFacts([
    ["Key", `${made.name} (${made.id})`],
    ["Text", made.key],
    ["Scopes", made.scopes.join(", ")],
    ["Limits", limitsOf(made)],
    ["Expires", made.expires_at ?? "never"],
  ]);
}

export const SHOWN_ONCE = "Keep the key's text now: it is shown this once, and nobody can show it again.";

function limitsOf({ project_ids, cluster_ids, cidrs }: ApiKey): string | undefined {
  const limits = [...project_ids, ...cluster_ids, ...cidrs];
  return limits.length === 0 ? undefined : limits.join(",");
}

function expiresIn({ expires_at }: ApiKey, nowMs: number): string | undefined {
  return expires_at === null ? "never" : formatDuration(Date.parse(expires_at) - nowMs);
}
