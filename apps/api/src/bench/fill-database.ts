import { randomUUID } from "node:crypto";
import {
  appendAudit,
  type Database,
  importOfferings,
  insertApiKey,
  insertOrganization,
  insertProject,
  sqlTransaction,
} from "@berth/db";
import { MAX_QUOTA_MIB, permissionsOfKind } from "@berth/domain";
import { systemIds } from "@berth/runtime";
import { makeApiKey } from "../http/api-key.ts";

/** How much there is: as many customers of the same size. */
export const FILLED = { organizations: 500, clustersEach: 20, instancesEach: 10 } as const;

/** One customer, and what it can ask for. */
export interface BenchTenant {
  readonly key: string;
  readonly clusterIds: readonly string[];
}

const ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"];
const UNLIMITED = {
  maxClusters: 100_000,
  maxInstances: 1_000_000,
  maxMemoryMib: MAX_QUOTA_MIB,
  maxStorageMib: MAX_QUOTA_MIB,
};

/**
 * 10,000 clusters with 100,000 instances of 500 organizations, each with a key and all that its clusters leave in lists, and
 * somewhere to put new ones.
 */
export async function fillDatabase(owner: Database, pepper: Uint8Array): Promise<readonly BenchTenant[]> {
  await importOfferings(
    owner,
    ZONES.flatMap((zone) =>
      Array.from({ length: 10 }, (_, index) => ({
        region: "us-east-1",
        zone,
        machineType: `type-${index}`,
        priceMicroUsdPerHour: 100_000 * (index + 1),
        vcpu: 4 * (index + 1),
        memoryMib: 16_384 * (index + 1),
        ebsVolumeLimit: 27,
        ebsVolumeLimitType: "shared",
        architecture: "x86_64",
      })),
    ),
  );
  await owner.query(
    `insert into kube (id, name, region, zones, api_server_url) values ('kub_1', 'main', 'us-east-1', $1, 'http://127.0.0.1:1')`,
    [ZONES],
  );
  await owner.query(
    `insert into pool (id, kube_id, name, zones, machine_types)
     values ('pool_1', 'kub_1', 'main', $1, array(select 'type-' || n from generate_series(0, 9) n))`,
    [ZONES],
  );

  const tenants: BenchTenant[] = [];
  for (let n = 0; n < FILLED.organizations; n++) {
    const organizationId = systemIds.next("organization");
    const projectId = systemIds.next("project");
    const key = makeApiKey(pepper);
    const clusterIds = Array.from({ length: FILLED.clustersEach }, () => systemIds.next("cluster"));
    await sqlTransaction(owner, async (tx) => {
      await insertOrganization(tx, { id: organizationId, name: `bench ${n}`, ...UNLIMITED });
      await insertProject(tx, { id: projectId, organizationId, name: "default" });
      await insertApiKey(tx, {
        id: systemIds.next("apiKey"),
        organizationId,
        publicId: key.publicId,
        secretHash: key.secretHash,
        name: "bench",
        scopes: permissionsOfKind("customer"),
        createdBy: "system",
      });
      await tx.query(INSERT_CLUSTERS, [organizationId, projectId, clusterIds, FILLED.instancesEach]);
      for (const targetId of clusterIds) {
        await appendAudit(tx, systemIds, {
          organizationId,
          actor: "system",
          requestId: randomUUID(),
          action: "cluster.create",
          targetType: "cluster",
          targetId,
          data: { name: targetId },
        });
      }
    });
    tenants.push({ key: key.text, clusterIds });
  }
  // As a database is that has run for a while: else it would vacuum while it is measured.
  await owner.query("vacuum analyze");
  return tenants;
}

/** Clusters that run, each with a component of so many instances, a credential, and the operation and event that made it. */
const INSERT_CLUSTERS = `
with given as (select id from unnest($3::text[]) id),
made as (
  insert into cluster (id, organization_id, project_id, name, kube_id, region, engine, state, next_check_at,
    instance_count, memory_mib, storage_mib, price_micro_usd_per_hour)
  select id, $1, $2, id, 'kub_1', 'us-east-1', 'elasticsearch', 'running', null, $4::int, $4::int * 8192, $4::int * 1024, $4::int * 176000
    from given returning id),
releases as (
  insert into release (id, organization_id, cluster_id, number, spec)
  select 'rel_' || id, $1, id, 1, '{"version": "8.19.21"}' from made),
components as (
  insert into component (id, organization_id, cluster_id, name, roles, size, instance_count, memory_mib, cpu_milli, storage_mib,
    price_micro_usd_per_hour, zones)
  select 'cmp_' || id, $1, id, 'data', '{master,data,ingest}', '8g', $4::int, 8192, 1500, 1024, 176000, '{us-east-1a}' from made),
operations as (
  insert into operation (id, organization_id, kind, state, target_type, target_id, generation, steps, requested_by, request_id, finished_at)
  select 'op_' || substr(id, 4), $1, 'cluster.create', 'succeeded', 'cluster', id, 1, '[]', 'key', 'r', now() from made),
credentials as (
  insert into credential (id, organization_id, cluster_id, username, role, hint, state)
  select 'crd_' || substr(id, 4), $1, id, 'admin', 'customer_admin', 'abcd', 'active' from made),
events as (
  insert into event (id, organization_id, type, target_type, target_id, operation_id)
  select 'evt_' || substr(id, 4), $1, 'cluster.create.succeeded', 'cluster', id, 'op_' || substr(id, 4) from made)
insert into instance (id, organization_id, cluster_id, component_id, ordinal, zone, pod_name)
select 'ins_' || id || '_' || n, $1, id, 'cmp_' || id, n, 'us-east-1a', 'data-' || n from made, generate_series(0, $4::int - 1) n`;
