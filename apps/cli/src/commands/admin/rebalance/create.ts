import type { RebalanceLook } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { EXIT_CODES } from "../../../exit-codes.ts";
import { Failure } from "../../../failure.ts";
import { printList } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import type { Session } from "../../../session.ts";
import { lookUntilDone } from "../../../watch/looks.ts";
import { durationMs } from "../../parse.ts";
import { onlyKube } from "../kube/only-kube.ts";
import { POOL_OUTLOOKS } from "./view.ts";

const TIMEOUT_MS = 60_000;

export const createRebalancePlan = (berth: Berth) =>
  new Command("create")
    .description("Look for moves in a kube now, and show what that comes to for each of its pools")
    .option("--kube <id>", "the kube, where there are several")
    .option("--timeout <time>", "give up waiting for it after so long, as 10m; 1m when absent", durationMs)
    .action(async ({ kube, timeout }, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const { body: before } = await client.createRebalancePlan({
        body: { kube_id: kube ?? (await onlyKube(session)) },
      });
      const { pools } = await untilLooked(session, before, timeout ?? TIMEOUT_MS);
      await printList(session, { data: pools, next_page_token: null }, POOL_OUTLOOKS);
      const [plan] = pools.flatMap(({ plan_id }) => (plan_id === null ? [] : [plan_id]));
      if (plan !== undefined) session.note(`Next: berth admin rebalance get ${plan}`);
    });

/** Waits for a look that is newer than the one before it was asked for. */
async function untilLooked(session: Session, before: RebalanceLook, timeoutMs: number): Promise<RebalanceLook> {
  const client = await session.client();
  let look = before;
  const end = await lookUntilDone({ everyMs: 500, timeoutMs, signal: session.io.interrupted }, async () => {
    look = (await client.getRebalanceLook({ params: { kube_id: before.kube_id } })).body;
    return look.looked_at !== before.looked_at || look.waiting_for.length > 0;
  });
  const [guard] = look.waiting_for;
  if (guard !== undefined) {
    throw new Failure(EXIT_CODES.failure, `${before.kube_id} could not be looked at: ${guard.name}: ${guard.hint}`, {
      hint: `It is tried again by itself. Ask once more: berth admin rebalance create --kube ${before.kube_id}`,
    });
  }
  if (end === "done") return look;
  const code = end === "interrupted" ? EXIT_CODES.interrupted : EXIT_CODES.waitTimedOut;
  throw new Failure(code, `${before.kube_id} has not been looked at yet`, {
    hint: `It is asked for all the same. See: berth admin rebalance list --kube ${before.kube_id}`,
  });
}
