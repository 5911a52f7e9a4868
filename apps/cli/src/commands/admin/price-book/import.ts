import { PRICE_BOOK_KINDS } from "@berth/contract";
import { Command, Option } from "@commander-js/extra-typings";
import { usageFailure } from "../../../failure.ts";
import { printList } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import type { Session } from "../../../session.ts";
import { collect } from "../../collect.ts";
import { commaList } from "../../parse.ts";
import { readText } from "../../read-text.ts";
import { readPriceFile } from "./price-file.ts";
import { IMPORTED_PRICE_BOOKS } from "./view.ts";

/** More kubes than anybody has. */
const ALL = 10_000;

export const importPriceBook = (berth: Berth) =>
  new Command("import")
    .description(
      "Let what could be launched or committed to cost what a file says; one price that cannot be meant, and its region keeps the old ones",
    )
    .argument("<path>", "JSON with regions, each with prices in dollars by machine type, or - for stdin")
    .option("--region <region>", "this one of the file alone; otherwise all in which a kube launches machines")
    .addOption(
      new Option("--kind <kind>", "what the prices are of").choices(PRICE_BOOK_KINDS).default("on_demand" as const),
    )
    .option("--except <types>", "leave these out, as u-6tb1.metal,mac1.metal", commaList)
    .option("--source <text>", "where the prices come from, when the file does not say so")
    .action(async (path, options, command) => {
      const session = berth.session(command);
      const file = readPriceFile(await readText(session, path), options.except ?? [], options.kind);
      const source = options.source ?? file.source;
      if (source === undefined) throw usageFailure(`${path} does not say where its prices come from`, "Give --source.");
      const regions = options.region === undefined ? await launchingRegions(session) : [options.region];
      const lists = regions.map((region) => {
        const prices = file.prices.get(region);
        if (prices === undefined || prices === "") throw usageFailure(`${path} has no prices of ${region}`);
        return { region, source, kind: options.kind, prices };
      });
      if (lists.length === 0) throw usageFailure("no kube launches machines yet", "Say which with --region.");
      const client = await session.client();
      const data = [];
      for (const body of lists) data.push((await client.importPriceBook({ body })).body);
      await printList(session, { data, next_page_token: null }, IMPORTED_PRICE_BOOKS);
    });

async function launchingRegions(session: Session): Promise<string[]> {
  const client = await session.client();
  const { data } = await collect(ALL, (query) => client.listKubes({ query }));
  return [...new Set(data.filter((kube) => !kube.static).map((kube) => kube.region))].sort();
}
