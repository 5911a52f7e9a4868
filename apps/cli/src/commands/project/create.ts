import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../output/print.ts";
import { formatTable } from "../../output/table.ts";
import type { Berth } from "../../program.ts";
import { PROJECTS } from "./view.ts";

export const createProject = (berth: Berth) =>
  new Command("create")
    .description("Make a project")
    .argument("<name>")
    .action(async (name, _, command) => {
      const session = berth.session(command);
      const { body } = await (await session.client()).createProject({ body: { name } });
      await printThing(session, body, (one) =>
        formatTable(PROJECTS.columns, [one], { wide: session.output === "wide" }),
      );
    });
