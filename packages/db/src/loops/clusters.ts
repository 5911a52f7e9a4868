import type { ClusterId, Guard, IdSource, OperationKind, Role } from "@berth/domain";
import type { Pool, PoolClient } from "pg";
import { fenced } from "./fenced.ts";
import type { ClusterRecord, ClusterStatus, ClusterStore } from "./types.ts";

interface ClusterRow extends Record<string, unknown> {
  readonly id: ClusterId;
  readonly waiting_for: Guard[];
  readonly components: ClusterRecord["components"];
  readonly instances: readonly (Omit<
    ClusterRecord["instances"][number],
    "nodeName" | "machineState" | "refusal" | "volumeName"
  > & {
    readonly nodeName: string | null;
    readonly machineState: string | null;
    readonly refusal: ClusterRecord["instances"][number]["refusal"] | null;
    readonly volumeName: string | null;
  })[];
  readonly credentials: ClusterRecord["credentials"];
  readonly operation: { readonly id: string; readonly kind: OperationKind } | null;
}

/** Of an instance that has no place yet, what placement said last: others cost no look. */
const REFUSAL = `case when i.state in ('pending', 'gated', 'placed') then
         (select case when d.outcome = 'refused' then json_build_object('podUid', d.pod_uid, 'reasons', d.reasons) end
            from placement_decision d where d.instance_id = i.id order by d.last_seen_at desc, d.id desc limit 1) end`;

/** One statement: the clusters loop reads a cluster thousands of times an hour. */
const FIND = `
select c.id, c.organization_id, c.project_id, c.kube_id, c.generation, c.state, c.health, c.engine, r.spec ->> 'version' as version,
       c.labels, k.storage_class, c.engine_uuid, c.initial_masters, c.users_ready_at is not null as users_ready,
       c.purge_at, c.purge_started_at is not null as purge_started, c.waiting_for, c.failures, c.wakes,
       coalesce((select min(p.cpu_limit_percent) from pool p where p.kube_id = c.kube_id), 400) as cpu_limit_percent,
       (select coalesce(json_agg(json_build_object('name', m.name, 'roles', m.roles, 'size', m.size,
               'instanceCount', m.instance_count, 'memoryMib', m.memory_mib, 'cpuMilli', m.cpu_milli,
               'storageMib', m.storage_mib) order by m.name), '[]') from component m where m.cluster_id = c.id) as components,
       (select coalesce(json_agg(json_build_object('id', i.id, 'podName', i.pod_name, 'roles', m.roles,
               'nodeName', i.node_name, 'machineState', a.state, 'refusal', ${REFUSAL},
               'volumeName', i.volume_name) order by i.pod_name), '[]')
          from instance i join component m on m.id = i.component_id
          left join machine a on a.kube_id = c.kube_id and a.node_name = i.node_name where i.cluster_id = c.id) as instances,
       (select coalesce(json_agg(json_build_object('id', d.id, 'username', d.username, 'role', d.role, 'state', d.state)
               order by d.id), '[]') from credential d where d.cluster_id = c.id and d.state <> 'deleted') as credentials,
       (select json_build_object('id', o.id, 'kind', o.kind) from operation o
         where o.target_id = c.id and o.state in ('pending', 'running', 'cancelling') limit 1) as operation
  from cluster c
  join release r on r.cluster_id = c.id and r.number = c.desired_release
  join kube k on k.id = c.kube_id
 where c.id = $1`;

/** The clusters loop's reads and writes, in SQL on the shared pool. */
export function clusterStore(pool: Pool, ids: IdSource): ClusterStore {
  return {
    find: async (id) => {
      const { rows } = await pool.query<ClusterRow>({ name: "cluster-find", text: FIND, values: [id] });
      return rows[0] === undefined ? undefined : toRecord(rows[0]);
    },

    recordStatus: (lease, id, status) =>
      fenced(pool, lease, async (client) => {
        const isCurrent = await updateCluster(client, id, status);
        const instances = await updateInstances(client, id, status);
        const operation = await updateOperation(client, ids, id, status, isCurrent);
        if (instances || operation) await client.query(NEXT_STATUS_VERSION, [id]);
      }),

    recordFormed: (lease, id, engineUuid) =>
      fenced(pool, lease, async (client) => {
        const { rowCount } = await client.query(
          `update cluster set engine_uuid = $2,
                  status_version = status_version + case when engine_uuid is null then 1 else 0 end
            where id = $1 and (engine_uuid is null or engine_uuid = $2)`,
          [id, engineUuid],
        );
        if (rowCount !== 1) throw new Error(`${id} has formed under another UUID already`);
      }),

    recordUsers: (lease, id, active) =>
      fenced(pool, lease, async (client) => {
        await client.query(
          "update cluster set users_ready_at = now(), status_version = status_version + 1 where id = $1 and users_ready_at is null",
          [id],
        );
        await client.query(
          `with given as (
             update credential set state = 'active' where cluster_id = $1 and id = any($2) and state = 'pending' returning id)
           delete from secret_value where owner in (select 'credential/' || id from given)`,
          [id, active],
        );
      }),

    recordCredentialDeleted: (lease, id, credentialId) =>
      fenced(pool, lease, async (client) => {
        await client.query("update credential set state = 'deleted' where cluster_id = $1 and id = $2", [
          id,
          credentialId,
        ]);
        await client.query("delete from secret_value where owner = $1", [`credential/${credentialId}`]);
      }),

    recordPurgeStarted: (lease, id) =>
      fenced(pool, lease, async (client) => {
        await client.query(
          "update cluster set purge_started_at = now() where id = $1 and purge_at <= now() and purge_started_at is null",
          [id],
        );
      }),

    recordDeleted: (lease, id) => fenced(pool, lease, (client) => recordDeleted(client, ids, id)),
  };
}

