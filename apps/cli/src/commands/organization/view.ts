import type { Organization } from "@berth/contract";
import { formatAge, formatMoney } from "../../output/format.ts";
import { formatFacts } from "../../output/table.ts";

/** One's own organization for people. */
export function describeOrganization({ id, name, kind, state, max_price_per_hour: cap, created_at }: Organization) {
  return formatFacts([
    ["Organization", `${name} (${id})`],
    ["Kind", kind],
    ["State", state],
    ["Spend cap", cap === null ? "none" : `${formatMoney(cap)} an hour`],
    ["Age", formatAge(created_at, Date.now())],
  ]);
}
