import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../output/print.ts";
import type { Berth } from "../../program.ts";
import { followOperation } from "../../watch/follow-operation.ts";
import { durationMs } from "../parse.ts";
import { describeOperation } from "./view.ts";

export const watchOperation = (berth: Berth) =>
  new Command("watch")
    .description("Watch an operation until it ends; Ctrl-C stops the watching alone")
    .argument("<operation>", "id")
    .option("--timeout <time>", "give up after so long, as 10m", durationMs)
    .action(async (id, options, command) => {
      const session = berth.session(command);
      const operation = await followOperation(session, id, { timeoutMs: options.timeout });
      await printThing(session, operation, describeOperation);
    });
