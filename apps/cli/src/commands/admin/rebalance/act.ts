import type { RebalanceAct, RebalancePlan } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { Failure } from "../../../failure.ts";
import { printThing } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { summaryOf } from "./view.ts";

const DESCRIPTIONS: Readonly<Record<RebalanceAct, string>> = {
  approve: "Let a rebalance plan begin",
  pause: "Let no more moves of a rebalance plan begin; one that is under way comes to its end",
  resume: "Let a paused rebalance plan go on",
  cancel: "End a rebalance plan; what was moved stays where it is",
};

const CALLS = {
  approve: "approveRebalancePlan",
  pause: "pauseRebalancePlan",
  resume: "resumeRebalancePlan",
  cancel: "cancelRebalancePlan",
} as const;

export const actOnRebalancePlan = (berth: Berth, act: RebalanceAct) =>
  new Command(act)
    .description(DESCRIPTIONS[act])
    .argument("<rebalance-plan>", "id")
    .action(async (id, _, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const params = { rebalance_plan_id: id };
      if (act === "approve" && session.mayAsk) {
        const { body } = await client.getRebalancePlan({ params });
        await session.confirm(`${summaryOf(body)} Approve?`);
      }
      const { body } = await client[CALLS[act]]({ params }).catch(async (error: unknown) => {
        throw await withNextCommand(error, id);
      });
      await printThing(session, body, (plan) => `${plan.id} is ${plan.state}. ${summaryOf(plan)}\n`);
      for (const { name, hint } of body.waiting_for) session.note(`It waits (${name}): ${hint}`);
      if (act !== "cancel") session.note(`Next: berth admin rebalance get ${id}`);
    });

async function withNextCommand(error: unknown, id: RebalancePlan["id"]): Promise<unknown> {
  const { failureOfClientError } = await import("../../../open-client.ts");
  const failure = failureOfClientError(error);
  if (failure?.problem.code !== "invalid_state") return error;
  const hint = `See: berth admin rebalance get ${id}`;
  return new Failure(failure.exitCode, failure.message, { hint, problem: failure.problem });
}
