import type { Project } from "@berth/contract";
import type { ProjectRow } from "@berth/db";
import { iso } from "../http/wire.ts";

export function toProjectBody(project: ProjectRow): Project {
  return {
    id: project.id,
    organization_id: project.organizationId,
    name: project.name,
    generation: project.generation,
    created_at: iso(project.createdAt),
  };
}