function toRecord(row: ClusterRow): ClusterRecord {
  return {
    id: row.id,
    organizationId: row.organization_id,
    projectId: row.project_id,
    kubeId: row.kube_id,
    generation: row.generation,
    state: row.state,
    health: row.health,
    engine: row.engine,
    version: row.version,
    labels: row.labels,
    storageClass: row.storage_class,
    cpuLimitPercent: row.cpu_limit_percent,
    engineUuid: row.engine_uuid ?? undefined,
    initialMasters: row.initial_masters,
    usersReady: row.users_ready,
    purgeAt: row.purge_at ?? undefined,
    purgeStarted: row.purge_started,
    waitingFor: row.waiting_for,
    failures: row.failures,
    wakes: row.wakes,
    components: row.components,
    instances: row.instances.map((instance) => ({
      ...instance,
      roles: instance.roles as readonly Role[],
      nodeName: instance.nodeName ?? undefined,
      machineState: instance.machineState ?? undefined,
      refusal: instance.refusal ?? undefined,
      volumeName: instance.volumeName ?? undefined,
    })),
    credentials: row.credentials,
    operation: row.operation ?? undefined,
  } as ClusterRecord;
}

/**
 * The status version grows with whatever a reader of the cluster sees change, in the transaction that changes it, and with
 * nothing else: a resting cluster keeps its ETag. When somebody last looked is no such change.
 */
const NEXT_STATUS_VERSION = "update cluster set status_version = status_version + 1 where id = $1";

/**
 * True when nobody changed meanwhile what is wanted of the cluster. If somebody did, the state is what they made it: found of
 * an older generation, it says nothing of a deletion or a restore that was accepted since.
 */
async function updateCluster(client: PoolClient, id: ClusterId, status: ClusterStatus): Promise<boolean> {
  const { rows } = await client.query<{ current: boolean }>(
    `update cluster set
       status_version = status_version + case
         when (state, health, observed_generation, waiting_for, last_failure)
              is distinct from (case when generation = $4 then $2 else state end, $3, $4::int, $5::jsonb, $6::jsonb)
         then 1 else 0 end,
       current_release = case when generation = $4 and $2 = 'running' then desired_release else current_release end,
       state = case when generation = $4 then $2 else state end,
       health = $3, observed_generation = $4, waiting_for = $5, last_failure = $6, failures = $7, observed_at = now(),
       next_check_at = case when wakes = $9 then $8::timestamptz else now() end
     where id = $1 returning generation = $4 as current`,
    [
      id,
      status.state,
      status.health,
      status.observedGeneration,
      JSON.stringify(status.waitingFor),
      status.lastFailure === undefined ? null : JSON.stringify(status.lastFailure),
      status.failures,
      status.nextCheckAt ?? null,
      status.wakes,
    ],
  );
  return rows[0]?.current === true;
}

/** One chosen by placement stays on record until the pod is bound; a bound pod's node replaces it. What was removed has none. */
const NODE_NAME = "case when s.state = 'removed' then null else coalesce(s.node_name, i.node_name) end";

/** True when any differs from before. */
async function updateInstances(client: PoolClient, id: ClusterId, status: ClusterStatus): Promise<boolean> {
  if (status.instances.length === 0) return false;
  const seen = status.instances.map((one) => ({
    id: one.id,
    state: one.state,
    pod_address: one.podAddress ?? null,
    node_name: one.nodeName ?? null,
    restarts: one.restarts,
    volume_name: one.volumeName ?? null,
  }));
  const { rowCount } = await client.query(
    `update instance i set state = s.state, pod_address = s.pod_address, node_name = ${NODE_NAME},
            machine_id = case when s.state = 'removed' then null else i.machine_id end,
            restarts = s.restarts, volume_name = coalesce(s.volume_name, i.volume_name), observed_at = now()
       from jsonb_to_recordset($2::jsonb)
            as s(id text, state text, pod_address text, node_name text, restarts int, volume_name text)
      where i.cluster_id = $1 and i.id = s.id
        and (i.state, i.pod_address, i.node_name, i.restarts, i.volume_name)
            is distinct from (s.state, s.pod_address, ${NODE_NAME}, s.restarts, coalesce(s.volume_name, i.volume_name))`,
    [id, JSON.stringify(seen)],
  );
  return (rowCount ?? 0) > 0;
}

