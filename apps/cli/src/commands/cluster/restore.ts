import type { Cluster } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { Failure } from "../../failure.ts";
import { printThing } from "../../output/print.ts";
import { shellWord } from "../../output/shell-word.ts";
import type { Berth } from "../../program.ts";
import { followOperation } from "../../watch/follow-operation.ts";
import { findCluster } from "../find.ts";
import { durationMs } from "../parse.ts";

export const restoreCluster = (berth: Berth) =>
  new Command("restore")
    .description("Bring a deleted cluster back with its data, within the grace period")
    .argument("<deleted-cluster>", "name or id")
    .option("--wait", "until it can be used")
    .option("--timeout <time>", "give up waiting after so long, as 10m", durationMs)
    .action(async (reference, options, command) => {
      const session = berth.session(command);
      const cluster = await findCluster(session, reference);
      const client = await session.client();
      const { body } = await client.restoreCluster({ params: { cluster_id: cluster.id } }).catch(async (error) => {
        throw await withNextCommand(error, cluster);
      });
      await printThing(session, body, () => `${body.name} (${body.id}) is being restored\n`);

      const operation = body.current_operation;
      if (operation === null) return;
      if (options.wait !== true) session.note(`Watch with: berth operation watch ${operation.id}`);
      else {
        await followOperation(session, operation.id, { timeoutMs: options.timeout });
        session.note(`${body.name} can be used again. Next: berth cluster connect ${body.id}`);
      }
    });

/** A cluster that cannot be restored is either there, or its data is not any more; its name is free when it is deleted. */
async function withNextCommand(error: unknown, { id, name, status }: Cluster): Promise<unknown> {
  const { failureOfClientError } = await import("../../open-client.ts");
  const failure = failureOfClientError(error);
  if (failure?.problem.code !== "invalid_state") return error;
  const hint = nextCommand({ id, name, state: status.state });
  return new Failure(failure.exitCode, failure.message, { hint, problem: failure.problem });
}

function nextCommand({ id, name, state }: { id: string; name: string; state: string }): string {
  const create = `Make a new one: berth cluster create ${shellWord(name)}`;
  if (state === "deleted") return create;
  if (state === "deleting") return `Wait until its name is free: berth cluster wait ${id} --for deleted\n${create}`;
  return `See: berth cluster describe ${id}`;
}
