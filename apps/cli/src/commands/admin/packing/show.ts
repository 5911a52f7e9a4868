import type { Packing } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { usageFailure } from "../../../failure.ts";
import { formatAge, formatMoney } from "../../../output/format.ts";
import { printBody } from "../../../output/print.ts";
import { type Column, formatTable } from "../../../output/table.ts";
import type { Berth } from "../../../program.ts";
import { instant } from "../../parse.ts";
import { drawHistory, tableOfHistory } from "./draw-history.ts";
import { formatPercent, percentOf } from "./percent.ts";

type Row = Packing["total"] & { readonly name: string; readonly id: string | undefined };

const COLUMNS: readonly Column<Row>[] = [
  { header: "pool", value: (row) => row.name },
  { header: "machines", value: ({ machines }) => machines.ready + machines.coming + machines.leaving, align: "right" },
  { header: "instances", value: (row) => row.instances, align: "right" },
  { header: "density", value: ({ density }) => density.mean?.toFixed(1), align: "right" },
  { header: "most", value: ({ density }) => density.max, align: "right" },
  { header: "cpu", value: (row) => percentOf(row.requested.cpu_millis, row.allocatable.cpu_millis), align: "right" },
  {
    header: "memory",
    value: (row) => percentOf(row.requested.memory_bytes, row.allocatable.memory_bytes),
    align: "right",
  },
  { header: "volumes", value: (row) => percentOf(row.requested.volumes, row.allocatable.volumes), align: "right" },
  { header: "slots", value: (row) => percentOf(row.requested.instances, row.allocatable.instances), align: "right" },
  { header: "used cpu", value: (row) => formatPercent(row.used?.of_requested.cpu ?? null), align: "right" },
  { header: "used memory", value: (row) => formatPercent(row.used?.of_requested.memory ?? null), align: "right" },
  { header: "dominant", value: (row) => formatPercent(row.dominant_utilization), align: "right" },
  { header: "$/hour", value: (row) => formatMoney(row.price_per_hour), align: "right" },
  { header: "idle $/day", value: (row) => formatMoney(row.idle_per_day), align: "right" },
  { header: "saving", value: (row) => formatPercent(row.packing_saving), align: "right" },
  { header: "blast", value: (row) => formatPercent(row.blast_radius.instances), align: "right", wide: true },
  { header: "tenant blast", value: (row) => formatPercent(row.blast_radius.tenant), align: "right", wide: true },
  { header: "coming", value: (row) => row.machines.coming, align: "right", wide: true },
  { header: "leaving", value: (row) => row.machines.leaving, align: "right", wide: true },
  {
    header: "one each $/hour",
    value: (row) => (row.one_machine_each_per_hour === null ? undefined : formatMoney(row.one_machine_each_per_hour)),
    align: "right",
    wide: true,
  },
  { header: "id", value: (row) => row.id, wide: true },
];

/** How far each kube's fleet was from the best that there is, when it was last planned from nothing. */
const COLD_PLANS: readonly Column<Packing["cold_plans"][number]>[] = [
  { header: "cold plan", value: (plan) => plan.packing_study_id },
  { header: "cost ratio", value: (plan) => plan.fleet_cost_ratio?.toFixed(4), align: "right" },
  { header: "of the plan", value: (plan) => plan.plan_cost_ratio?.toFixed(4), align: "right" },
  { header: "verified", value: (plan) => (plan.verified ? "yes" : "NO") },
  { header: "stranded $/hour", value: (plan) => formatMoney(plan.stranded_per_hour), align: "right" },
  { header: "recoverable $/hour", value: (plan) => formatMoney(plan.recoverable_per_hour), align: "right" },
  { header: "age", value: (plan) => formatAge(plan.finished_at, Date.now()), align: "right" },
];

const AFTER_HELP = `
density: instances with data of a machine, mean and most. cpu, memory, volumes, slots: requested of what machines leave for
instances. used: what instances really use of what they ask for, as far as the kube's Metrics API tells. dominant: the fullest of CPU, memory and volumes of each machine, by price; idle is the rest. saving: against a
machine for each instance. cost ratio: price of the fleet over the lower bound that the last cold plan proved for it.`;

export const showPacking = (berth: Berth) =>
  new Command("packing")
    .description("Show how full the machines are, and what that costs, by pool and in all")
    .option("--kube <id>", "only machines of this kube")
    .option("--pool <id>", "only machines of this pool")
    .option("--history", "how it was over time, a line of marks for each figure; each point with -o wide")
    .option(
      "--since <time>",
      "with --history: from then on, as 2026-11-28, or 7d for so long ago; a day when absent",
      instant,
    )
    .option("--until <time>", "with --history: before then", instant)
    .addHelpText("after", AFTER_HELP)
    .action(async (options, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const { history, since, until } = options;
      const query = { kube_id: options.kube, pool_id: options.pool };
      if (history !== true && (since ?? until) !== undefined) {
        throw usageFailure("--since and --until are of --history", "Add --history.");
      }
      if (history === true) {
        const { body } = await client.getPackingHistory({ query: { ...query, since, until } });
        await printBody(session, body, (history) => {
          const drawn = session.output === "wide" ? tableOfHistory(history) : drawHistory(history);
          return history.cold_plans.length === 0 ? drawn : `${drawn}\n${formatTable(COLD_PLANS, history.cold_plans)}`;
        });
        const isForPeople = session.output === "table" || session.output === "wide";
        if (isForPeople && body.points.length === 0) session.note("No samples: a worker takes one every ten minutes.");
        return;
      }
      const { body } = await client.getPacking({ query });
      await printBody(session, body, (packing) => {
        const table = formatTable(COLUMNS, rowsOf(packing), { wide: session.output === "wide" });
        return packing.cold_plans.length === 0 ? table : `${table}\n${formatTable(COLD_PLANS, packing.cold_plans)}`;
      });
      const waiting = body.instances_without_place;
      if (waiting > 0 && (session.output === "table" || session.output === "wide")) {
        session.note(
          `${waiting} ${waiting === 1 ? "instance waits" : "instances wait"} for a place. See: berth admin placement list --outcome refused`,
        );
      }
    });

function rowsOf({ pools, total }: Packing): Row[] {
  const rows = pools.map((pool): Row => ({ ...pool, id: pool.pool_id }));
  return pools.length === 1 ? rows : [...rows, { ...total, name: "(all)", id: undefined }];
}
