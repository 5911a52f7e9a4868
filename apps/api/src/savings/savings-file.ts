import type { Savings } from "@berth/contract";
import { drawWaterfall, savingsPage } from "@berth/planner";
import { stringify } from "csv-stringify/sync";
import { iso } from "../http/wire.ts";
import type { ReadSavings } from "./read-savings.ts";
import { toSavingsBody } from "./wire.ts";

/** The report as a file of its kind. */
export function savingsFile(savings: ReadSavings, format: "html" | "svg" | "csv"): string {
  if (format === "svg") return drawWaterfall(savings.report);
  return format === "csv" ? rowsOf(toSavingsBody(savings)) : pageOf(savings);
}

function pageOf({
  report,
  madeAt,
  reservationPlanId,
  planNotes,
  instancesWithoutMachine,
  priceBooks,
}: ReadSavings): string {
  return savingsPage(report, {
    title: "What packing and commitments save",
    madeAt: `Of the hour from ${iso(madeAt)}, and the machines that are paid for in it.`,
    prices: priceBooks.map(
      ({ kind, region, version, createdAt, source }) =>
        `${kind} of ${region}, version ${version}, imported ${iso(createdAt).slice(0, 10)}: ${source}`,
    ),
    notes: [
      "One VM each: the cheapest machine type that holds the instance in its zone, of those that pools may launch and the smaller sizes of their families.",
      ...(reservationPlanId === undefined
        ? []
        : [
            `The plan is ${reservationPlanId}, with what it holds at the end of its first year, beside the machines of now.`,
          ]),
      ...planNotes,
      ...(instancesWithoutMachine === 0
        ? []
        : [`${instancesWithoutMachine} instances fit no such machine: the first step is without them.`]),
      ...priceBooks
        .filter(({ estimates }) => estimates > 0)
        .map(
          ({ kind, region, version, estimates }) =>
            `Rates that are labelled estimate: ${estimates} of ${kind} of ${region}, version ${version}. No figure here rests on one.`,
        ),
      ...(priceBooks.some(({ kind }) => kind === "on_demand")
        ? []
        : ["Prices on demand are those of the catalogue that the offerings were made of: no price book is imported."]),
    ],
  });
}

const COLUMNS = ["step", "row", "region", "what", "count", "each_per_hour", "per_hour"];

/** A line for each row of each step, and one for its sum. */
function rowsOf({ steps }: Savings): string {
  const lines = steps.flatMap((step) => [
    ...step.machines.map((row) => [
      step.name,
      "machines",
      row.region,
      row.machine_type,
      row.count,
      row.each_per_hour.amount,
      row.per_hour.amount,
    ]),
    ...step.commitments.map((row) => [step.name, "commitment", "", row.description, "", "", row.per_hour.amount]),
    [step.name, "on_demand", "", "", "", "", step.on_demand_per_hour.amount],
    [step.name, "sum", "", "", "", "", step.per_hour.amount],
  ]);
  return stringify([COLUMNS, ...lines]);
}
