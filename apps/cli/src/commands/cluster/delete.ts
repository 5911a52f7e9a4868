import { Command } from "@commander-js/extra-typings";
import { usageFailure } from "../../failure.ts";
import { printThing } from "../../output/print.ts";
import { shellWord } from "../../output/shell-word.ts";
import type { Berth } from "../../program.ts";
import { askText } from "../../prompts.ts";
import type { Session } from "../../session.ts";
import { followOperation } from "../../watch/follow-operation.ts";
import { findCluster } from "../find.ts";
import { durationMs } from "../parse.ts";

export const deleteCluster = (berth: Berth) =>
  new Command("delete")
    .description("Delete a cluster; its volumes are kept for the grace period, in which it can be restored")
    .argument("<cluster>", "name or id")
    .option("--purge", "remove the volumes at once: there is no way back")
    .option("--confirm <name>", "the cluster's name again; needed with --purge")
    .option("--wait", "until it runs no more; with --purge, until it is gone")
    .option("--timeout <time>", "give up waiting after so long, as 10m", durationMs)
    .action(async (reference, options, command) => {
      const session = berth.session(command);
      const cluster = await findCluster(session, reference);
      const purge = options.purge === true;
      if (purge) await confirmName(session, cluster.name, options.confirm);
      else if (session.mayAsk) await session.confirm(`Delete ${cluster.name} (${cluster.id})?`);

      const client = await session.client();
      const { body } = await client.deleteCluster({
        params: { cluster_id: cluster.id },
        query: purge ? { purge, confirm: cluster.name } : {},
      });
      await printThing(session, body, () => `${body.name} (${body.id}) is being deleted\n`);

      const operation = body.current_operation;
      if (operation !== null && options.wait !== true) {
        session.note(`Watch with: berth operation watch ${operation.id}`);
      } else if (operation !== null) {
        await followOperation(session, operation.id, { timeoutMs: options.timeout });
        session.note(purge ? "It is gone." : "It runs no more.");
      }
      if (!purge && body.purge_at !== null && Date.parse(body.purge_at) > Date.now()) {
        session.note(describeGracePeriod(body.id, body.name, body.purge_at));
      }
    });

function describeGracePeriod(id: string, name: string, end: string): string {
  return [
    `Its volumes go at ${end}. Until then it counts against quotas and keeps its name.`,
    `Bring it back: berth cluster restore ${id}`,
    `End it now: berth cluster delete ${id} --purge --confirm ${shellWord(name)}`,
  ].join("\n");
}

/** A purge takes the name, typed: `--yes` alone is not enough, as nothing brings the data back. */
async function confirmName(session: Session, name: string, confirmed: string | undefined): Promise<void> {
  if (confirmed === name) return;
  if (confirmed !== undefined) throw usageFailure(`--confirm ${confirmed} is not the cluster's name, ${name}`);
  if (!session.mayAsk)
    throw usageFailure("a purge needs the cluster's name again", `Add --confirm ${shellWord(name)}.`);
  const answer = await askText(session, `This removes all data. Type ${name} to go on`);
  if (answer !== name) throw usageFailure("not confirmed; nothing was done");
}
