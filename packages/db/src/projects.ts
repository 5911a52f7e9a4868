import { err, type IdSource, type OrganizationId, ok, type ProjectId, type Result } from "@berth/domain";
import type { Actor } from "./actor.ts";
import { appendAudit } from "./audit.ts";
import { appendEvent } from "./events.ts";
import { type ListQuery, pageByAge } from "./page-by-age.ts";
import { columns, type Page, type Sql, startWhere, type Tx } from "./sql.ts";

export interface ProjectRow {
  readonly id: ProjectId;
  readonly organizationId: OrganizationId;
  readonly name: string;
  readonly generation: number;
  readonly createdAt: Date;
}

const COLUMNS = columns<ProjectRow>("p", ["id", "organizationId", "name", "generation", "createdAt"]);

/** Stores a project, and nothing about it: for what makes an organization with its first one. */
export async function insertProject(
  tx: Tx,
  project: { readonly id: ProjectId; readonly organizationId: OrganizationId; readonly name: string },
): Promise<void> {
  await tx.query("insert into project (id, organization_id, name) values ($1, $2, $3)", [
    project.id,
    project.organizationId,
    project.name,
  ]);
}

/** A live one. */
export async function findProject(
  sql: Sql,
  organizationId: OrganizationId,
  id: string,
): Promise<ProjectRow | undefined> {
  const [row] = await sql.query<ProjectRow>(
    `select ${COLUMNS} from project p where p.organization_id = $1 and p.id = $2 and p.deleted_at is null`,
    [organizationId, id],
  );
  return row;
}

/** All of an organization, oldest first: the first is where a cluster goes that names none. */
export function listProjects(sql: Sql, organizationId: OrganizationId): Promise<ProjectRow[]> {
  return sql.query<ProjectRow>(
    `select ${COLUMNS} from project p where p.organization_id = $1 and p.deleted_at is null
      order by p.created_at, p.id limit 1000`,
    [organizationId],
  );
}

export interface ProjectQuery extends ListQuery {
  readonly organizationId: OrganizationId;
  readonly name?: string | undefined;
}

/** Live ones. */
export function pageOfProjects(sql: Sql, query: ProjectQuery): Promise<Page<ProjectRow>> {
  const where = startWhere();
  where.add("p.deleted_at is null and p.organization_id = ?", query.organizationId);
  where.add("p.name = ?", query.name);
  return pageByAge(sql, `select ${COLUMNS} from project p`, "p", where, query);
}

/** Live ones. */
export async function countProjects(sql: Sql, organizationId: OrganizationId): Promise<number> {
  const [row] = await sql.query<{ count: number }>(
    "select count(*)::int as count from project where organization_id = $1 and deleted_at is null",
    [organizationId],
  );
  return row?.count ?? 0;
}

interface ProjectChange extends Actor {
  readonly organizationId: OrganizationId;
  readonly id: ProjectId;
}

/** Makes a project. The quota is the caller's, under `lockQuota`. Refuses the name of a live one. */
export async function createProject(
  tx: Tx,
  ids: IdSource,
  project: ProjectChange & { readonly name: string },
): Promise<Result<ProjectRow, { readonly kind: "name_taken" }>> {
  const { organizationId, id, name, actor, requestId } = project;
  const [row] = await tx.query<ProjectRow>(
    `insert into project as p (id, organization_id, name) values ($1, $2, $3)
     on conflict (organization_id, name) where deleted_at is null do nothing returning ${COLUMNS}`,
    [id, organizationId, name],
  );
  if (row === undefined) return err({ kind: "name_taken" });
  const target = { organizationId, targetType: "project", targetId: id } as const;
  await appendAudit(tx, ids, { ...target, actor, requestId, action: "project.create", data: { name } });
  await appendEvent(tx, ids, { ...target, type: "project.created", data: { name } });
  return ok(row);
}

/** Gives a live project another name, under `lockOrganization`. Refuses the name of another live one. */
export async function renameProject(
  tx: Tx,
  ids: IdSource,
  change: ProjectChange & { readonly before: string; readonly name: string },
): Promise<Result<ProjectRow, { readonly kind: "name_taken" }>> {
  const { organizationId, id, before, name, actor, requestId } = change;
  // Nothing comes where the name is another's: a violation of the index would end the transaction.
  const [row] = await tx.query<ProjectRow>(
    `update project p set name = $3, generation = p.generation + 1
      where p.organization_id = $1 and p.id = $2 and p.deleted_at is null and not exists (
        select 1 from project o where o.organization_id = $1 and o.name = $3 and o.id <> $2 and o.deleted_at is null)
     returning ${COLUMNS}`,
    [organizationId, id, name],
  );
  if (row === undefined) return err({ kind: "name_taken" });
  const target = { organizationId, targetType: "project", targetId: id } as const;
  const data = { before: { name: before }, after: { name } };
  await appendAudit(tx, ids, { ...target, actor, requestId, action: "project.update", data });
  await appendEvent(tx, ids, { ...target, type: "project.updated", data: { name } });
  return ok(row);
}

/** How many clusters a project has that are not deleted; ones being deleted count. */
export async function countClustersOf(sql: Sql, organizationId: OrganizationId, id: ProjectId): Promise<number> {
  const [row] = await sql.query<{ count: number }>(
    `select count(*)::int as count from cluster
      where organization_id = $1 and project_id = $2 and state <> 'deleted'`,
    [organizationId, id],
  );
  return row?.count ?? 0;
}

/** Ends a live project, under `lockOrganization`: a create, which reads projects under the same lock, finds it no more. Its row stays, for its past. */
export async function deleteProject(
  tx: Tx,
  ids: IdSource,
  change: ProjectChange & { readonly name: string },
): Promise<void> {
  const { organizationId, id, name, actor, requestId } = change;
  await tx.query(
    `update project set deleted_at = now(), generation = generation + 1
      where organization_id = $1 and id = $2 and deleted_at is null`,
    [organizationId, id],
  );
  const target = { organizationId, targetType: "project", targetId: id } as const;
  await appendAudit(tx, ids, { ...target, actor, requestId, action: "project.delete", data: { name } });
  await appendEvent(tx, ids, { ...target, type: "project.deleted", data: { name } });
}
