import {
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

const ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"];

/** 20,000 clusters of a hundred organizations with five rows each, and one organization with a key and clusters to read. */
export async function fillDatabase(
  owner: Database,
  pepper: Uint8Array,
): Promise<{ readonly key: string; readonly clusterIds: readonly string[] }> {
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
  await owner.query(
    "insert into organization (id, name) select 'org_' || n, 'org ' || n from generate_series(1, 100) n",
  );
  await owner.query(
    "insert into project (id, organization_id, name) select 'prj_' || n, 'org_' || n, 'p' from generate_series(1, 100) n",
  );

  const organizationId = systemIds.next("organization");
  const projectId = systemIds.next("project");
  const key = makeApiKey(pepper);
  await sqlTransaction(owner, async (tx) => {
    const unlimited = {
      maxClusters: 100_000,
      maxInstances: 1_000_000,
      maxMemoryMib: MAX_QUOTA_MIB,
      maxStorageMib: MAX_QUOTA_MIB,
    };
    await insertOrganization(tx, { id: organizationId, name: "bench", ...unlimited });
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
  });

  const clusterIds = Array.from({ length: 50 }, () => systemIds.next("cluster"));
  await insertClusters(
    owner,
    "select 'cl_' || n, 'org_' || (n % 100 + 1), 'prj_' || (n % 100 + 1), 'c' || n from generate_series(1, 20000) n",
  );
  await insertClusters(owner, "select id, $1, $2, id from unnest($3::text[]) id", [
    organizationId,
    projectId,
    clusterIds,
  ]);
  await owner.query("analyze");
  return { key: key.text, clusterIds };
}

async function insertClusters(owner: Database, rows: string, values: readonly unknown[] = []): Promise<void> {
  await owner.query(
    `with made as (
       insert into cluster (id, organization_id, project_id, name, kube_id, region, engine, state, next_check_at,
         instance_count, memory_mib, storage_mib, price_micro_usd_per_hour)
       select id, org, project, name, 'kub_1', 'us-east-1', 'elasticsearch', 'running', null, 1, 8192, 1024, 176000
         from (${rows}) as given (id, org, project, name) returning id, organization_id as org),
     releases as (
       insert into release (id, organization_id, cluster_id, number, spec)
       select 'rel_' || id, org, id, 1, '{"version": "8.19.21"}' from made),
     components as (
       insert into component (id, organization_id, cluster_id, name, roles, size, instance_count, memory_mib, cpu_milli, storage_mib, price_micro_usd_per_hour, zones)
       select 'cmp_' || id, org, id, 'data', '{master,data,ingest}', '8g', 1, 8192, 1500, 1024, 176000, '{us-east-1a}' from made),
     operations as (
       insert into operation (id, organization_id, kind, state, target_type, target_id, generation, steps, requested_by, request_id, finished_at)
       select 'op_' || id, org, 'cluster.create', 'succeeded', 'cluster', id, 1, '[]', 'key', 'r', now() from made)
     insert into instance (id, organization_id, cluster_id, component_id, ordinal, zone, pod_name)
     select 'ins_' || id, org, id, 'cmp_' || id, 0, 'us-east-1a', 'data-0' from made`,
    values,
  );
}
