import {
  type ClusterId,
  type ClusterPlan,
  type CredentialId,
  demandOf,
  type IdSource,
  isMasterEligible,
  type KubeId,
  type OrganizationId,
  type ProjectId,
  podNameOf,
} from "@berth/domain";
import type { Actor } from "./actor.ts";
import { appendAudit } from "./audit.ts";
import type { WholeCluster } from "./cluster-rows.ts";
import { findCluster } from "./clusters.ts";
import { type CredentialRow, listCredentials } from "./credentials.ts";
import { appendEvent } from "./events.ts";
import { insertOperation, type OperationRow } from "./operations.ts";
import { type SealedSecret, storeSecret } from "./secrets.ts";
import type { Tx } from "./sql.ts";

export interface NewCluster extends Actor {
  readonly id: ClusterId;
  readonly organizationId: OrganizationId;
  readonly projectId: ProjectId;
  readonly kubeId: KubeId;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly deletionProtection: boolean;
  readonly plan: ClusterPlan;
  /** The customer's first. */
  readonly credential: {
    readonly id: CredentialId;
    readonly username: string;
    readonly role: "customer_admin" | "customer_read";
    readonly hint: string;
    /** Sealed as `credential/<id>`, `password`. */
    readonly password: SealedSecret;
  };
}

/** A new cluster as it is stored. */
export interface InsertedCluster {
  readonly operation: OperationRow;
  readonly whole: WholeCluster;
  readonly credential: CredentialRow;
}

/** A live cluster of the project has the name. */
export class ClusterNameTaken extends Error {
  override readonly name = "ClusterNameTaken";
}

/**
 * Stores a new cluster with everything that belongs to it: release 1, components, instances, credential, operation, audit row
 * and event. The row is due at once, and the worker hears of it at commit.
 *
 * Throws `ClusterNameTaken` when a live cluster of the project has the name: all leaves in one round trip, so the transaction is
 * of no use then. The quota and the project are the caller's to look at, under `lockFleetQuota`.
 */
export async function insertCluster(tx: Tx, ids: IdSource, cluster: NewCluster): Promise<InsertedCluster> {
  const { id, organizationId, plan, actor, requestId } = cluster;
  const masters = plan.components.flatMap((component) =>
    isMasterEligible(component.roles)
      ? component.placed.map((instance) => podNameOf(component.name, instance.ordinal))
      : [],
  );
  const { quotas, microUsdPerHour } = demandOf([plan]);
  const inserted = tx.query(
    `insert into cluster (id, organization_id, project_id, kube_id, name, region, engine, labels, deletion_protection,
       initial_masters, instance_count, memory_mib, storage_mib, price_micro_usd_per_hour)
     values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10::text[], $11, $12, $13, $14)
     on conflict (project_id, name) where deleted_at is null do nothing
     returning id`,
    [
      id,
      organizationId,
      cluster.projectId,
      cluster.kubeId,
      cluster.name,
      plan.spec.region,
      plan.spec.engine,
      JSON.stringify(cluster.labels),
      cluster.deletionProtection,
      masters,
      quotas.instances,
      quotas.memoryMib,
      quotas.storageMib,
      microUsdPerHour,
    ],
  );
  // None needs another's answer, so they leave together, in this order; the first that fails is what is thrown. The last two
  // read what was written, so the order of the others is theirs too.
  const operationId = ids.next("operation");
  const parts = Promise.all([
    insertOperation(tx, {
      id: operationId,
      organizationId,
      kind: "cluster.create",
      targetId: id,
      generation: 1,
      actor,
      requestId,
    }),
    insertParts(tx, ids, cluster),
    appendEvent(tx, ids, {
      organizationId,
      type: "cluster.create.started",
      targetType: "cluster",
      targetId: id,
      operationId,
      data: { name: cluster.name, generation: 1 },
    }),
    findCluster(tx, organizationId, id),
    listCredentials(tx, organizationId, id),
  ]);
  // Without the row they fail too (a foreign key, in the server's log), and it is the row that says why.
  parts.catch(() => {});
  if ((await inserted).length === 0) throw new ClusterNameTaken();
  const [operation, , , whole, [credential]] = await parts;
  if (!operation.ok) throw new Error("a new cluster has no other operation");
  if (whole === undefined || credential === undefined) throw new Error(`${id} was stored a moment ago`);
  await appendAudit(tx, ids, {
    organizationId,
    actor,
    requestId,
    action: "cluster.create",
    outcome: "accepted",
    targetType: "cluster",
    targetId: id,
    data: { name: cluster.name, spec: plan.spec, labels: cluster.labels },
  });
  return { operation: operation.value, whole, credential };
}

function insertParts(tx: Tx, ids: IdSource, cluster: NewCluster): Promise<unknown> {
  const { id, organizationId, plan, credential } = cluster;
  const components = plan.components.map((component) => ({ ...component, id: ids.next("component") }));
  return Promise.all([
    tx.query("insert into release (id, organization_id, cluster_id, number, spec) values ($1, $2, $3, 1, $4::jsonb)", [
      ids.next("release"),
      organizationId,
      id,
      JSON.stringify(plan.spec),
    ]),
    tx.query(
      `insert into component (id, organization_id, cluster_id, name, roles, size, instance_count, memory_mib, cpu_milli, storage_mib,
       price_micro_usd_per_hour, zones)
     select d.id, $1, $2, d.name, d.roles, d.size, d.instances, d.memory_mib, d.cpu_milli, d.storage_mib, d.price, d.zones
       from jsonb_to_recordset($3::jsonb) as d(id text, name text, roles text[], size text, instances int, memory_mib int,
            cpu_milli int, storage_mib int, price int, zones text[])`,
      [
        organizationId,
        id,
        JSON.stringify(
          components.map((component) => ({
            id: component.id,
            name: component.name,
            roles: component.roles,
            size: component.size,
            instances: component.instances,
            memory_mib: component.memoryMib,
            cpu_milli: component.cpuMilli,
            storage_mib: component.storageMib,
            price: component.priceMicroUsdPerHour,
            zones: [...new Set(component.placed.map((instance) => instance.zone))],
          })),
        ),
      ],
    ),
    tx.query(
      `insert into instance (id, organization_id, cluster_id, component_id, ordinal, zone, pod_name)
     select d.id, $1, $2, d.component_id, d.ordinal, d.zone, d.pod_name
       from jsonb_to_recordset($3::jsonb) as d(id text, component_id text, ordinal int, zone text, pod_name text)`,
      [
        organizationId,
        id,
        JSON.stringify(
          components.flatMap((component) =>
            component.placed.map((instance) => ({
              id: ids.next("instance"),
              component_id: component.id,
              ordinal: instance.ordinal,
              zone: instance.zone,
              pod_name: podNameOf(component.name, instance.ordinal),
            })),
          ),
        ),
      ],
    ),
    tx.query(
      "insert into credential (id, organization_id, cluster_id, username, role, hint) values ($1, $2, $3, $4, $5, $6)",
      [credential.id, organizationId, id, credential.username, credential.role, credential.hint],
    ),
    storeSecret(tx, credential.password),
  ]);
}
