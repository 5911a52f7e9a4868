import { Command, Option } from "@commander-js/extra-typings";
import { printList } from "../../output/print.ts";
import type { Berth } from "../../program.ts";
import { collect } from "../collect.ts";
import { findCluster } from "../find.ts";
import { listOptionsOf, withListOptions } from "../list-options.ts";
import { wholeNumber } from "../parse.ts";
import { OPERATIONS } from "./view.ts";

const STATES = ["pending", "running", "cancelling", "succeeded", "failed", "cancelled"] as const;

export const listOperations = (berth: Berth) =>
  withListOptions(new Command("list"))
    .alias("ls")
    .description("List operations")
    .option("--cluster <cluster>", "only of this cluster: name or id")
    .addOption(new Option("--state <state>", "only in this state").choices(STATES))
    .option("--limit <n>", "at most so many", wholeNumber, 50)
    .action(async (options, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const cluster = options.cluster === undefined ? undefined : await findCluster(session, options.cluster);
      const page = await collect(options.limit, (query) =>
        client.listOperations({
          query: {
            ...query,
            ...listOptionsOf(options),
            ...(cluster === undefined ? {} : { cluster_id: cluster.id }),
            ...(options.state === undefined ? {} : { state: options.state }),
          },
        }),
      );
      await printList(session, page, OPERATIONS);
    });
