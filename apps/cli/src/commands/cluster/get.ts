import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../output/print.ts";
import { formatTable } from "../../output/table.ts";
import type { Berth } from "../../program.ts";
import { findCluster } from "../find.ts";
import { CLUSTERS } from "./view.ts";

export const getCluster = (berth: Berth) =>
  new Command("get")
    .description("Show one cluster on one line, or whole with -o json")
    .argument("<cluster>", "name or id")
    .action(async (reference, _, command) => {
      const session = berth.session(command);
      const found = await findCluster(session, reference);
      const wide = session.output === "wide";
      await printThing(session, found, (cluster) => formatTable(CLUSTERS.columns, [cluster], { wide }));
    });
