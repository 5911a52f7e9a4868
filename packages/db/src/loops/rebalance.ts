import { createHash } from "node:crypto";
import type { Guard, IdSource, KubeId, PoolId, RebalancePlanId } from "@berth/domain";
import type { Pool, PoolClient } from "pg";
import { fenced } from "./fenced.ts";
import { insertMachines, placementStore } from "./placement.ts";
import type { NewRebalancePlan, RebalancePlanRecord, RebalanceRecord, RebalanceStore } from "./rebalance-types.ts";
import { withinSpendCaps } from "./spend-cap.ts";
import type { HeldLease } from "./types.ts";

const FIND = `
select k.simulated, r.waiting_for, r.failures, r.wakes, r.observed_at,
       coalesce(r.asked_at > r.observed_at, false) as is_asked_for,
       (select coalesce(json_agg(json_build_object('poolId', p.id, 'mode', p.rebalance_mode,
               'minSavingMicroUsdPerMonth', p.rebalance_min_saving_micro_usd_per_month,
               'maxAutomaticMoves', p.rebalance_max_automatic_moves) order by p.id), '[]')
          from pool p where p.kube_id = k.id) as pools,
       (select coalesce(json_object_agg(m.node_name, m.ready_at), '{}')
          from machine m where m.kube_id = k.id and m.ready_at is not null and m.state not in ('terminated', 'failed')) as ready_at,
       (select coalesce(json_object_agg(e.zone, e.nodes), '{}') from (
          select m.zone, count(distinct v.from_node)::int as nodes
            from rebalance_plan p join rebalance_move v on v.plan_id = p.id
            join machine m on m.kube_id = p.kube_id and m.node_name = v.from_node
           where p.kube_id = k.id and v.finished_at > now() - interval '1 hour' and v.state = 'moved' group by 1) e) as emptied,
       (select coalesce(json_agg(json_build_object('id', c.id, 'organizationId', c.organization_id, 'engine', c.engine,
               'version', l.spec ->> 'version', 'state', c.state, 'health', c.health,
               'isBusy', exists (select 1 from operation o where o.target_id = c.id and o.state in ('pending', 'running', 'cancelling')),
               'instances', (select coalesce(json_agg(json_build_object('id', i.id, 'podName', i.pod_name, 'state', i.state,
                      'storageMib', m.storage_mib) order by i.id), '[]')
                      from instance i join component m on m.id = i.component_id where i.cluster_id = c.id)) order by c.id), '[]')
          from cluster c join release l on l.cluster_id = c.id and l.number = c.desired_release
         where c.kube_id = k.id and c.state <> 'deleted') as clusters
  from kube k join rebalance r on r.id = k.id where k.id = $1`;

const FIND_PLANS = `
select p.id, p.pool_id, p.state, p.digest, p.generation, p.hours, p.plan, p.machines, p.waiting_for, p.started_at, p.approved_at,
       (select coalesce(json_agg(json_build_object('step', m.step, 'instanceId', m.instance_id, 'clusterId', m.cluster_id,
               'fromNode', m.from_node, 'toNode', m.to_node, 'state', m.state, 'podUid', m.pod_uid,
               'startedAt', m.started_at) order by m.step), '[]') from rebalance_move m where m.plan_id = p.id) as moves
  from rebalance_plan p
 where p.kube_id = $1 and (p.state in ('proposed', 'approved', 'running', 'paused')
    or exists (select 1 from rebalance_move m where m.plan_id = p.id and m.state = 'moving'))
 order by p.created_at, p.id`;

interface FoundRow {
  readonly simulated: boolean;
  readonly waiting_for: Guard[];
  readonly failures: number;
  readonly wakes: number;
  readonly observed_at: Date | null;
  readonly is_asked_for: boolean;
  readonly pools: RebalanceRecord["pools"];
  readonly ready_at: Readonly<Record<string, string>>;
  readonly emptied: Readonly<Record<string, number>>;
  readonly clusters: RebalanceRecord["clusters"];
}

interface PlanRow {
  readonly id: RebalancePlanId;
  readonly pool_id: PoolId;
  readonly state: RebalancePlanRecord["state"];
  readonly digest: string;
  readonly generation: number;
  readonly hours: number;
  readonly plan: unknown;
  readonly machines: RebalancePlanRecord["machines"];
  readonly waiting_for: Guard[];
  readonly started_at: Date | null;
  readonly approved_at: Date | null;
  readonly moves: readonly (Omit<RebalancePlanRecord["moves"][number], "podUid" | "startedAt"> & {
    readonly podUid: string | null;
    readonly startedAt: string | null;
  })[];
}

