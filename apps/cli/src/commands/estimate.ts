import type { Estimate } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { usageFailure } from "../failure.ts";
import { formatBytes, formatCpuMillis, formatMoney } from "../output/format.ts";
import { printBody } from "../output/print.ts";
import { type Column, formatFacts, formatTable } from "../output/table.ts";
import type { Berth } from "../program.ts";
import { chooseRegion } from "./cluster/choose-region.ts";
import { readComponents } from "./cluster/component-option.ts";
import { describeAdmission } from "./describe-admission.ts";
import { byteCount, several, wholeNumber } from "./parse.ts";

type Line = Estimate["clusters"][number]["components"][number];

const LINES: readonly Column<Line>[] = [
  { header: "component", value: (line) => line.name },
  { header: "size", value: (line) => line.size },
  { header: "instances", value: (line) => String(line.instances) },
  { header: "memory", value: (line) => formatBytes(line.memory_bytes) },
  { header: "storage", value: (line) => formatBytes(line.storage_bytes) },
  { header: "an hour", value: (line) => formatMoney(line.price_per_hour) },
  { header: "a month", value: (line) => formatMoney(line.price_per_month) },
];

export const estimate = (berth: Berth) =>
  new Command("estimate")
    .description("Show what a cluster would cost, and whether there is room for it")
    .option("--size <size>", "memory of an instance, as 8g: see /v1/sizes")
    .option("--instances <n>", "how many", wholeNumber)
    .option("--storage <size>", "volume of an instance, as 500g (what the size includes when absent)", byteCount)
    .option("--component <spec>", "instead of the three above, once for each component: name=…,size=…,…", several)
    .option("--region <region>", "where (asked for, or the only one, when absent)")
    .action(async (options, command) => {
      const session = berth.session(command);
      const { size, instances, storage } = options;
      const components = readComponents(options.component);
      if (components === undefined && (size === undefined || instances === undefined)) {
        throw usageFailure("give --size and --instances, or --component");
      }
      const region = options.region ?? (await chooseRegion(session)).name;
      const body = {
        region,
        ...(size === undefined ? {} : { size }),
        ...(instances === undefined ? {} : { instances }),
        ...(storage === undefined ? {} : { storage_bytes: storage }),
        ...(components === undefined ? {} : { components }),
      };
      const answer = await (await session.client()).createEstimate({ body });
      await printBody(session, answer.body, describe);
    });

function describe(whole: Estimate): string {
  const facts = formatFacts([
    ["Price", `${formatMoney(whole.price_per_hour)} an hour, ${formatMoney(whole.price_per_month)} a month`],
    ["Month", `${whole.hours_per_month} hours`],
    ["CPU", `${formatCpuMillis(whole.cpu_millis)} cores guaranteed`],
    ["Feasible", whole.feasible ? "yes" : "no"],
    ["Quotas", describeAdmission(whole.admission)],
  ]);
  const lines = whole.clusters.flatMap((one) => one.components);
  return `${facts}\n${formatTable(LINES, lines)}`;
}
