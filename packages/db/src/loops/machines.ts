import type { Guard, KubeId, MachineId, PoolId } from "@berth/domain";
import type { Pool } from "pg";
import { sqlOn } from "../database.ts";
import { RECORD_OBSERVED } from "../observed-allocatable.ts";
import { type SealedSecret, storeSecret } from "../secrets.ts";
import { fenced } from "./fenced.ts";
import { holdSpendCaps, withinSpendCaps } from "./spend-cap.ts";
import type { ApprovedRequest, MachineRecord, MachineStore, NewLaunch } from "./types.ts";

/** Seals the two secrets of a launch. Given by the caller: this file knows rows, not keys. */
export interface LaunchSecrets {
  seal(owner: string, name: string, value: string): Promise<SealedSecret>;
  get(owner: string, name: string): Promise<string | undefined>;
}

const FIND = `
select m.id, m.kube_id, k.region, k.is_static,
       case when k.health = 'unreachable' and k.observed_at > now() - interval '2 minutes'
            then coalesce(k.health_message, '') end as kube_unreachable, m.state, m.node_name, m.zone, m.machine_type, m.allocatable, m.attempt, m.alternatives,
       m.cloud_instance_id, m.created_at, m.launched_at, m.empty_since, m.terminating_at, m.waiting_for, m.failures, m.wakes,
       json_build_object('id', p.id, 'emptyAfterSeconds', p.empty_after_seconds, 'instancesPerMachine', p.instances_per_machine,
         'imageId', p.image_id, 'subnetIds', p.subnet_ids, 'securityGroupIds', p.security_group_ids,
         'instanceProfile', p.instance_profile) as pool,
       (select json_build_object('vcpu', o.vcpu, 'memoryMib', o.memory_mib, 'ebsVolumeLimit', o.ebs_volume_limit,
                 'ebsVolumeLimitType', o.ebs_volume_limit_type)
          from offering o where o.region = k.region and o.zone = m.zone and o.machine_type = m.machine_type) as offering,
       (select count(*)::int from instance i join cluster c on c.id = i.cluster_id
         where c.kube_id = m.kube_id and i.node_name = m.node_name and i.state <> 'removed') as placed,
       (select count(*)::int from rebalance_plan r join rebalance_move v on v.plan_id = r.id
         where r.kube_id = m.kube_id and v.to_node = m.node_name
           and (v.state = 'moving' or (v.state = 'planned' and r.state = 'running'))) as expected,
       (select json_build_object('id', l.id, 'createdAt', l.created_at, 'outcome', l.outcome, 'request', l.request,
                 'bootstrapTokenId', l.bootstrap_token_id, 'approvedRequest', l.approved_request)
          from launch l where l.machine_id = m.id and l.attempt = m.attempt) as launch
  from machine m join kube k on k.id = m.kube_id join pool p on p.id = m.pool_id
 where m.id = $1`;

interface MachineRow extends Record<string, unknown> {
  readonly id: MachineId;
  readonly kube_id: KubeId;
  readonly waiting_for: Guard[];
  readonly pool: Omit<MachineRecord["pool"], "instanceProfile"> & { readonly instanceProfile: string | null };
  readonly launch:
    | (Omit<NonNullable<MachineRecord["launch"]>, "createdAt" | "approvedRequest"> & {
        readonly createdAt: string;
        readonly approvedRequest: ApprovedRequest | null;
      })
    | null;
}

