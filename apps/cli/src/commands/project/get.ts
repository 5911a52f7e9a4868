import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../output/print.ts";
import { formatTable } from "../../output/table.ts";
import type { Berth } from "../../program.ts";
import { findProject } from "../find.ts";
import { PROJECTS } from "./view.ts";

export const getProject = (berth: Berth) =>
  new Command("get")
    .description("Show one project")
    .argument("<project>", "name or id")
    .action(async (reference, _, command) => {
      const session = berth.session(command);
      const body = await findProject(session, reference);
      await printThing(session, body, (one) =>
        formatTable(PROJECTS.columns, [one], { wide: session.output === "wide" }),
      );
    });
