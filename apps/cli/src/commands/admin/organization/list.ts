import { ORGANIZATION_KINDS, ORGANIZATION_STATES } from "@berth/contract";
import { Command, Option } from "@commander-js/extra-typings";
import { printList } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { collect, DEFAULT_LIMIT } from "../../collect.ts";
import { wholeNumber } from "../../parse.ts";
import { ORGANIZATIONS } from "./view.ts";

export const listOrganizations = (berth: Berth) =>
  new Command("list")
    .alias("ls")
    .description("List organizations, newest first")
    .addOption(new Option("--state <state>", "only in this state").choices(ORGANIZATION_STATES))
    .addOption(new Option("--kind <kind>", "only of this kind").choices(ORGANIZATION_KINDS))
    .option("--name <name>", "only those that are called so")
    .option("--limit <n>", "at most so many", wholeNumber, DEFAULT_LIMIT)
    .action(async ({ limit, ...given }, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const page = await collect(limit, (query) => client.listOrganizations({ query: { ...query, ...given } }));
      await printList(session, page, ORGANIZATIONS);
    });
