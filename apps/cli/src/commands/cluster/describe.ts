import type { Cluster, Instance } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { formatAge, formatBytes, formatCpuMillis, formatMoney } from "../../output/format.ts";
import { printThing } from "../../output/print.ts";
import { type Column, formatFacts, formatTable } from "../../output/table.ts";
import type { Berth } from "../../program.ts";
import { findCluster } from "../find.ts";
import { INSTANCES } from "../instance/view.ts";

type Component = Cluster["spec"]["components"][number];
type Guard = Cluster["status"]["waiting_for"][number];
type Condition = Cluster["status"]["conditions"][number];

const COMPONENTS: readonly Column<Component>[] = [
  { header: "name", value: (component) => component.name },
  { header: "roles", value: (component) => component.roles.join(",") },
  { header: "instances", value: (component) => component.instances, align: "right" },
  { header: "size", value: (component) => component.size },
  { header: "memory", value: (component) => formatBytes(component.memory_bytes), align: "right" },
  { header: "cpu", value: (component) => formatCpuMillis(component.cpu_millis), align: "right" },
  { header: "storage", value: (component) => formatBytes(component.storage_bytes), align: "right" },
  { header: "zones", value: (component) => component.zones.join(",") },
];
const CONDITIONS: readonly Column<Condition>[] = [
  { header: "type", value: (condition) => condition.type },
  { header: "status", value: (condition) => condition.status },
  { header: "since", value: (condition) => formatAge(condition.last_transition_time, Date.now()) },
  { header: "reason", value: (condition) => condition.reason },
  { header: "message", value: (condition) => condition.message },
];
const GUARDS: readonly Column<Guard>[] = [
  { header: "name", value: (guard) => guard.name },
  { header: "subject", value: (guard) => guard.subject },
  { header: "since", value: (guard) => formatAge(guard.since, Date.now()) },
  { header: "hint", value: (guard) => guard.hint },
];

export const describeCluster = (berth: Berth) =>
  new Command("describe")
    .description("Show everything about one cluster, and why it is not further")
    .argument("<cluster>", "name or id")
    .action(async (reference, _, command) => {
      const session = berth.session(command);
      const cluster = await findCluster(session, reference);
      const client = await session.client();
      const { data: instances } = (await client.listInstances({ params: { cluster_id: cluster.id } })).body;
      await printThing(session, cluster, () => describe(cluster, instances));
    });

function describe(cluster: Cluster, instances: readonly Instance[]): string {
  const { spec, status } = cluster;
  const operation = cluster.current_operation;
  const facts = formatFacts([
    ["Name", cluster.name],
    ["Id", cluster.id],
    ["Project", cluster.project_id],
    ["State", status.state],
    ["Health", status.health],
    ["Observed", status.observed_at === null ? "never" : `${formatAge(status.observed_at, Date.now())} ago`],
    ["Engine", `${spec.engine} ${spec.version}`],
    ["Region", spec.region],
    ["Generation", `${cluster.generation} (observed: ${cluster.observed_generation})`],
    ["Price", `${formatMoney(cluster.price_per_hour)} an hour`],
    [
      "Labels",
      Object.entries(cluster.labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(", "),
    ],
    ["Protected", cluster.deletion_protection ? "yes" : "no"],
    ["Created", cluster.created_at],
    ["Operation", operation === null ? "none" : `${operation.kind} ${operation.state} (${operation.id})`],
    ...(cluster.purge_at === null ? [] : ([["Volumes go", cluster.purge_at]] as const)),
    ...(status.last_failure === null ? [] : ([["Last failure", status.last_failure.message]] as const)),
  ]);
  return [
    facts,
    section("Components", formatTable(COMPONENTS, spec.components)),
    section("Instances", formatTable(INSTANCES.columns, instances)),
    section("Conditions", formatTable(CONDITIONS, status.conditions)),
    status.waiting_for.length === 0 ? "" : section("Waiting for", formatTable(GUARDS, status.waiting_for)),
  ].join("");
}

function section(title: string, table: string): string {
  return `\n${title}:\n${table.replace(/^(?=.)/gm, "  ")}`;
}
