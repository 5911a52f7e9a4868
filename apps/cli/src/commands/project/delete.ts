import { Command } from "@commander-js/extra-typings";
import type { Berth } from "../../program.ts";
import { findProject } from "../find.ts";

export const deleteProject = (berth: Berth) =>
  new Command("delete")
    .description("Delete a project that has no clusters")
    .argument("<project>", "name or id")
    .action(async (reference, _, command) => {
      const session = berth.session(command);
      const { id, name } = await findProject(session, reference);
      if (session.mayAsk) await session.confirm(`Delete the project ${name} (${id})?`);
      await (await session.client()).deleteProject({ params: { project_id: id } });
      session.note(`${name} (${id}) is gone.`);
    });
