import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../output/print.ts";
import type { Berth } from "../../program.ts";
import { followOperation } from "../../watch/follow-operation.ts";
import { findCluster, findCredential } from "../find.ts";
import { durationMs } from "../parse.ts";

export const deleteCredential = (berth: Berth) =>
  new Command("delete")
    .description("Take a user out of a cluster for good")
    .argument("<cluster>", "name or id")
    .argument("<credential>", "user name or id")
    .option("--wait", "until the engine knows it no more")
    .option("--timeout <time>", "give up waiting after so long, as 10m", durationMs)
    .action(async (clusterReference, reference, options, command) => {
      const session = berth.session(command);
      const cluster = await findCluster(session, clusterReference);
      const { id, username } = await findCredential(session, cluster.id, reference);
      if (session.mayAsk)
        await session.confirm(`Delete the user ${username} of ${cluster.name}? There is no way back.`);
      const client = await session.client();
      const { body } = await client.deleteCredential({ params: { cluster_id: cluster.id, credential_id: id } });
      await printThing(session, body, () => `${username} (${id}) is being deleted\n`);

      const operation = body.current_operation;
      if (operation === null) return;
      if (options.wait !== true) session.note(`Watch with: berth operation watch ${operation.id}`);
      else {
        await followOperation(session, operation.id, { timeoutMs: options.timeout });
        session.note(`${username} opens nothing any more.`);
      }
    });
