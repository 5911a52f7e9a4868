import type { PriceReading } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { formatAge } from "../../../output/format.ts";
import { type ListView, printList, printThing } from "../../../output/print.ts";
import { formatFacts } from "../../../output/table.ts";
import type { Berth } from "../../../program.ts";
import { collect, DEFAULT_LIMIT } from "../../collect.ts";
import { commaList, wholeNumber } from "../../parse.ts";

const READINGS: ListView<PriceReading> = {
  noun: "readings of prices",
  nameOf: (reading) => reading.id,
  columns: [
    { header: "region", value: (reading) => reading.region },
    {
      header: "read",
      value: ({ read_at }) => (read_at === null ? "never" : formatAge(read_at, Date.now())),
      align: "right",
    },
    { header: "books", value: ({ books }) => books.map(({ kind, outcome }) => `${kind}:${outcome}`).join(",") },
    { header: "waiting for", value: ({ waiting_for }) => waiting_for.map(({ name }) => name).join(",") },
    { header: "next", value: ({ next_at }) => next_at ?? "when asked", wide: true },
    { header: "id", value: (reading) => reading.id },
  ],
};

function describeReading(reading: PriceReading): string {
  return formatFacts([
    ["Reading", `${reading.id} of ${reading.region}`],
    ["Read", reading.read_at ?? "not yet"],
    ["Next", reading.next_at ?? "when somebody asks"],
    ["Left out", reading.except.join(", ") || "-"],
    ...reading.books.map(({ kind, outcome, version, left_out, faults, fault_count }): [string, string] => [
      kind,
      [
        `${outcome}, version ${version ?? "-"} holds, ${left_out} left out`,
        ...faults,
        ...(fault_count > faults.length ? [`and ${fault_count - faults.length} more`] : []),
      ].join("; "),
    ]),
    ...reading.waiting_for.map((guard): [string, string] => ["Waits for", `${guard.name}: ${guard.hint}`]),
  ]);
}

export const readPrices = (berth: Berth) =>
  new Command("read")
    .description(
      "Have a region's prices read from AWS by a worker, with its credentials; see readings for what came of it",
    )
    .requiredOption("--region <region>", "AWS's name of it")
    .option("--except <types>", "leave these out from now on, as u-6tb1.metal,mac1.metal", commaList)
    .action(async ({ region, except }, command) => {
      const session = berth.session(command);
      const body = { region, ...(except === undefined ? {} : { except }) };
      const { body: reading } = await (await session.client()).createPriceReading({ body });
      await printThing(session, reading, ({ id }) => `Asked for: berth admin price-book reading ${id} shows it.\n`);
    });

export const listReadings = (berth: Berth) =>
  new Command("readings")
    .description("List what the last reading of AWS's prices came to, region by region")
    .option("--region <region>", "only of this region")
    .option("--limit <n>", "at most so many", wholeNumber, DEFAULT_LIMIT)
    .action(async ({ region, limit }, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const page = await collect(limit, (query) => client.listPriceReadings({ query: { ...query, region } }));
      await printList(session, page, READINGS);
    });

export const getReading = (berth: Berth) =>
  new Command("reading")
    .description("Show one region's reading, with why a list was refused")
    .argument("<price-reading>", "id")
    .action(async (id, _, command) => {
      const session = berth.session(command);
      const { body } = await (await session.client()).getPriceReading({ params: { price_reading_id: id } });
      await printThing(session, body, describeReading);
    });
