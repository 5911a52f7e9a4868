import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../../output/print.ts";
import { formatTable } from "../../../output/table.ts";
import type { Berth } from "../../../program.ts";
import { KUBES } from "./view.ts";

export const getKube = (berth: Berth) =>
  new Command("get")
    .description("Show one kube")
    .argument("<kube>", "id")
    .action(async (id, _, command) => {
      const session = berth.session(command);
      const { body } = await (await session.client()).getKube({ params: { kube_id: id } });
      await printThing(session, body, (kube) =>
        formatTable(KUBES.columns, [kube], { wide: session.output === "wide" }),
      );
    });
