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

/** The bar is the fullest dimension: `#` is asked for, `.` is left. */
const COLUMNS: readonly Column<Node>[] = [
  { header: "node", value: (node) => node.node_name },
  { header: "requests", value: (node) => bar(node.dominant_utilization) },
  { header: "full", value: (node) => formatPercent(node.dominant_utilization), align: "right" },
  { header: "cpu", value: (node) => percentOf(node.requested.cpu_millis, node.allocatable.cpu_millis), align: "right" },
  {
    header: "memory",
    value: (node) => percentOf(node.requested.memory_bytes, node.allocatable.memory_bytes),
    align: "right",
  },
  { header: "volumes", value: (node) => percentOf(node.requested.volumes, node.allocatable.volumes), align: "right" },
  { header: "instances", value: (node) => `${node.requested.instances}/${node.allocatable.instances}`, align: "right" },
  { header: "$/hour", value: (node) => formatMoney(node.price_per_hour), align: "right" },
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
      `fullest ${formatPercent(total.dominant_utilization) ?? "-"} by price` +
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

function bar(share: number): string {
  const full = Math.round(Math.min(1, share) * BAR);
  return "#".repeat(full) + ".".repeat(BAR - full);
}
