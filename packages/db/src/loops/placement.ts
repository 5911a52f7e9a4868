import { createHash } from "node:crypto";
import { DEFAULT_OVERHEAD, type Guard, type InstanceId, type KubeId, type Role } from "@berth/domain";
import type { Pool, PoolClient } from "pg";
import { observedAllocatable } from "../observed-allocatable.ts";
import { POOL_RULES } from "../pool-rules.ts";
import type { Sql } from "../sql.ts";
import { findCommitted } from "./committed.ts";
import { fenced } from "./fenced.ts";
import { holdSpendCaps, withinSpendCaps } from "./spend-cap.ts";
import type { KubeRecord, NewDecision, NewMachine, PlacementStore, PlacementVerdict } from "./types.ts";

const FIND = `
select k.id, k.region, k.is_static, k.api_server_url, k.waiting_for, k.failures, k.wakes,
       (select coalesce(jsonb_agg(${POOL_RULES} order by p.id), '[]') from pool p where p.kube_id = k.id) as pools,
       (select coalesce(jsonb_object_agg(p.id, p.changed_at), '{}') from pool p where p.kube_id = k.id) as pools_changed_at,
       (select coalesce(json_agg(json_build_object('machineId', m.id, 'nodeName', m.node_name, 'poolId', m.pool_id,
               'zone', m.zone, 'machineType', m.machine_type, 'priceMicroUsdPerHour', m.price_micro_usd_per_hour,
               'allocatable', m.allocatable, 'state', m.state, 'notReadySince', (select min(g ->> 'since')
                   from jsonb_array_elements(m.waiting_for) g where g ->> 'name' = 'node_not_ready')) order by m.id), '[]')
          from machine m where m.kube_id = k.id and m.state not in ('terminated', 'failed')) as machines,
       (select coalesce(json_agg(json_build_object('poolId', m.pool_id, 'zone', m.zone, 'lostAt', m.lost_at) order by m.id), '[]')
          from machine m where m.kube_id = k.id and m.lost_at > now() - interval '20 minutes') as lost,
       ${observedAllocatable("$2")} as observed,
       (select coalesce(json_agg(json_build_object('instanceId', i.id, 'clusterId', i.cluster_id,
               'organizationId', i.organization_id, 'podName', i.pod_name, 'zone', i.zone, 'cpuMilli', m.cpu_milli,
               'memoryMib', m.memory_mib, 'roles', m.roles, 'leaving', c.purge_at is not null) order by i.id), '[]')
          from instance i join component m on m.id = i.component_id join cluster c on c.id = i.cluster_id
         where c.kube_id = k.id and c.state <> 'deleted') as instances,
       (select coalesce(json_agg(json_build_object('instanceId', v.instance_id, 'nodeName', v.to_node) order by v.instance_id), '[]')
          from rebalance_plan r join rebalance_move v on v.plan_id = r.id
         where r.kube_id = k.id and v.state = 'moving') as moving,
       (select coalesce(json_agg(distinct n), '[]')
          from rebalance_plan r, jsonb_array_elements(r.plan -> 'actions') a, jsonb_array_elements_text(a -> 'nodes') n
         where r.kube_id = k.id and r.state = 'running') as emptying
  from kube k where k.id = $1`;

/** Decisions of an instance that are kept, beside the one that holds. Each may list hundreds of candidates. */
const DECISIONS_KEPT = 20;

const FORGET_OLDER = `
delete from placement_decision d using (
    select id, row_number() over (partition by instance_id order by last_seen_at desc, id desc) as place
      from placement_decision where instance_id = any($1)) ranked
 where d.id = ranked.id and ranked.place > $2 and not exists (select 1 from instance i where i.decision_id = d.id)`;

const FRUITLESS_LAUNCHES = `
select d.instance_id as "instanceId", count(*)::int as launches, max(d.created_at) as "lastAt"
  from placement_decision d join machine m on m.id = d.machine_id
 where d.instance_id = any($2) and m.launched_at is not null and d.created_at > greatest(
       (select max(p.changed_at) from pool p where p.kube_id = $1),
       (select max(b.created_at) from placement_decision b where b.instance_id = d.instance_id and b.verdict = 'bound'))
 group by d.instance_id`;

const WAKE_HELD_MACHINES = `
update machine set next_check_at = now(), wakes = wakes + 1
 where kube_id = $1 and waiting_for @> '[{"name": "kube_unreachable"}]'
   and exists (select 1 from kube k where k.id = $1 and k.health <> 'healthy')`;

/** Apart from the rest: its rows carry an instant, which JSON would turn into text. */
const FIND_OFFERINGS = `
select o.zone, o.machine_type as "machineType", o.price_micro_usd_per_hour as "priceMicroUsdPerHour", o.vcpu,
       o.memory_mib as "memoryMib", o.ebs_volume_limit as "ebsVolumeLimit", o.ebs_volume_limit_type as "ebsVolumeLimitType",
       o.unavailable_until as "unavailableUntil"
  from offering o join kube k on k.region = o.region
 where k.id = $1 and exists (select 1 from pool p where p.kube_id = k.id and o.machine_type = any(p.machine_types))
 order by o.machine_type, o.zone`;

