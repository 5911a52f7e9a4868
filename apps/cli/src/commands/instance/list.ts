import { Command } from "@commander-js/extra-typings";
import { printList } from "../../output/print.ts";
import type { Berth } from "../../program.ts";
import { findCluster } from "../find.ts";
import { INSTANCES } from "./view.ts";

export const listInstances = (berth: Berth) =>
  new Command("list")
    .alias("ls")
    .description("List a cluster's instances")
    .argument("<cluster>", "name or id")
    .action(async (reference, _, command) => {
      const session = berth.session(command);
      const { id } = await findCluster(session, reference);
      const client = await session.client();
      await printList(session, (await client.listInstances({ params: { cluster_id: id } })).body, INSTANCES);
    });