/** The machines loop's reads and writes. */
export function machineStore(pool: Pool, secrets: LaunchSecrets): MachineStore {
  return {
    find: async (id) => {
      const { rows } = await pool.query<MachineRow>({ name: "machine-find", text: FIND, values: [id] });
      return rows[0] === undefined ? undefined : toRecord(rows[0]);
    },

    openAttempt: async (lease, id, launch) => {
      const sealed = await Promise.all([
        secrets.seal(`launch/${launch.id}`, "user_data", launch.userData),
        secrets.seal(`launch/${launch.id}`, "bootstrap_token", launch.bootstrapToken),
      ]);
      // With the row or not at all: one without its user data could never be sent, secrets without it would never go.
      const opened = fenced(pool, lease, async (client) => {
        for (const secret of sealed) await storeSecret(sqlOn(client), secret);
        await client.query(
          `insert into launch (id, machine_id, attempt, client_token, machine_type, zone, request, bootstrap_token_id, max_pods)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
          [
            launch.id,
            id,
            launch.attempt,
            launch.request.clientToken,
            launch.machineType,
            launch.zone,
            JSON.stringify(launch.request),
            launch.bootstrapTokenId,
            launch.maxPods,
          ],
        );
        const { rows } = await client.query<{ pool_id: PoolId }>(UPDATE_FOR_ATTEMPT, attemptValues(id, launch));
        await holdSpendCaps(
          client,
          rows.map((row) => row.pool_id),
        );
      });
      return withinSpendCaps(opened);
    },

    launchSecrets: async (launchId) => {
      const [userData, bootstrapToken] = await Promise.all([
        secrets.get(`launch/${launchId}`, "user_data"),
        secrets.get(`launch/${launchId}`, "bootstrap_token"),
      ]);
      if (userData === undefined || bootstrapToken === undefined)
        throw new Error(`launch ${launchId} has lost its secrets`);
      return { userData, bootstrapToken };
    },

    recordLaunched: (lease, id, launchId, cloudInstanceId) =>
      fenced(pool, lease, async (client) => {
        await client.query("update launch set outcome = 'launched' where id = $1", [launchId]);
        await client.query(
          "update machine set cloud_instance_id = $2, launched_at = coalesce(launched_at, now()) where id = $1",
          [id, cloudInstanceId],
        );
      }),

    recordJoin: (lease, launchId, request) =>
      fenced(pool, lease, async (client) => {
        await client.query("update launch set approved_request = $2 where id = $1", [
          launchId,
          JSON.stringify(request),
        ]);
      }),

    recordRefused: (lease, id, launchId, refusal) =>
      fenced(pool, lease, async (client) => {
        const { rows } = await client.query<{ machine_type: string; zone: string }>(
          "update launch set outcome = 'refused', message = $2 where id = $1 returning machine_type, zone",
          [launchId, refusal.message],
        );
        const offering = rows[0];
        if (offering === undefined) return;
        if (refusal.retrySame) {
          const same = { machineType: offering.machine_type, zone: offering.zone };
          await client.query("update machine set alternatives = $2::jsonb || alternatives where id = $1", [
            id,
            JSON.stringify([same]),
          ]);
        }
        if (refusal.unavailableForMs > 0) {
          await client.query(
            `update offering set unavailable_until = now() + $4 * interval '1 millisecond'
              where machine_type = $2 and zone = $3
                and region = (select k.region from kube k join machine m on m.kube_id = k.id where m.id = $1)`,
            [id, offering.machine_type, offering.zone, refusal.unavailableForMs],
          );
        }
      }),

    recordAllocatable: (lease, id, left, typical) =>
      fenced(pool, lease, async (client) => {
        await client.query("update machine set allocatable = allocatable || $2::jsonb where id = $1", [
          id,
          JSON.stringify(left),
        ]);
        if (typical !== undefined) await client.query(RECORD_OBSERVED, [id, typical.cpuMilli, typical.memoryMib]);
      }),

    recordStatus: (lease, id, status) =>
      fenced(pool, lease, async (client) => {
        await client.query(
          `update machine set state = $2, empty_since = $3, waiting_for = $4, last_failure = coalesce($5, last_failure),
                  failures = $6, observed_at = now(),
                  ready_at = case when $2 = 'ready' then coalesce(ready_at, now()) else ready_at end,
                  lost_at = case when state = 'ready' and $2 = 'terminating' then ${LOST_SINCE} else lost_at end,
                  terminating_at = case when $2 = 'terminating' then coalesce(terminating_at, now()) else terminating_at end,
                  terminated_at = case when $2 in ('terminated', 'failed') then coalesce(terminated_at, now()) else terminated_at end,
                  next_check_at = case when wakes = $8 then $7::timestamptz else now() end
            where id = $1`,
          [
            id,
            status.state,
            status.emptySince ?? null,
            JSON.stringify(status.waitingFor),
            status.lastFailure === undefined ? null : JSON.stringify(status.lastFailure),
            status.failures,
            status.nextCheckAt ?? null,
            status.wakes,
          ],
        );
        if (status.state === "ready" || status.state === "terminated" || status.state === "failed") {
          // Joined or gone: nobody needs the token or the user data again.
          await client.query(
            "delete from secret_value where owner in (select 'launch/' || id from launch where machine_id = $1)",
            [id],
          );
        }
      }),

    machineOfToken: async (bootstrapTokenId) => {
      const { rows } = await pool.query<{ machine_id: MachineId }>(
        "select machine_id from launch where bootstrap_token_id = $1 order by created_at desc limit 1",
        [bootstrapTokenId],
      );
      return rows[0]?.machine_id;
    },

    listAlive: async () => {
      const { rows } = await pool.query<{ id: MachineId; kube_id: KubeId; cloud_instance_id: string | null }>(
        "select id, kube_id, cloud_instance_id from machine where state not in ('terminated', 'failed') order by id",
      );
      return rows.map((row) => ({
        id: row.id,
        kubeId: row.kube_id,
        cloudInstanceId: row.cloud_instance_id ?? undefined,
      }));
    },

    listRegions: async () => {
      const { rows } = await pool.query<{ region: string }>(
        "select distinct region from kube where not is_static order by region",
      );
      return rows.map((row) => row.region);
    },
  };
}

/** Of a machine that was in use a moment ago: its node may have been away before EC2 said that the instance has ended. */
const LOST_SINCE = `coalesce((select min((g ->> 'since')::timestamptz) from jsonb_array_elements(waiting_for) g
                     where g ->> 'name' = 'node_not_ready'), now())`;

/** The offering that is tried leaves the alternatives; price and what it offers follow the type. */
const UPDATE_FOR_ATTEMPT = `
update machine m set attempt = $2, machine_type = $3, zone = $4,
       price_micro_usd_per_hour = coalesce((select o.price_micro_usd_per_hour from offering o join kube k on k.region = o.region
          where k.id = m.kube_id and o.machine_type = $3 and o.zone = $4), m.price_micro_usd_per_hour),
       allocatable = coalesce((select a -> 'allocatable' from jsonb_array_elements(m.alternatives) a
          where a ->> 'machineType' = $3 and a ->> 'zone' = $4 limit 1), m.allocatable),
       alternatives = (select coalesce(jsonb_agg(a), '[]') from jsonb_array_elements(m.alternatives) a
          where not (a ->> 'machineType' = $3 and a ->> 'zone' = $4))
 where id = $1
returning pool_id`;

function attemptValues(id: MachineId, launch: NewLaunch): unknown[] {
  return [id, launch.attempt, launch.machineType, launch.zone];
}

function toRecord(row: MachineRow): MachineRecord {
  return {
    id: row.id,
    kubeId: row.kube_id,
    region: row.region,
    isStatic: row.is_static,
    kubeUnreachable: row.kube_unreachable ?? undefined,
    state: row.state,
    nodeName: row.node_name,
    zone: row.zone,
    machineType: row.machine_type,
    allocatable: row.allocatable,
    offering: row.offering ?? undefined,
    attempt: row.attempt,
    alternatives: row.alternatives,
    cloudInstanceId: row.cloud_instance_id ?? undefined,
    createdAt: row.created_at,
    launchedAt: row.launched_at ?? undefined,
    emptySince: row.empty_since ?? undefined,
    terminatingAt: row.terminating_at ?? undefined,
    waitingFor: row.waiting_for,
    failures: row.failures,
    wakes: row.wakes,
    placed: row.placed,
    expected: row.expected,
    pool: { ...row.pool, instanceProfile: row.pool.instanceProfile ?? undefined },
    launch:
      row.launch === null
        ? undefined
        : {
            ...row.launch,
            createdAt: new Date(row.launch.createdAt),
            approvedRequest: row.launch.approvedRequest ?? undefined,
          },
  } as MachineRecord;
}
