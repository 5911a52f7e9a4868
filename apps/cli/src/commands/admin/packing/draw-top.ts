import type { Packing } from "@berth/contract";
import { formatMoney } from "../../../output/format.ts";
import { type Column, formatTable } from "../../../output/table.ts";
import { formatPercent, percentOf } from "./percent.ts";

type Node = NonNullable<Packing["nodes"]>[number];

/** What a terminal has room for. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const BAR = 20;

/** The bar is the fullest dimension: `#` is used, `=` asked for and not used or not measured, `.` left. */
const COLUMNS: readonly Column<Node>[] = [
  { header: "node", value: (node) => node.node_name },
  { header: "used #, requested =", value: bar },
  { header: "full", value: (node) => formatPercent(node.dominant_utilization), align: "right" },
  { header: "$/hour", value: (node) => formatMoney(node.price_per_hour), align: "right" },
  { header: "cpu", value: (node) => percentOf(node.requested.cpu_millis, node.allocatable.cpu_millis), align: "right" },
  {
    header: "memory",
    value: (node) => percentOf(node.requested.memory_bytes, node.allocatable.memory_bytes),
    align: "right",
  },
  { header: "used cpu", value: (node) => formatPercent(node.used?.of_requested.cpu ?? null), align: "right" },
  { header: "used memory", value: (node) => formatPercent(node.used?.of_requested.memory ?? null), align: "right" },
  { header: "volumes", value: (node) => percentOf(node.requested.volumes, node.allocatable.volumes), align: "right" },
  { header: "instances", value: (node) => `${node.requested.instances}/${node.allocatable.instances}`, align: "right" },
  { header: "idle $/day", value: (node) => formatMoney(node.idle_per_day), align: "right" },
  { header: "type", value: (node) => node.machine_type },
  { header: "zone", value: (node) => node.zone },
  { header: "state", value: (node) => node.state },
];

/** The screen of `berth admin top`, line by line, no longer and no wider than there is room for. */
export function drawTop(packing: Packing, { columns, rows }: Size): string[] {
  const { total, nodes } = packing;
  const machines = total.machines.ready + total.machines.coming + total.machines.leaving;
  const summary = [
    `${machines} machines, ${total.instances} instances, ${formatMoney(total.price_per_hour)} an hour, ` +
      `${formatMoney(total.idle_per_day)} idle a day`,
    `requested: CPU ${percentOf(total.requested.cpu_millis, total.allocatable.cpu_millis) ?? "-"}, ` +
      `memory ${percentOf(total.requested.memory_bytes, total.allocatable.memory_bytes) ?? "-"}, ` +
      `fullest ${formatPercent(total.dominant_utilization) ?? "-"} by price; ${usedOf(total)}` +
      `${packing.instances_without_place > 0 ? `; ${packing.instances_without_place} without a place` : ""}`,
    "",
  ];
  const listed = nodes ?? [];
  const table = formatTable(COLUMNS, listed).trimEnd().split("\n");
  const room = Math.max(1, rows - summary.length - 1);
  const [header = "", ...lines] = table;
  const shown = lines.length < room ? lines : lines.slice(0, room - 1);
  const more = listed.length + packing.nodes_left_out - shown.length;
  return [...summary, header, ...shown, ...(more > 0 ? [`and ${more} more`] : [])].map((line) =>
    line.slice(0, columns).trimEnd(),
  );
}

function usedOf({ used }: Packing["total"]): string {
  if (used === null) return "use not measured";
  const { cpu, memory } = used.of_requested;
  return `of that used: CPU ${formatPercent(cpu) ?? "-"}, memory ${formatPercent(memory) ?? "-"}`;
}

function bar({ requested, allocatable, used }: Node): string {
  const share = (part: number, whole: number) => (part === 0 ? 0 : whole === 0 ? 1 : Math.min(1, part / whole));
  const { cpu_millis: cpu, memory_bytes: memory, volumes } = allocatable;
  const [fullest] = [
    { asked: share(requested.cpu_millis, cpu), used: share(used?.cpu_millis ?? 0, cpu) },
    { asked: share(requested.memory_bytes, memory), used: share(used?.memory_bytes ?? 0, memory) },
    // A volume that is attached is in use.
    { asked: share(requested.volumes, volumes), used: share(requested.volumes, volumes) },
  ].toSorted((a, b) => b.asked - a.asked);
  const asked = Math.round((fullest?.asked ?? 0) * BAR);
  const inUse = Math.min(asked, Math.round((fullest?.used ?? 0) * BAR));
  return "#".repeat(inUse) + "=".repeat(asked - inUse) + ".".repeat(BAR - asked);
}
