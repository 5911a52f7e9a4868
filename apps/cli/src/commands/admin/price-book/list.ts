import { Command } from "@commander-js/extra-typings";
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
    .option("--limit <n>", "at most so many", wholeNumber, DEFAULT_LIMIT)
    .action(async (options, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const filter = options.region === undefined ? {} : { region: options.region };
      const page = await collect(options.limit, (query) => client.listPriceBooks({ query: { ...query, ...filter } }));
      await printList(session, page, PRICE_BOOKS);
    });
