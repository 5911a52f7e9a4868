import { COMMITMENT_KINDS, COMMITMENT_STATES } from "@berth/contract";
import { Command, Option } from "@commander-js/extra-typings";
import { printList } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { collect, DEFAULT_LIMIT } from "../../collect.ts";
import { wholeNumber } from "../../parse.ts";
import { COMMITMENTS } from "./view.ts";

export const listCommitments = (berth: Berth) =>
  new Command("list")
    .alias("ls")
    .description("List commitments, the last registered first")
    .addOption(new Option("--kind <kind>", "only of this kind").choices(COMMITMENT_KINDS))
    .addOption(new Option("--state <state>", "only in this state").choices(COMMITMENT_STATES))
    .option("--region <region>", "only of this region")
    .option("--limit <n>", "at most so many", wholeNumber, DEFAULT_LIMIT)
    .action(async ({ limit, ...filter }, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const page = await collect(limit, (query) => client.listCommitments({ query: { ...query, ...filter } }));
      await printList(session, page, COMMITMENTS);
    });
