import { Command, Option } from "@commander-js/extra-typings";
import { printList } from "../../output/print.ts";
import type { Berth } from "../../program.ts";
import { collect, DEFAULT_LIMIT } from "../collect.ts";
import { listOptionsOf, withListOptions } from "../list-options.ts";
import { wholeNumber } from "../parse.ts";
import { KEYS } from "./view.ts";

const STATES = ["active", "expired", "revoked"] as const;

export const listKeys = (berth: Berth) =>
  withListOptions(new Command("list"))
    .alias("ls")
    .description("List API keys")
    .addOption(new Option("--state <state>", "only in this state").choices(STATES))
    .option("--member <id>", "only of this member")
    .option("--limit <n>", "at most so many", wholeNumber, DEFAULT_LIMIT)
    .action(async (options, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const filter = {
        ...listOptionsOf(options),
        ...(options.state === undefined ? {} : { state: options.state }),
        ...(options.member === undefined ? {} : { member_id: options.member }),
      };
      const page = await collect(options.limit, (query) => client.listApiKeys({ query: { ...query, ...filter } }));
      await printList(session, page, KEYS);
    });
