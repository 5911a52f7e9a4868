import type { MachineDetail } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { formatAge, formatBytes, formatCpuMillis, formatMoney } from "../../../output/format.ts";
import { printThing } from "../../../output/print.ts";
import { type Column, formatFacts, formatTable } from "../../../output/table.ts";
import type { Berth } from "../../../program.ts";

const INSTANCES: readonly Column<MachineDetail["instances"][number]>[] = [
  { header: "instance", value: (instance) => instance.id },
  { header: "name", value: (instance) => instance.name },
  { header: "state", value: (instance) => instance.state },
  { header: "memory", value: (instance) => formatBytes(instance.memory_bytes), align: "right" },
  { header: "cpu", value: (instance) => formatCpuMillis(instance.cpu_millis), align: "right" },
  { header: "cluster", value: (instance) => instance.cluster_id },
  { header: "decision", value: (instance) => instance.decision_id ?? undefined },
];
const LAUNCHES: readonly Column<MachineDetail["launches"][number]>[] = [
  { header: "attempt", value: (launch) => launch.attempt, align: "right" },
  { header: "type", value: (launch) => launch.machine_type },
  { header: "zone", value: (launch) => launch.zone },
  { header: "outcome", value: (launch) => launch.outcome },
  { header: "message", value: (launch) => launch.message ?? undefined },
  { header: "age", value: (launch) => formatAge(launch.created_at, Date.now()), align: "right" },
];

export const getMachine = (berth: Berth) =>
  new Command("get")
    .alias("describe")
    .description("Show one machine, what sits on it and how it was launched")
    .argument("<machine>", "id")
    .action(async (id, _, command) => {
      const session = berth.session(command);
      const { body } = await (await session.client()).getMachine({ params: { machine_id: id } });
      await printThing(session, body, describe);
    });

function describe(machine: MachineDetail): string {
  const { status, allocatable, requested } = machine;
  const facts = formatFacts([
    ["Id", machine.id],
    ["State", status.state],
    ["Type", `${machine.machine_type} in ${machine.zone}, ${formatMoney(machine.price_per_hour)} an hour`],
    ["Cloud id", machine.cloud_instance_id ?? undefined],
    ["Node", machine.node_name],
    ["Memory", `${formatBytes(requested.memory_bytes)} of ${formatBytes(allocatable.memory_bytes)} requested`],
    ["CPU", `${formatCpuMillis(requested.cpu_millis)} of ${formatCpuMillis(allocatable.cpu_millis)} requested`],
    ["Instances", `${requested.instances} of ${allocatable.instances}`],
    ["Empty since", machine.empty_since ?? undefined],
    ["Waiting for", status.waiting_for.map((guard) => `${guard.name} (${guard.subject}): ${guard.hint}`).join("; ")],
    ["Last failure", status.last_failure?.message],
  ]);
  return `${facts}\n${formatTable(INSTANCES, machine.instances)}\n${formatTable(LAUNCHES, machine.launches)}`;
}