interface KubeRow {
  readonly id: KubeId;
  readonly region: string;
  readonly is_static: boolean;
  readonly api_server_url: string;
  readonly waiting_for: Guard[];
  readonly failures: number;
  readonly wakes: number;
  readonly pools: KubeRecord["pools"];
  readonly pools_changed_at: KubeRecord["poolsChangedAt"];
  readonly observed: KubeRecord["observed"];
  readonly machines: KubeRecord["machines"];
  readonly lost: KubeRecord["lost"];
  readonly moving: KubeRecord["moving"];
  readonly emptying: KubeRecord["emptying"];
  readonly instances: readonly (Omit<KubeRecord["instances"][number], "roles"> & { readonly roles: readonly Role[] })[];
}

function toRow(decision: NewDecision) {
  const { candidates, considered, refusals } = decision;
  return {
    id: decision.id,
    organization_id: decision.organizationId,
    cluster_id: decision.clusterId,
    instance_id: decision.instanceId,
    pod_uid: decision.podUid,
    outcome: decision.outcome,
    node_name: decision.nodeName ?? null,
    machine_id: decision.machineId ?? null,
    digest:
      decision.outcome === "refused"
        ? createHash("sha256")
            .update(JSON.stringify([candidates, considered, refusals]))
            .digest("base64url")
        : null,
    candidates,
    considered,
    refusals,
    reasons: decision.reasons,
  };
}

/**
 * Leaves out refusals that are on record with the same candidates, and notes that they still hold.
 *
 * A pod without a place is refused at every look, by every worker: its refusal is one row, and what it weighs is sent to
 * the database only when it changed.
 */
async function withoutKnownRefusals(client: PoolClient, kubeId: KubeId, rows: readonly ReturnType<typeof toRow>[]) {
  const refused = rows.filter((row) => row.outcome === "refused");
  if (refused.length === 0) return rows;
  const known = await client.query<{ pod_uid: string }>(
    `update placement_decision d set last_seen_at = now()
       from unnest($2::text[], $3::text[]) as r(pod_uid, digest)
      where d.kube_id = $1 and d.outcome = 'refused' and d.pod_uid = r.pod_uid and d.digest = r.digest
     returning d.pod_uid`,
    [kubeId, refused.map((row) => row.pod_uid), refused.map((row) => row.digest)],
  );
  const still = new Set(known.rows.map((row) => row.pod_uid));
  return rows.filter((row) => row.outcome !== "refused" || !still.has(row.pod_uid));
}

/** Stores machine intents, and reserves what they cost of their pools' spend caps: throws where one is reached. */
export async function insertMachines(
  client: PoolClient,
  kubeId: KubeId,
  machines: readonly NewMachine[],
): Promise<void> {
  for (const machine of machines) {
    await client.query(
      `insert into machine (id, kube_id, pool_id, state, node_name, zone, machine_type, price_micro_usd_per_hour,
                            allocatable, alternatives, next_check_at)
       values ($1, $2, $3, 'planned', $4, $5, $6, $7, $8, $9, now())`,
      [
        machine.id,
        kubeId,
        machine.poolId,
        machine.nodeName,
        machine.zone,
        machine.machineType,
        machine.priceMicroUsdPerHour,
        JSON.stringify(machine.allocatable),
        JSON.stringify(machine.alternatives),
      ],
    );
  }
  await holdSpendCaps(
    client,
    machines.map((machine) => machine.poolId),
  );
}

