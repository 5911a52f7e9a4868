import { REBALANCE_PLAN_STATES } from "@berth/contract";
import { Command, Option } from "@commander-js/extra-typings";
import { printList } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { collect, DEFAULT_LIMIT } from "../../collect.ts";
import { wholeNumber } from "../../parse.ts";
import { REBALANCE_PLANS } from "./view.ts";

export const listRebalancePlans = (berth: Berth) =>
  new Command("list")
    .alias("ls")
    .description("List rebalance plans, the newest first")
    .option("--kube <id>", "only of this kube")
    .option("--pool <id>", "only of this pool")
    .addOption(new Option("--state <state>", "only in this state").choices(REBALANCE_PLAN_STATES))
    .option("--limit <n>", "at most so many", wholeNumber, DEFAULT_LIMIT)
    .action(async ({ limit, kube, pool, state }, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const filter = {
        ...(kube === undefined ? {} : { kube_id: kube }),
        ...(pool === undefined ? {} : { pool_id: pool }),
        ...(state === undefined ? {} : { state }),
      };
      const page = await collect(limit, (query) => client.listRebalancePlans({ query: { ...query, ...filter } }));
      await printList(session, page, REBALANCE_PLANS);
    });
