import type { Pool } from "@berth/contract";
import { formatAge, formatBytes, formatDuration, formatMoney } from "../../../output/format.ts";
import type { ListView } from "../../../output/print.ts";
import { formatFacts } from "../../../output/table.ts";

/** Pools as a table. */
export const POOLS: ListView<Pool> = {
  noun: "pools",
  nameOf: (pool) => pool.id,
  columns: [
    { header: "name", value: (pool) => pool.name },
    { header: "kube", value: (pool) => pool.kube_id },
    { header: "zones", value: (pool) => pool.zones.join(",") },
    { header: "machines", value: (pool) => `${pool.machines}/${pool.max_machines}`, align: "right" },
    { header: "per machine", value: (pool) => pool.instances_per_machine, align: "right" },
    { header: "cpu limit", value: (pool) => `${pool.cpu_limit_percent}%`, align: "right" },
    { header: "empty after", value: (pool) => formatDuration(pool.empty_after_seconds * 1000), align: "right" },
    { header: "id", value: (pool) => pool.id },
    { header: "types", value: (pool) => pool.machine_types.join(","), wide: true },
    { header: "image", value: (pool) => pool.image_id, wide: true },
  ],
};

/** One of them, with all that is known of it. */
export function describePool(pool: Pool): string {
  const words = (list: readonly string[]) => (list.length === 0 ? "none" : list.join(", "));
  return formatFacts([
    ["Pool", `${pool.name} (${pool.id})`],
    ["Kube", pool.kube_id],
    ["Age", formatAge(pool.created_at, Date.now())],
    ["Machines", `${pool.machines} of at most ${pool.max_machines}`],
    ["Zones", words(pool.zones)],
    ["Types", words(pool.machine_types)],
    [
      "Per machine",
      `${pool.instances_per_machine} instances at most, CPU limit ${pool.cpu_limit_percent}% of the request`,
    ],
    [
      "Spend cap",
      pool.max_price_per_hour === null ? "none" : `${formatMoney(pool.max_price_per_hour)} an hour for its machines`,
    ],
    ["Tenant share", `${pool.tenant_share_percent}% of an organization's instances on one machine`],
    ["Headroom", headroomOf(pool)],
    ["Held zones", words(pool.held_zones)],
    ["Rebalance", rebalanceOf(pool)],
    ["Reservations", pool.reservation_purchases === "on" ? "bought as approved plans have them" : "not bought"],
    ["Empty after", formatDuration(pool.empty_after_seconds * 1000)],
    ["Image", pool.image_id],
    ["Subnets", words(Object.entries(pool.subnet_ids).map(([zone, subnet]) => `${zone}=${subnet}`))],
    ["Security groups", words(pool.security_group_ids)],
    ["Profile", pool.instance_profile ?? "none"],
  ]);
}

function headroomOf(pool: Pool): string {
  if (pool.headroom_instances === 0) return "none";
  const size = `${pool.headroom_cpu_millis}m and ${formatBytes(pool.headroom_memory_bytes)}`;
  return `for ${pool.headroom_instances} instances of ${size} in each zone`;
}

function rebalanceOf(pool: Pool): string {
  if (pool.rebalance_mode === "off") return "off";
  const saving = `plans that save ${formatMoney(pool.rebalance_min_saving_per_month)} a month or more`;
  if (pool.rebalance_mode === "propose") return `propose: ${saving} wait for an operator`;
  return `automatic: ${saving}, by themselves where they move at most ${pool.rebalance_max_automatic_moves} instances`;
}
