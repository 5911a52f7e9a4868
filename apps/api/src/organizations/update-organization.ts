import type { UpdateOrganizationBody } from "@berth/contract";
import { type OrganizationRow, renameOrganization, type ScopedDatabase } from "@berth/db";
import type { Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import type { Refusal } from "../http/refusal.ts";
import { changeOrganization, type OrganizationChange } from "./change-organization.ts";

/** Renames one's own organization. */
export function updateOrganization(
  deps: ApiDeps,
  db: ScopedDatabase,
  request: OrganizationChange<UpdateOrganizationBody>,
): Promise<Result<OrganizationRow, Refusal>> {
  const { body, actor, requestId } = request;
  return changeOrganization(db, request, async (tx, before) => {
    const { name = before.name } = body;
    return name === before.name ? before : renameOrganization(tx, deps.ids, { before, name, actor, requestId });
  });
}
