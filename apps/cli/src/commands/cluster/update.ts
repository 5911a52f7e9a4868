import type { Cluster, UpdateClusterBody } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { usageFailure } from "../../failure.ts";
import { printThing } from "../../output/print.ts";
import { formatTable } from "../../output/table.ts";
import type { Berth } from "../../program.ts";
import type { Session } from "../../session.ts";
import { explainChangedMeanwhile } from "../changed-meanwhile.ts";
import { findCluster } from "../find.ts";
import { keyValue, several } from "../parse.ts";
import { explainNameTaken } from "./name-taken.ts";
import { CLUSTERS } from "./view.ts";

export const updateCluster = (berth: Berth) =>
  new Command("update")
    .description("Change a cluster's name, labels or deletion protection; unless somebody else does so meanwhile")
    .argument("<cluster>", "name or id")
    .option("--name <name>", "what it is called from now on")
    .option("--label <key=value>", "add or change this one; repeat for several", keyValue)
    .option("--remove-label <key>", "repeat for several", several)
    .option("--deletion-protection", "refuse deletion until this is taken off")
    .option("--no-deletion-protection", "take it off")
    .action(async (reference, options, command) => {
      const session = berth.session(command);
      const { name, deletionProtection } = options;
      const labels = labelsPatch(options.label, options.removeLabel);
      if (name === undefined && labels === undefined && deletionProtection === undefined) {
        throw usageFailure(
          "nothing to change",
          "Add --name, --label, --remove-label, --deletion-protection or --no-deletion-protection.",
        );
      }
      const { id } = await findCluster(session, reference);
      const changed = await change(session, id, { name, labels, deletion_protection: deletionProtection });
      const wide = session.output === "wide";
      await printThing(session, changed, (one) => formatTable(CLUSTERS.columns, [one], { wide }));
    });

function labelsPatch(
  set: Readonly<Record<string, string>> | undefined,
  removed: readonly string[] | undefined,
): Record<string, string | null> | undefined {
  if (set === undefined && removed === undefined) return undefined;
  const both = removed?.find((key) => set !== undefined && Object.hasOwn(set, key));
  if (both !== undefined) throw usageFailure(`the label ${both} cannot be both set and removed`);
  return { ...set, ...Object.fromEntries((removed ?? []).map((key) => [key, null])) };
}

/** Changes what is there now, as long as nobody else changes it between the look and the change. */
async function change(session: Session, id: string, body: UpdateClusterBody): Promise<Cluster> {
  const client = await session.client();
  const params = { cluster_id: id };
  const etag = (await client.getCluster({ params })).headers.get("etag") ?? undefined;
  try {
    return (await client.updateCluster({ params, headers: { "if-match": etag }, body })).body;
  } catch (error) {
    throw await explainNameTaken(await explainChangedMeanwhile(error, `berth cluster describe ${id}`));
  }
}
