import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { describeCommitment } from "./view.ts";

export const getCommitment = (berth: Berth) =>
  new Command("get")
    .description("Show one commitment")
    .argument("<commitment>", "id")
    .action(async (id, _, command) => {
      const session = berth.session(command);
      const { body } = await (await session.client()).getCommitment({ params: { commitment_id: id } });
      await printThing(session, body, describeCommitment);
    });
