import type { OrganizationId, ProjectId } from "@berth/domain";
import { columns, type Sql, type Tx } from "./sql.ts";

export interface ProjectRow {
  readonly id: ProjectId;
  readonly organizationId: OrganizationId;
  readonly name: string;
  readonly createdAt: Date;
}

const COLUMNS = columns<ProjectRow>("p", ["id", "organizationId", "name", "createdAt"]);

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
    `select ${COLUMNS} from project p where p.organization_id = $1 and p.deleted_at is null order by p.id limit 1000`,
    [organizationId],
  );
}
