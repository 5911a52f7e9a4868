import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../output/print.ts";
import { formatTable } from "../../output/table.ts";
import type { Berth } from "../../program.ts";
import { findProject } from "../find.ts";
import { PROJECTS } from "./view.ts";

export const renameProject = (berth: Berth) =>
  new Command("rename")
    .description("Give a project another name")
    .argument("<project>", "name or id")
    .argument("<name>", "its new name")
    .action(async (reference, name, _, command) => {
      const session = berth.session(command);
      const { id } = await findProject(session, reference);
      const client = await session.client();
      const { body } = await client.updateProject({ params: { project_id: id }, body: { name } });
      await printThing(session, body, (one) =>
        formatTable(PROJECTS.columns, [one], { wide: session.output === "wide" }),
      );
    });
