import type { UpdateProjectBody } from "@berth/contract";
import { findProject, lockOrganization, type ProjectRow, renameProject, type ScopedDatabase } from "@berth/db";
import { err, type OrganizationId, ok, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { mayChange } from "../http/etag.ts";
import { changedMeanwhile, NOT_FOUND, type Refusal } from "../http/refusal.ts";
import { projectNameTaken } from "./create-project.ts";

/** Renames a project. A change of nothing is no change: the generation stays. */
export function updateProject(
  deps: ApiDeps,
  db: ScopedDatabase,
  request: {
    readonly organizationId: OrganizationId;
    readonly projectId: string;
    readonly ifMatch: string | undefined;
    readonly body: UpdateProjectBody;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<ProjectRow, Refusal>> {
  const { organizationId, projectId, ifMatch, body, actor, requestId } = request;
  return db.transaction(async (tx): Promise<Result<ProjectRow, Refusal>> => {
    await lockOrganization(tx, organizationId);
    const project = await findProject(tx, organizationId, projectId);
    if (project === undefined) return err(NOT_FOUND);
    if (!mayChange(ifMatch, project.generation)) return changedMeanwhile("project");
    const { id, name: before } = project;
    const { name = before } = body;
    if (name === before) return ok(project);
    const renamed = await renameProject(tx, deps.ids, { organizationId, id, before, name, actor, requestId });
    return renamed.ok ? renamed : projectNameTaken(name);
  });
}
