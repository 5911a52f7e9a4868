import { Command } from "@commander-js/extra-typings";
import { printList } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { collect, DEFAULT_LIMIT } from "../../collect.ts";
import { wholeNumber } from "../../parse.ts";
import { POOLS } from "./view.ts";

export const listPools = (berth: Berth) =>
  new Command("list")
    .alias("ls")
    .description("List pools")
    .option("--kube <id>", "only of this kube")
    .option("--limit <n>", "at most so many", wholeNumber, DEFAULT_LIMIT)
    .action(async (options, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const filter = options.kube === undefined ? {} : { kube_id: options.kube };
      const page = await collect(options.limit, (query) => client.listPools({ query: { ...query, ...filter } }));
      await printList(session, page, POOLS);
    });