interface StoredStep {
  readonly name: string;
  readonly state: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly message: string | null;
}

/**
 * Merges progress into the operation's steps. A step that ended never goes back; each change is one event. It ends only by
 * what was found of the current generation: a purge asked for meanwhile is not over. True when the operation's own state is
 * another, which its cluster shows.
 */
async function updateOperation(
  client: PoolClient,
  ids: IdSource,
  clusterId: ClusterId,
  status: ClusterStatus,
  isCurrent: boolean,
): Promise<boolean> {
  const progress = status.operation;
  if (progress === undefined) return false;
  const { rows } = await client.query<{
    organization_id: string;
    kind: string;
    state: string;
    steps: StoredStep[];
    now: Date;
  }>("select organization_id, kind, state, steps, now() as now from operation where id = $1 for update", [progress.id]);
  const operation = rows[0];
  if (operation === undefined || isEnded(operation.state)) return false;
  const nowIso = operation.now.toISOString();
  const changed: StoredStep[] = [];
  const steps = operation.steps.map((step): StoredStep => {
    const update = progress.steps.find((one) => one.name === step.name);
    if (update === undefined || isEnded(step.state)) return step;
    if (update.state === step.state && update.message === step.message) return step;
    const next: StoredStep = {
      name: step.name,
      state: update.state,
      startedAt: step.startedAt ?? nowIso,
      finishedAt: update.state === "running" ? null : nowIso,
      message: update.message,
    };
    changed.push(next);
    return next;
  });
  const ended = isCurrent ? progress.ended : undefined;
  const state = ended ?? "running";
  if (changed.length === 0 && operation.state === state) return false;

  await client.query(
    `update operation set steps = $2, state = $3, started_at = coalesce(started_at, now()),
            finished_at = case when $4 then now() else finished_at end
      where id = $1`,
    [progress.id, JSON.stringify(steps), state, ended !== undefined],
  );
  for (const step of changed) {
    await appendEvent(client, ids, operation.organization_id, `${operation.kind}.step`, clusterId, progress.id, step);
  }
  if (ended !== undefined) {
    const facts = { state: status.state, health: status.health };
    await appendEvent(
      client,
      ids,
      operation.organization_id,
      `${operation.kind}.${ended}`,
      clusterId,
      progress.id,
      facts,
    );
  }
  return operation.state !== state;
}

function isEnded(state: string): boolean {
  return state === "succeeded" || state === "failed" || state === "cancelled" || state === "skipped";
}

async function appendEvent(
  client: PoolClient,
  ids: IdSource,
  organizationId: string,
  type: string,
  clusterId: ClusterId,
  operationId: string | null,
  data: object,
): Promise<void> {
  await client.query(
    `insert into event (id, organization_id, type, target_type, target_id, operation_id, data)
     values ($1, $2, $3, 'cluster', $4, $5, $6)`,
    [ids.next("event"), organizationId, type, clusterId, operationId, JSON.stringify(data)],
  );
}

/**
 * Closes the cluster's rows and forgets its secrets: what is left is history. Nothing happens to one that is not being deleted
 * any more: whoever restored it is told by the next look that its data is gone.
 */
async function recordDeleted(client: PoolClient, ids: IdSource, id: ClusterId): Promise<void> {
  const { rows } = await client.query<{ organization_id: string }>(
    `update cluster set state = 'deleted', health = 'unknown', deleted_at = now(), waiting_for = '[]', last_failure = null,
            next_check_at = null, observed_at = now(), status_version = status_version + 1
      where id = $1 and purge_at is not null returning organization_id`,
    [id],
  );
  const organizationId = rows[0]?.organization_id;
  if (organizationId === undefined) return;
  await client.query("delete from secret_value where owner = $1", [`cluster/${id}`]);
  await client.query(
    "delete from secret_value where owner in (select 'credential/' || id from credential where cluster_id = $1)",
    [id],
  );
  await client.query("update credential set state = 'deleted' where cluster_id = $1", [id]);
  await client.query(
    "update instance set state = 'removed', pod_address = null, observed_at = now() where cluster_id = $1",
    [id],
  );
  const { rows: operations } = await client.query<{ id: string; kind: string; steps: StoredStep[] }>(
    "select id, kind, steps from operation where target_id = $1 and state in ('pending', 'running', 'cancelling') for update",
    [id],
  );
  const nowIso = new Date().toISOString();
  for (const operation of operations) {
    const steps = operation.steps.map((step) =>
      isEnded(step.state)
        ? step
        : { ...step, state: "succeeded", startedAt: step.startedAt ?? nowIso, finishedAt: nowIso, message: "removed" },
    );
    await client.query(
      "update operation set state = 'succeeded', steps = $2, started_at = coalesce(started_at, now()), finished_at = now() where id = $1",
      [operation.id, JSON.stringify(steps)],
    );
    await appendEvent(client, ids, organizationId, `${operation.kind}.succeeded`, id, operation.id, {
      state: "deleted",
    });
  }
  await appendEvent(client, ids, organizationId, "cluster.deleted", id, operations[0]?.id ?? null, {});
}
