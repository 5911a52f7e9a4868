import type { Machine } from "@berth/contract";
import { formatAge, formatMoney } from "../../../output/format.ts";
import type { ListView } from "../../../output/print.ts";

const percent = (part: number, whole: number) => (whole === 0 ? undefined : `${Math.round((part / whole) * 100)}%`);

/** Machines as a table, with how full they are. */
export const MACHINES: ListView<Machine> = {
  noun: "machines",
  nameOf: (machine) => machine.id,
  columns: [
    { header: "id", value: (machine) => machine.id },
    { header: "state", value: (machine) => machine.status.state },
    { header: "zone", value: (machine) => machine.zone },
    { header: "type", value: (machine) => machine.machine_type },
    {
      header: "instances",
      value: (machine) => `${machine.requested.instances}/${machine.allocatable.instances}`,
      align: "right",
    },
    {
      header: "memory",
      value: (machine) => percent(machine.requested.memory_bytes, machine.allocatable.memory_bytes),
      align: "right",
    },
    {
      header: "cpu",
      value: (machine) => percent(machine.requested.cpu_millis, machine.allocatable.cpu_millis),
      align: "right",
    },
    { header: "$/hour", value: (machine) => formatMoney(machine.price_per_hour), align: "right" },
    { header: "age", value: (machine) => formatAge(machine.created_at, Date.now()), align: "right" },
    { header: "cloud id", value: (machine) => machine.cloud_instance_id ?? undefined, wide: true },
    { header: "node", value: (machine) => machine.node_name, wide: true },
    { header: "attempt", value: (machine) => machine.attempt, align: "right", wide: true },
    {
      header: "waiting for",
      value: ({ status }) => status.waiting_for.map((guard) => guard.name).join(","),
      wide: true,
    },
    { header: "last failure", value: ({ status }) => status.last_failure?.message, wide: true },
  ],
};
