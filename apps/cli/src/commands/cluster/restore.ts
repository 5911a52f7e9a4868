import type { Cluster } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { Failure } from "../../failure.ts";
import { printThing } from "../../output/print.ts";
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
        session.note(`${body.name} can be used again. Next: berth cluster connect ${body.name}`);
      }
    });

/** A cluster that cannot be restored is either there, or its data is not any more. */
async function withNextCommand(error: unknown, { name, status }: Cluster): Promise<unknown> {
  const { failureOfClientError } = await import("../../open-client.ts");
  const failure = failureOfClientError(error);
  if (failure?.problem.code !== "invalid_state") return error;
  const isLost = status.state === "deleting" || status.state === "deleted";
  const hint = isLost ? `Make a new one: berth cluster create ${name}` : `See: berth cluster describe ${name}`;
  return new Failure(failure.exitCode, failure.message, { hint, problem: failure.problem });
}
