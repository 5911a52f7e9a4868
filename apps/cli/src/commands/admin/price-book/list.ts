import { PRICE_BOOK_KINDS } from "@berth/contract";
import { Command, Option } from "@commander-js/extra-typings";
import { printList } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { collect, DEFAULT_LIMIT } from "../../collect.ts";
import { wholeNumber } from "../../parse.ts";
import { PRICE_BOOKS } from "./view.ts";

export const listPriceBooks = (berth: Berth) =>
  new Command("list")
    .alias("ls")
    .description("List price books, the newest first")
    .option("--region <region>", "only of this region")
    .addOption(new Option("--kind <kind>", "only of this kind").choices(PRICE_BOOK_KINDS))
    .option("--limit <n>", "at most so many", wholeNumber, DEFAULT_LIMIT)
    .action(async (options, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const { region, kind } = options;
      const filter = { ...(region === undefined ? {} : { region }), ...(kind === undefined ? {} : { kind }) };
      const page = await collect(options.limit, (query) => client.listPriceBooks({ query: { ...query, ...filter } }));
      await printList(session, page, PRICE_BOOKS);
    });
