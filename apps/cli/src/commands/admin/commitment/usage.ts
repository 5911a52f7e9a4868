import type { CommitmentUsage } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { formatMoney } from "../../../output/format.ts";
import { printBody } from "../../../output/print.ts";
import { type Column, formatFacts, formatTable } from "../../../output/table.ts";
import type { Berth } from "../../../program.ts";
import { instant } from "../../parse.ts";
import { formatPercent } from "../packing/percent.ts";

type Units = Pick<CommitmentUsage["hours"][number], "eligible" | "reserved" | "planned" | "coverage">;

const unitColumns = <Row extends Units>(): readonly Column<Row>[] => [
  { header: "unit-hours", value: ({ eligible }) => eligible.toFixed(1), align: "right" },
  { header: "reserved", value: ({ reserved }) => reserved.toFixed(1), align: "right" },
  { header: "planned", value: ({ planned }) => planned.toFixed(1), align: "right" },
  { header: "coverage", value: ({ coverage }) => formatPercent(coverage), align: "right" },
];
const FAMILIES: readonly Column<CommitmentUsage["families"][number]>[] = [
  { header: "region", value: ({ region }) => region },
  { header: "family", value: ({ family }) => family },
  ...unitColumns<CommitmentUsage["families"][number]>(),
];
const COMMITMENTS: readonly Column<CommitmentUsage["commitments"][number]>[] = [
  { header: "commitment", value: (one) => one.commitment_id },
  { header: "kind", value: ({ kind }) => kind },
  { header: "utilization", value: ({ utilization }) => formatPercent(utilization), align: "right" },
  { header: "cost", value: ({ cost }) => formatMoney(cost), align: "right" },
  { header: "unused", value: (one) => formatMoney(one.unused_cost), align: "right" },
];
const HOURS: readonly Column<CommitmentUsage["hours"][number]>[] = [
  { header: "hour", value: ({ at }) => at },
  ...unitColumns<CommitmentUsage["hours"][number]>(),
  { header: "on demand", value: (hour) => formatMoney(hour.on_demand), align: "right" },
];

const LEFT_OUT: Readonly<Record<CommitmentUsage["left_out_purchases"][number]["because"], string>> = {
  not_ours_to_cover: "as it covers no machine of ours: another platform, tenancy or term.",
  maybe_registered:
    "as one like it is registered without AWS's id. Register that one again with it: berth admin commitment register --help",
};

const AFTER_HELP = `
unit-hours: normalized, of an m7i.large 4 an hour. coverage: the share of them that a commitment paid for. utilization: the share
of what is committed to that was used. cost: with what was paid at the start, spread over the term.`;

export const showCommitmentUsage = (berth: Berth) =>
  new Command("usage")
    .description("See what commitments covered and how much of them was used, by the exact bill of what ran")
    .option("--since <time>", "from then on, as 2026-11-28, or 7d for so long ago; seven days when absent", instant)
    .option("--until <time>", "before then", instant)
    .option("--hours", "hour by hour")
    .addHelpText("after", AFTER_HELP)
    .action(async ({ since, until, hours }, command) => {
      const session = berth.session(command);
      const { body } = await (await session.client()).getCommitmentUsage({ query: { since, until } });
      await printBody(session, body, (usage) => (hours === true ? formatTable(HOURS, usage.hours) : describe(usage)));
      if (body.unbilled_machine_types.length > 0) {
        const types = body.unbilled_machine_types.join(", ");
        session.note(`Left out, as no price on demand is known: ${types}. See: berth admin price-book import --help`);
      }
      if (body.unrated_commitments.length > 0) {
        const plans = body.unrated_commitments.join(", ");
        session.note(`Unused, as no rate of theirs is known: ${plans}. See: berth admin price-book import --help`);
      }
      for (const { external_id: id, region, because } of body.left_out_purchases) {
        session.note(`Left out: ${id} of ${region}, ${LEFT_OUT[because]}`);
      }
    });

function describe(usage: CommitmentUsage): string {
  const facts = formatFacts([
    ["Hours", `${usage.hours.length}, from ${usage.since} to ${usage.until}`],
    ["On demand it were", formatMoney(usage.without_commitments)],
    ["It cost", `${formatMoney(usage.cost)}, of that ${formatMoney(usage.on_demand)} on demand`],
    ["Saved", formatMoney(usage.saved)],
    ["Coverage", formatPercent(usage.coverage) ?? "nothing ran"],
    ...usage.price_books.map((book): [string, string] => [
      "Rates",
      `${book.kind} of ${book.region}, version ${book.version}: ${book.source}`,
    ]),
  ]);
  const tables = [
    usage.families.length === 0 ? "" : formatTable(FAMILIES, usage.families),
    usage.commitments.length === 0 ? "" : formatTable(COMMITMENTS, usage.commitments),
  ];
  return [facts, ...tables.filter((table) => table !== "")].join("\n");
}