/** The rebalance loop's reads and writes. */
export function rebalanceStore(pool: Pool, ids: IdSource): RebalanceStore {
  const placement = placementStore(pool);
  return {
    find: async (id) => {
      const [kube, { rows }, plans] = await Promise.all([
        placement.findKube(id),
        pool.query<FoundRow>({ name: "rebalance-find", text: FIND, values: [id] }),
        pool.query<PlanRow>({ name: "rebalance-plans", text: FIND_PLANS, values: [id] }),
      ]);
      const [row] = rows;
      if (kube === undefined || row === undefined) return undefined;
      return {
        kube,
        simulated: row.simulated,
        waitingFor: row.waiting_for,
        failures: row.failures,
        wakes: row.wakes,
        observedAt: row.observed_at ?? undefined,
        isAskedFor: row.is_asked_for,
        pools: row.pools,
        readyAt: new Map(Object.entries(row.ready_at).map(([node, at]) => [node, new Date(at)])),
        emptiedInLastHour: row.emptied,
        clusters: row.clusters,
        plans: plans.rows.map(toPlan),
      };
    },

    propose: (lease, kubeId, plan) => fenced(pool, lease, (client) => propose(client, kubeId, plan)),

    withdraw: (lease, poolId, reason) =>
      fenced(pool, lease, async (client) => {
        await client.query(SUPERSEDE, [poolId, reason]);
      }),

    beginMove: (lease, planId, step, podUid) =>
      fenced(pool, lease, async (client) => {
        const begun = await client.query(
          `update rebalance_move m set state = 'moving', pod_uid = $3, started_at = now() from rebalance_plan p
            where m.plan_id = $1 and m.step = $2 and m.state = 'planned' and p.id = m.plan_id and p.state = 'running'`,
          [planId, step, podUid],
        );
        if (begun.rowCount !== 1) return false;
        await appendMoveEvent(client, ids, planId, step, "instance.move.started");
        return true;
      }),

    endMove: (lease, planId, step, state) =>
      fenced(pool, lease, async (client) => {
        const ended = await client.query(
          `update rebalance_move set state = $3, pod_uid = case when $3 = 'planned' then null else pod_uid end,
                  started_at = case when $3 = 'planned' then null else started_at end,
                  finished_at = case when $3 = 'planned' then null else now() end
            where plan_id = $1 and step = $2 and state in ('planned', 'moving')`,
          [planId, step, state],
        );
        if (ended.rowCount !== 1 || state === "skipped") return;
        const word = state === "moved" ? "succeeded" : state === "planned" ? "cancelled" : "failed";
        await appendMoveEvent(client, ids, planId, step, `instance.move.${word}`);
      }),

    launchMachines: (lease, kubeId, planId, machines) =>
      withinSpendCaps(
        fenced(pool, lease, async (client) => {
          const names = Object.fromEntries(machines.map(({ name, machine }) => [name, machine.id]));
          const kept = await client.query(
            "update rebalance_plan set machines = machines || $2::jsonb where id = $1 and state = 'running' and not machines ?| $3",
            [planId, JSON.stringify(names), Object.keys(names)],
          );
          if (kept.rowCount !== 1) return;
          await insertMachines(
            client,
            kubeId,
            machines.map(({ machine }) => machine),
          );
          for (const { name, machine } of machines) {
            await client.query("update rebalance_move set to_node = $3 where plan_id = $1 and to_node = $2", [
              planId,
              name,
              machine.nodeName,
            ]);
          }
        }),
      ),

    recordPlan: (lease, planId, before, { state, reason, waitingFor }) =>
      fenced(pool, lease, async (client) => {
        await client.query(
          `update rebalance_plan set state = $3, reason = coalesce($4, reason), waiting_for = $5,
                  started_at = case when $3 = 'running' then coalesce(started_at, now()) else started_at end,
                  finished_at = case when $3 in ('succeeded', 'cancelled', 'failed', 'superseded') then coalesce(finished_at, now()) end
            where id = $1 and state = $2 and (state, waiting_for) is distinct from ($3, $5::jsonb)`,
          [planId, before, state, reason ?? null, JSON.stringify(waitingFor)],
        );
      }),

    recordLook: (lease: HeldLease, id, look) =>
      fenced(pool, lease, async (client) => {
        await client.query(
          `update rebalance set waiting_for = $2, pools = coalesce($3::jsonb, pools), failures = $4,
                  observed_at = case when $3::jsonb is null then observed_at else now() end,
                  next_check_at = case when wakes = $6 then $5::timestamptz else now() end
            where id = $1`,
          [
            id,
            JSON.stringify(look.waitingFor),
            look.pools === undefined ? null : JSON.stringify(look.pools),
            look.failures,
            look.nextCheckAt,
            look.wakes,
          ],
        );
      }),
  };
}

