import { Command } from "@commander-js/extra-typings";
import type { Berth } from "../../program.ts";
import { createProject } from "./create.ts";
import { deleteProject } from "./delete.ts";
import { getProject } from "./get.ts";
import { listProjects } from "./list.ts";
import { renameProject } from "./rename.ts";

export const project = (berth: Berth) =>
  new Command("project")
    .description("Make, see, rename and delete projects")
    .addCommand(createProject(berth))
    .addCommand(listProjects(berth))
    .addCommand(getProject(berth))
    .addCommand(renameProject(berth))
    .addCommand(deleteProject(berth));
