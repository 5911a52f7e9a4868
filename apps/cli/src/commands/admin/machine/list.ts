import { Command, Option } from "@commander-js/extra-typings";
import { printList } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { collect, DEFAULT_LIMIT } from "../../collect.ts";
import { wholeNumber } from "../../parse.ts";
import { MACHINES } from "./view.ts";

const STATES = ["planned", "launching", "booting", "ready", "draining", "terminating", "terminated", "failed"] as const;

export const listMachines = (berth: Berth) =>
  new Command("list")
    .alias("ls")
    .description("List machines; terminated and failed ones only with --state")
    .option("--kube <id>", "only of this kube")
    .option("--pool <id>", "only of this pool")
    .option("--zone <zone>", "only in this zone")
    .addOption(new Option("--state <state>", "only in this state").choices(STATES))
    .option("--limit <n>", "at most so many", wholeNumber, DEFAULT_LIMIT)
    .action(async (options, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const filter = { kube_id: options.kube, pool_id: options.pool, zone: options.zone, state: options.state };
      const page = await collect(options.limit, (query) => client.listMachines({ query: { ...query, ...filter } }));
      await printList(session, page, MACHINES);
    });
