import { Command } from "@commander-js/extra-typings";
import { printList } from "../../output/print.ts";
import type { Berth } from "../../program.ts";
import { findCluster } from "../find.ts";
import { CREDENTIALS } from "./view.ts";

export const listCredentials = (berth: Berth) =>
  new Command("list")
    .alias("ls")
    .description("List the users of a cluster")
    .argument("<cluster>", "name or id")
    .action(async (reference, _, command) => {
      const session = berth.session(command);
      const { id } = await findCluster(session, reference);
      const client = await session.client();
      await printList(session, (await client.listCredentials({ params: { cluster_id: id } })).body, CREDENTIALS);
    });