/** The placement loop's reads and writes. */
export function placementStore(pool: Pool): PlacementStore {
  const sql: Sql = { query: async (text, values) => (await pool.query(text, [...(values ?? [])])).rows };
  return {
    findKube: async (id) => {
      const [{ rows }, offerings, committed] = await Promise.all([
        pool.query<KubeRow>({ name: "kube-find", text: FIND, values: [id, DEFAULT_OVERHEAD.daemonPods] }),
        pool.query<KubeRecord["offerings"][number]>({ name: "kube-offerings", text: FIND_OFFERINGS, values: [id] }),
        findCommitted(sql, id),
      ]);
      const row = rows[0];
      if (row === undefined) return undefined;
      return {
        id: row.id,
        region: row.region,
        isStatic: row.is_static,
        apiServerUrl: row.api_server_url,
        waitingFor: row.waiting_for,
        failures: row.failures,
        wakes: row.wakes,
        pools: row.pools,
        offerings: offerings.rows,
        observed: row.observed,
        machines: row.machines,
        lost: row.lost,
        instances: row.instances,
        moving: row.moving,
        emptying: row.emptying,
        committed,
        poolsChangedAt: row.pools_changed_at,
      };
    },

    findFruitlessLaunches: async (id, instanceIds) => {
      if (instanceIds.length === 0) return [];
      const { rows } = await pool.query<{ instanceId: InstanceId; launches: number; lastAt: Date }>({
        name: "fruitless-launches",
        text: FRUITLESS_LAUNCHES,
        values: [id, instanceIds],
      });
      return rows;
    },

    recordPlan: (lease, kubeId, machines, decisions) => {
      const recorded = fenced(pool, lease, async (client) => {
        await insertMachines(client, kubeId, machines);
        const shape =
          "id text, organization_id text, cluster_id text, instance_id text, pod_uid text, outcome text, node_name text, machine_id text, digest text, candidates jsonb, considered int, refusals jsonb, reasons jsonb";
        const fresh = await withoutKnownRefusals(client, kubeId, decisions.map(toRow));
        const values = [JSON.stringify(fresh)];
        await client.query(
          `insert into placement_decision (id, kube_id, organization_id, cluster_id, instance_id, pod_uid, outcome, node_name,
                                           machine_id, digest, candidates, considered, refusals, reasons)
           select d.id, $2, d.organization_id, d.cluster_id, d.instance_id, d.pod_uid, d.outcome, d.node_name, d.machine_id,
                  d.digest, d.candidates, d.considered, d.refusals, d.reasons
             from jsonb_to_recordset($1::jsonb) as d(${shape})
           on conflict (kube_id, pod_uid) where outcome = 'refused' do update
              set digest = excluded.digest, candidates = excluded.candidates, considered = excluded.considered,
                  refusals = excluded.refusals, reasons = excluded.reasons, last_seen_at = now()`,
          [...values, kubeId],
        );
        await client.query(FORGET_OLDER, [[...new Set(fresh.map((row) => row.instance_id))], DECISIONS_KEPT]);
        await client.query(
          `update instance i set decision_id = d.id, node_name = d.node_name,
                  machine_id = (select m.id from machine m where m.kube_id = $2 and m.node_name = d.node_name)
             from jsonb_to_recordset($1::jsonb) as d(${shape})
            where i.id = d.instance_id and d.node_name is not null`,
          [...values, kubeId],
        );
        await client.query(
          `update machine set empty_since = null where kube_id = $2 and empty_since is not null and node_name in
             (select d.node_name from jsonb_to_recordset($1::jsonb) as d(node_name text))`,
          [...values, kubeId],
        );
      });
      return withinSpendCaps(recorded);
    },

    recordBrought: (lease, kubeId, machines) =>
      fenced(pool, lease, async (client) => {
        for (const machine of machines) {
          await client.query(
            `insert into machine (id, kube_id, pool_id, state, node_name, zone, machine_type, price_micro_usd_per_hour,
                                  allocatable, ready_at, next_check_at)
             values ($1, $2, $3, 'ready', $4, $5, $6, $7, $8, now(), now())
             on conflict (kube_id, node_name) do update
                set state = 'ready', pool_id = excluded.pool_id, zone = excluded.zone, machine_type = excluded.machine_type,
                    allocatable = excluded.allocatable, waiting_for = '[]', terminated_at = null, next_check_at = now()
              where machine.state = 'terminated'`,
            [
              machine.id,
              kubeId,
              machine.poolId,
              machine.nodeName,
              machine.zone,
              machine.machineType,
              machine.priceMicroUsdPerHour,
              JSON.stringify(machine.allocatable),
            ],
          );
        }
      }),

    recordExecuted: (lease, decisionIds) =>
      fenced(pool, lease, async (client) => {
        await client.query(
          "update placement_decision set executed_at = now() where id = any($1) and executed_at is null",
          [decisionIds],
        );
      }),

    recordVerdicts: (lease, verdicts) =>
      fenced(pool, lease, async (client) => {
        const { rows } = await client.query<{ verdict: PlacementVerdict }>(
          `update placement_decision d set verdict = v.verdict
             from jsonb_to_recordset($1::jsonb) as v(instance_id text, verdict text), instance i
            where i.id = v.instance_id and d.id = i.decision_id and d.verdict is null
           returning d.verdict`,
          [JSON.stringify(verdicts.map((one) => ({ instance_id: one.instanceId, verdict: one.verdict })))],
        );
        return rows.map(({ verdict }) => verdict);
      }),

    recordKube: (lease, id, status) =>
      fenced(pool, lease, async (client) => {
        if (status.health === "healthy") await client.query(WAKE_HELD_MACHINES, [id]);
        await client.query(
          `update kube set health = $2, health_message = $3, version = coalesce($4, version), waiting_for = $5, failures = $6,
                  observed_at = now(), next_check_at = case when wakes = $8 then $7::timestamptz else now() end
            where id = $1`,
          [
            id,
            status.health,
            status.message ?? null,
            status.version ?? null,
            JSON.stringify(status.waitingFor),
            status.failures,
            status.nextCheckAt,
            status.wakes,
          ],
        );
      }),
  };
}
