import { text } from "node:stream/consumers";
import { SAVINGS_FILES, type Savings } from "@berth/contract";
import { Command, Option } from "@commander-js/extra-typings";
import { usageFailure } from "../../../failure.ts";
import { formatMoney } from "../../../output/format.ts";
import { printBody } from "../../../output/print.ts";
import { type Column, formatFacts, formatTable } from "../../../output/table.ts";
import type { Berth } from "../../../program.ts";
import { writeText } from "../../write-text.ts";
import { formatPercent } from "../packing/percent.ts";

type Step = Savings["steps"][number];

const TITLES: Readonly<Record<Step["name"], string>> = {
  one_machine_each: "one machine each",
  packed: "packed, on demand",
  with_held: "with what is held",
  with_plan: "with the plan",
};
const STEPS: readonly Column<Step>[] = [
  { header: "step", value: ({ name }) => TITLES[name] },
  { header: "$/hour", value: (step) => formatMoney(step.per_hour), align: "right" },
  { header: "$/month", value: (step) => formatMoney(step.per_month), align: "right" },
  { header: "$/year", value: (step) => formatMoney(step.per_year), align: "right" },
  { header: "saved", value: ({ saved }) => formatPercent(saved), align: "right" },
  { header: "coverage", value: ({ coverage }) => formatPercent(coverage), align: "right" },
  { header: "utilization", value: ({ utilization }) => formatPercent(utilization), align: "right" },
];

interface Row {
  readonly step: string;
  readonly what: string;
  readonly count: number | undefined;
  readonly each: string | undefined;
  readonly hour: string;
}
const ROWS: readonly Column<Row>[] = [
  { header: "step", value: ({ step }) => step },
  { header: "what", value: ({ what }) => what },
  { header: "count", value: ({ count }) => count, align: "right" },
  { header: "each $/hour", value: ({ each }) => each, align: "right" },
  { header: "$/hour", value: ({ hour }) => hour, align: "right" },
];

const AFTER_HELP = `
Each step is the one before and one change more. coverage: of the machines' normalized unit-hours, those that commitments pay for.
utilization: of what is committed to, by its cost, what is used. The page has every figure's rows: --file html > savings.html`;

export const showSavings = (berth: Berth) =>
  new Command("savings")
    .description("See what packing and commitments save against a machine for each instance")
    .option("--rows", "what each step's figure is the sum of")
    .addOption(
      new Option("--file <format>", "the report to print, as a picture, or as rows, to standard output").choices(
        Object.keys(SAVINGS_FILES) as (keyof typeof SAVINGS_FILES)[],
      ),
    )
    .option("--out <path>", "with --file: write it there")
    .addHelpText("after", AFTER_HELP)
    .action(async ({ rows, file, out }, command) => {
      const session = berth.session(command);
      const client = await session.client();
      if (file !== undefined) {
        const request = { query: { format: file }, signal: session.io.interrupted };
        await writeText(session, await text(client.download.getSavingsFile(request)), out);
        return;
      }
      if (out !== undefined) throw usageFailure("--out is of --file", "Add --file html.");
      const { body } = await client.getSavings();
      await printBody(session, body, (savings) =>
        rows === true ? formatTable(ROWS, rowsOf(savings)) : describe(savings),
      );
      const withoutPrices = body.unpriced_machine_types;
      if (withoutPrices.length > 0) session.note(`In no figure, as no price is known: ${withoutPrices.join(", ")}.`);
      const unrated = body.unrated_commitments;
      if (unrated.length > 0) session.note(`Counted as unused, as no rate is known: ${unrated.join(", ")}.`);
      const alone = body.instances_without_machine;
      if (alone > 0)
        session.note(`${alone} of the instances fit no machine of their own: the first step is without them.`);
    });

function describe(savings: Savings): string {
  const { plan, price_books: books } = savings;
  const facts: [string, string][] = [
    ["Saved", formatPercent(savings.saving) ?? "nothing runs"],
    [
      "Plan",
      plan === null
        ? "none"
        : `${formatMoney(plan.upfront)} at the start, won back by month ${plan.break_even_month ?? "none"}; ${formatPercent(plan.regret_at_less)} regret if demand falls by a fifth`,
    ],
    ...(books.length === 0
      ? [["Prices", "the catalogue's: no price book is imported"] as [string, string]]
      : books.map((book): [string, string] => [
          "Prices",
          `${book.kind} of ${book.region}, version ${book.version}: ${book.source}${book.estimates === 0 ? "" : `; its ${book.estimates} estimates are in no figure`}`,
        ])),
  ];
  return `${formatTable(STEPS, savings.steps)}\n${formatFacts(facts)}`;
}

function rowsOf({ steps }: Savings): Row[] {
  return steps.flatMap((step): Row[] => [
    ...step.machines.map((row) => ({
      step: TITLES[step.name],
      what: `${row.machine_type}, ${row.region}`,
      count: row.count,
      each: formatMoney(row.each_per_hour),
      hour: formatMoney(row.per_hour),
    })),
    ...step.commitments.map((row) => ({
      step: TITLES[step.name],
      what: row.description,
      count: undefined,
      each: undefined,
      hour: formatMoney(row.per_hour),
    })),
    {
      step: TITLES[step.name],
      what: "of that on demand",
      count: undefined,
      each: undefined,
      hour: formatMoney(step.on_demand_per_hour),
    },
    { step: TITLES[step.name], what: "sum", count: undefined, each: undefined, hour: formatMoney(step.per_hour) },
  ]);
}
