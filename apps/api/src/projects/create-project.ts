import { lockQuota, type ProjectRow, createProject as storeProject, type Tx } from "@berth/db";
import { type OrganizationId, ok, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { type Refusal, refuse } from "../http/refusal.ts";
import { admitOne } from "../quotas/admit.ts";

/** Makes a project, within the organization's quota. One transaction, the caller's. */
export async function createProject(
  deps: ApiDeps,
  tx: Tx,
  request: {
    readonly organizationId: OrganizationId;
    readonly name: string;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<ProjectRow, Refusal>> {
  const { organizationId, name } = request;
  const { quotas } = await lockQuota(tx, organizationId);
  const admitted = admitOne("projects", quotas.projects);
  if (!admitted.ok) return admitted;
  const project = await storeProject(tx, deps.ids, { ...request, id: deps.ids.next("project") });
  return project.ok ? ok(project.value) : projectNameTaken(name);
}

export function projectNameTaken(name: string) {
  const detail = `The organization has a project named ${name} already.`;
  return refuse("name_taken", detail, { errors: [{ pointer: "/name", code: "name_taken", detail }] });
}
