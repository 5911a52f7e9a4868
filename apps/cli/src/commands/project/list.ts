import { Command } from "@commander-js/extra-typings";
import { printList } from "../../output/print.ts";
import type { Berth } from "../../program.ts";
import { collect, DEFAULT_LIMIT } from "../collect.ts";
import { wholeNumber } from "../parse.ts";
import { PROJECTS } from "./view.ts";

export const listProjects = (berth: Berth) =>
  new Command("list")
    .alias("ls")
    .description("List projects; the first is where a cluster goes that names none")
    .option("--limit <n>", "at most so many", wholeNumber, DEFAULT_LIMIT)
    .action(async (options, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const page = await collect(options.limit, (query) => client.listProjects({ query }));
      await printList(session, page, PROJECTS);
    });
