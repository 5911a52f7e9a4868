import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../output/print.ts";
import type { Berth } from "../../program.ts";
import { describeOperation } from "./view.ts";

export const getOperation = (berth: Berth) =>
  new Command("get")
    .alias("describe")
    .description("Show one operation with its steps")
    .argument("<operation>", "id")
    .action(async (id, _, command) => {
      const session = berth.session(command);
      const { body } = await (await session.client()).getOperation({ params: { operation_id: id } });
      await printThing(session, body, describeOperation);
    });
