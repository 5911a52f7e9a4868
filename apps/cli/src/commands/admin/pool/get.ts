import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { describePool } from "./view.ts";

export const getPool = (berth: Berth) =>
  new Command("get")
    .description("Show one pool, with all of its policy")
    .argument("<pool>", "id")
    .action(async (id, _, command) => {
      const session = berth.session(command);
      const { body } = await (await session.client()).getPool({ params: { pool_id: id } });
      await printThing(session, body, describePool);
    });
