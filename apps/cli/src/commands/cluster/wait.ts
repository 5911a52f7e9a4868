import type { Cluster } from "@berth/contract";
import { Command, Option } from "@commander-js/extra-typings";
import { EXIT_CODES } from "../../exit-codes.ts";
import { Failure } from "../../failure.ts";
import { printThing } from "../../output/print.ts";
import type { Berth } from "../../program.ts";
import type { Session } from "../../session.ts";
import { lookUntilDone } from "../../watch/looks.ts";
import { findCluster } from "../find.ts";
import { durationMs } from "../parse.ts";

const GOALS = {
  running: (cluster) => cluster.status.state === "running" && cluster.current_operation === null,
  green: (cluster) => cluster.status.state === "running" && cluster.status.health === "green",
  deleted: (cluster) => cluster.status.state === "deleted",
} as const satisfies Readonly<Record<string, (cluster: Cluster) => boolean>>;
type Goal = keyof typeof GOALS;

export const waitForCluster = (berth: Berth) =>
  new Command("wait")
    .description("Wait until a cluster is there, healthy, or gone")
    .argument("<cluster>", "name or id")
    .addOption(
      new Option("--for <state>", "what to wait for; deleted is after the grace period")
        .choices(Object.keys(GOALS) as Goal[])
        .default("running" as Goal),
    )
    .option("--timeout <time>", "give up after so long, as 10m", durationMs, 30 * 60_000)
    .action(async (reference, options, command) => {
      const session = berth.session(command);
      const { id, name } = await findCluster(session, reference);
      const cluster = await waitFor(session, id, options.for, options.timeout);
      await printThing(session, cluster, () => `${name} is ${options.for}\n`);
    });

async function waitFor(session: Session, id: string, goal: Goal, timeoutMs: number): Promise<Cluster> {
  const client = await session.client();
  const leaving = new AbortController();
  const signal = AbortSignal.any([session.io.interrupted, leaving.signal]);
  let seen: Cluster | undefined;
  const end = await lookUntilDone(
    {
      events: client.follow.listEvents({ query: { target_id: id }, signal }),
      everyMs: 2000,
      timeoutMs,
      signal: session.io.interrupted,
    },
    async () => {
      const answer = await client.getCluster({ params: { cluster_id: id }, signal: session.io.interrupted });
      if (answer.status === 200) seen = answer.body;
      if (seen?.status.state === "deleted" && goal !== "deleted") {
        throw new Failure(EXIT_CODES.notFound, `${seen.name} was deleted`);
      }
      return seen !== undefined && GOALS[goal](seen);
    },
  ).finally(() => leaving.abort());

  if (end === "interrupted") {
    const hint = `Nothing was stopped but the waiting. Go on with: berth cluster wait ${id} --for ${goal}`;
    throw new Failure(EXIT_CODES.interrupted, "stopped waiting", { hint });
  }
  if (end === "timed_out" || seen === undefined) {
    const why = seen?.status.waiting_for.map((guard) => `${guard.name} (${guard.subject}): ${guard.hint}`) ?? [];
    throw new Failure(EXIT_CODES.waitTimedOut, `not ${goal} after ${timeoutMs / 1000} s`, {
      hint: why.length === 0 ? `See: berth cluster describe ${id}` : `It waits for:\n  ${why.join("\n  ")}`,
    });
  }
  return seen;
}
