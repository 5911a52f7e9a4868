import {
  countClustersOf,
  countProjects,
  findProject,
  lockOrganization,
  type ScopedDatabase,
  deleteProject as storeDeletion,
} from "@berth/db";
import { err, type OrganizationId, ok, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { mayChange } from "../http/etag.ts";
import { changedMeanwhile, NOT_FOUND, type Refusal, refuse } from "../http/refusal.ts";

/** Deletes a project without clusters. The last one stays: a cluster that names none must have somewhere to go. */
export function deleteProject(
  deps: ApiDeps,
  db: ScopedDatabase,
  request: {
    readonly organizationId: OrganizationId;
    readonly projectId: string;
    readonly ifMatch: string | undefined;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<true, Refusal>> {
  const { organizationId, projectId, ifMatch, actor, requestId } = request;
  return db.transaction(async (tx): Promise<Result<true, Refusal>> => {
    await lockOrganization(tx, organizationId);
    const project = await findProject(tx, organizationId, projectId);
    if (project === undefined) return err(NOT_FOUND);
    if (!mayChange(ifMatch, project.generation)) return changedMeanwhile("project");
    const { id, name } = project;
    const clusters = await countClustersOf(tx, organizationId, id);
    if (clusters > 0) {
      const what = clusters === 1 ? "1 cluster that is" : `${clusters} clusters that are`;
      return refuse("invalid_state", `The project has ${what} not deleted yet. Delete them first.`);
    }
    if ((await countProjects(tx, organizationId)) === 1)
      return refuse("invalid_state", "An organization keeps its last project. Make another one first.");
    await storeDeletion(tx, deps.ids, { organizationId, id, name, actor, requestId });
    return ok(true);
  });
}
