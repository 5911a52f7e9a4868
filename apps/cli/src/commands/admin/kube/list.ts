import { Command } from "@commander-js/extra-typings";
import { printList } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { collect, DEFAULT_LIMIT } from "../../collect.ts";
import { wholeNumber } from "../../parse.ts";
import { KUBES } from "./view.ts";

export const listKubes = (berth: Berth) =>
  new Command("list")
    .alias("ls")
    .description("List kubes")
    .option("--region <region>", "only in this region")
    .option("--limit <n>", "at most so many", wholeNumber, DEFAULT_LIMIT)
    .action(async (options, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const filter = options.region === undefined ? {} : { region: options.region };
      const page = await collect(options.limit, (query) => client.listKubes({ query: { ...query, ...filter } }));
      await printList(session, page, KUBES);
    });