/** In the feed of the tenant whose instance it is: for the customer it is a restart. */
async function appendMoveEvent(
  client: PoolClient,
  ids: IdSource,
  planId: RebalancePlanId,
  step: number,
  type: string,
): Promise<void> {
  await client.query(
    `insert into event (id, organization_id, type, target_type, target_id, data)
     select $1, c.organization_id, $2, 'instance', m.instance_id, jsonb_build_object('cluster_id', m.cluster_id)
       from rebalance_move m join cluster c on c.id = m.cluster_id where m.plan_id = $3 and m.step = $4`,
    [ids.next("event"), type, planId, step],
  );
}

const SUPERSEDE = `
update rebalance_plan set state = 'superseded', finished_at = now(), reason = $2, waiting_for = '[]'
 where pool_id = $1 and state = 'proposed'`;

async function propose(
  client: PoolClient,
  kubeId: KubeId,
  plan: NewRebalancePlan,
): ReturnType<RebalanceStore["propose"]> {
  const digest = createHash("sha256").update(JSON.stringify(plan.plan)).digest("base64url");
  const { rows } = await client.query<{ id: RebalancePlanId; state: string; digest: string }>(
    "select id, state, digest from rebalance_plan where pool_id = $1 and state in ('proposed', 'approved', 'running', 'paused') for no key update",
    [plan.poolId],
  );
  const [open] = rows;
  if (open !== undefined && open.state !== "proposed") return { outcome: "open", planId: open.id };
  if (open?.digest === digest && !plan.automatic) {
    await client.query("update rebalance_plan set last_seen_at = now(), waiting_for = $2 where id = $1", [
      open.id,
      JSON.stringify(plan.waitingFor),
    ]);
    return { outcome: "proposed", planId: open.id };
  }
  const refused = await client.query<{ id: RebalancePlanId }>(
    `select id from rebalance_plan where pool_id = $1 and digest = $2 and state = 'cancelled'
        and finished_at > now() - interval '1 day' order by finished_at desc limit 1`,
    [plan.poolId, digest],
  );
  const [cancelled] = refused.rows;
  if (cancelled !== undefined) return { outcome: "cancelled", planId: cancelled.id };
  await client.query(SUPERSEDE, [plan.poolId, `A newer plan has taken its place: ${plan.id}.`]);
  const { moves } = plan;
  await client.query(
    `insert into rebalance_plan (id, kube_id, pool_id, state, automatic, approved_at, saving_micro_usd_per_hour, cost_micro_usd,
                                 disrupted_minutes, instances, clusters, launches, removals, hours, plan, digest, waiting_for)
     values ($1, $2, $3, case when $4 then 'approved' else 'proposed' end, $4, case when $4 then now() end, $5, $6, $7, $8, $9,
             $10, $11, $12, $13, $14, $15)`,
    [
      plan.id,
      kubeId,
      plan.poolId,
      plan.automatic,
      plan.savingMicroUsdPerHour,
      plan.costMicroUsd,
      plan.disruptedMinutes,
      moves.length,
      new Set(moves.map((one) => one.clusterId)).size,
      plan.launches,
      plan.removals,
      plan.hours,
      JSON.stringify(plan.plan),
      digest,
      JSON.stringify(plan.waitingFor),
    ],
  );
  await client.query(
    `insert into rebalance_move (plan_id, step, instance_id, cluster_id, from_node, to_node)
     select $1, m.step, m."instanceId", m."clusterId", m."fromNode", m."toNode"
       from jsonb_to_recordset($2::jsonb) as m(step int, "instanceId" text, "clusterId" text, "fromNode" text, "toNode" text)`,
    [plan.id, JSON.stringify(moves)],
  );
  // It may begin: whoever records the look that found it leaves the row due.
  if (plan.automatic) {
    await client.query("update rebalance set next_check_at = now(), wakes = wakes + 1 where id = $1", [kubeId]);
  }
  return { outcome: "proposed", planId: plan.id };
}

function toPlan(row: PlanRow): RebalancePlanRecord {
  return {
    id: row.id,
    poolId: row.pool_id,
    state: row.state,
    digest: row.digest,
    generation: row.generation,
    hours: row.hours,
    plan: row.plan,
    machines: row.machines,
    waitingFor: row.waiting_for,
    startedAt: row.started_at ?? undefined,
    approvedAt: row.approved_at ?? undefined,
    moves: row.moves.map(({ podUid, startedAt, ...move }) => ({
      ...move,
      podUid: podUid ?? undefined,
      startedAt: startedAt === null ? undefined : new Date(startedAt),
    })),
  };
}
