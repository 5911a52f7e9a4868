import type { ClusterState, EngineName, OrganizationId, ProjectId } from "@berth/domain";
import {
  CLUSTER_COLUMNS,
  type ClusterRow,
  type ComponentRow,
  INSTANCE_COLUMNS,
  type InstanceRow,
  toWholeCluster,
  WHOLE_COLUMNS,
  type WholeCluster,
  type WholeRow,
} from "./cluster-rows.ts";
import { type ListQuery, pageByAge } from "./page-by-age.ts";
import { columns, type Page, type Sql, startWhere, type Tx } from "./sql.ts";

/** One of the tenant's clusters, deleted ones too. Undefined for another tenant's: nobody learns that it exists. */
export async function findCluster(
  sql: Sql,
  organizationId: OrganizationId,
  id: string,
): Promise<WholeCluster | undefined> {
  const [row] = await sql.query<WholeRow>(
    `select ${WHOLE_COLUMNS} from cluster c where c.organization_id = $1 and c.id = $2`,
    [organizationId, id],
  );
  return row === undefined ? undefined : toWholeCluster(row);
}

/** Whether a cluster of the project that is not gone has the name. A create must still be ready to lose it to another. */
export async function isClusterNameTaken(
  sql: Sql,
  wanted: { readonly organizationId: OrganizationId; readonly projectId: ProjectId; readonly name: string },
): Promise<boolean> {
  const [row] = await sql.query<{ taken: boolean }>(
    `select exists (select 1 from cluster c where c.organization_id = $1 and c.project_id = $2 and c.name = $3
        and c.deleted_at is null) as taken`,
    [wanted.organizationId, wanted.projectId, wanted.name],
  );
  return row?.taken === true;
}

export interface ClusterQuery extends ListQuery {
  readonly organizationId: OrganizationId;
  readonly projectId?: string | undefined;
  readonly name?: string | undefined;
  /** All but deleted ones when absent. */
  readonly state?: ClusterState | undefined;
  readonly region?: string | undefined;
  readonly engine?: EngineName | undefined;
  /** All of them must fit. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

export async function listClusters(sql: Sql, query: ClusterQuery): Promise<Page<WholeCluster>> {
  const where = startWhere();
  where.add("c.organization_id = ?", query.organizationId);
  where.add("c.project_id = ?", query.projectId);
  where.add("c.name = ?", query.name);
  if (query.state === undefined)
    where.add("c.state <> 'deleted'"); // No value: a plan for any would take it for rare.
  else where.add("c.state = ?", query.state);
  where.add("c.region = ?", query.region);
  where.add("c.engine = ?", query.engine);
  where.add("c.labels @> ?::jsonb", query.labels === undefined ? undefined : JSON.stringify(query.labels));
  const found = await pageByAge<WholeRow>(sql, `select ${WHOLE_COLUMNS} from cluster c`, "c", where, query);
  return { rows: found.rows.map(toWholeCluster), more: found.more };
}

/** The cluster's row, locked against other changes to the end of the transaction: compare generation and state, then change. */
export async function lockCluster(tx: Tx, organizationId: OrganizationId, id: string): Promise<ClusterRow | undefined> {
  const [row] = await tx.query<ClusterRow>(
    `select ${CLUSTER_COLUMNS} from cluster c where c.organization_id = $1 and c.id = $2 for no key update of c`,
    [organizationId, id],
  );
  return row;
}

/** An instance with what it has from its component, whose `name` that is. */
export type WholeInstance = InstanceRow &
  Pick<ComponentRow, "name" | "roles" | "size" | "memoryMib" | "cpuMilli" | "storageMib">;

const WHOLE_INSTANCE_COLUMNS = `${INSTANCE_COLUMNS}, ${columns<ComponentRow>("m", [
  "name",
  "roles",
  "size",
  "memoryMib",
  "cpuMilli",
  "storageMib",
])}`;

/** All of a cluster, by component and ordinal. Empty when it is another's: every cluster has some, also when it is gone. */
export function listInstances(sql: Sql, organizationId: OrganizationId, clusterId: string): Promise<WholeInstance[]> {
  return sql.query<WholeInstance>(
    `select ${WHOLE_INSTANCE_COLUMNS} from instance i join component m on m.id = i.component_id
      where i.organization_id = $1 and i.cluster_id = $2 order by m.name, i.ordinal`,
    [organizationId, clusterId],
  );
}
