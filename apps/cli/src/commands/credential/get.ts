import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../output/print.ts";
import { formatTable } from "../../output/table.ts";
import type { Berth } from "../../program.ts";
import { findCluster, findCredential } from "../find.ts";
import { CREDENTIALS } from "./view.ts";

export const getCredential = (berth: Berth) =>
  new Command("get")
    .description("Show one user of a cluster")
    .argument("<cluster>", "name or id")
    .argument("<credential>", "user name or id")
    .action(async (clusterReference, reference, _, command) => {
      const session = berth.session(command);
      const cluster = await findCluster(session, clusterReference);
      const found = await findCredential(session, cluster.id, reference);
      const wide = session.output === "wide";
      await printThing(session, found, (one) => formatTable(CREDENTIALS.columns, [one], { wide }));
    });
