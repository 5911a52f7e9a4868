import { Command, Option } from "@commander-js/extra-typings";
import { printList } from "../../output/print.ts";
import type { Berth } from "../../program.ts";
import { collect, DEFAULT_LIMIT } from "../collect.ts";
import { listOptionsOf, withListOptions } from "../list-options.ts";
import { keyValue, wholeNumber } from "../parse.ts";
import { CLUSTERS } from "./view.ts";

const STATES = ["creating", "running", "updating", "deleting", "deleted"] as const;

export const listClusters = (berth: Berth) =>
  withListOptions(new Command("list"))
    .alias("ls")
    .description("List clusters")
    .addOption(new Option("--state <state>", "only in this state").choices(STATES))
    .option("--project <id>", "only of this project")
    .option("--label <key=value>", "only with this label; repeat for several", keyValue)
    .option("--limit <n>", "at most so many", wholeNumber, DEFAULT_LIMIT)
    .action(async (options, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const label = Object.entries(options.label ?? {}).map(([key, value]) => `${key}:${value}`);
      const page = await collect(options.limit, (query) =>
        client.listClusters({
          query: {
            ...query,
            ...listOptionsOf(options),
            ...(options.state === undefined ? {} : { state: options.state }),
            ...(options.project === undefined ? {} : { project_id: options.project }),
            ...(label.length === 0 ? {} : { label }),
          },
        }),
      );
      await printList(session, page, CLUSTERS);
    });
