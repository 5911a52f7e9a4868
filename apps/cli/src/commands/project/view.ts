import type { Project } from "@berth/contract";
import { formatAge } from "../../output/format.ts";
import type { ListView } from "../../output/print.ts";

/** Projects as a table. */
export const PROJECTS: ListView<Project> = {
  noun: "projects",
  nameOf: (project) => project.id,
  columns: [
    { header: "name", value: (project) => project.name },
    { header: "age", value: (project) => formatAge(project.created_at, Date.now()), align: "right" },
    { header: "id", value: (project) => project.id },
    { header: "organization", value: (project) => project.organization_id, wide: true },
    { header: "generation", value: (project) => project.generation, align: "right", wide: true },
  ],
};
