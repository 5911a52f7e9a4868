import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { describeRebalancePlan } from "./view.ts";

export const getRebalancePlan = (berth: Berth) =>
  new Command("get")
    .description("Show one rebalance plan: what it saves, its moves in their order, and why others are held")
    .argument("<rebalance-plan>", "id")
    .action(async (id, _, command) => {
      const session = berth.session(command);
      const { body } = await (await session.client()).getRebalancePlan({ params: { rebalance_plan_id: id } });
      await printThing(session, body, describeRebalancePlan);
    });
