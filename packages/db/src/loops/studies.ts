import type { Pool } from "pg";
import { fenced } from "./fenced.ts";
import { placementStore } from "./placement.ts";
import type { StudyInstanceRecord, StudyRecord, StudyStore } from "./study-types.ts";

/** How soon a study is looked at again that nobody has told of since: its worker is gone, and its lease with it. */
const SILENCE = "interval '30 seconds'";

const FIND_INSTANCES = `
select i.cluster_id as "clusterId", i.organization_id as "organizationId", t.cpu_milli as "cpuMilli",
       t.memory_mib as "memoryMib", i.node_name as "nodeName",
       case when i.volume_name is null then t.zones else array[i.zone] end as zones
  from instance i join component t on t.id = i.component_id join cluster c on c.id = i.cluster_id
 where c.kube_id = $1 and c.state <> 'deleted' and c.purge_at is null and i.state <> 'removed' order by i.id`;

/** The studies loop's reads and writes. */
export function studyStore(pool: Pool): StudyStore {
  const placement = placementStore(pool);
  return {
    find: async (id) => {
      const { rows } = await pool.query<StudyRecord>(
        `select id, kube_id as "kubeId", kind, state, request, attempts, wakes from packing_study where id = $1`,
        [id],
      );
      return rows[0];
    },

    findFleet: async (kubeId) => {
      const [kube, instances] = await Promise.all([
        placement.findKube(kubeId),
        pool.query<StudyInstanceRecord>(FIND_INSTANCES, [kubeId]),
      ]);
      return kube === undefined ? undefined : { kube, instances: instances.rows };
    },

    recordStarted: (lease, id) =>
      fenced(pool, lease, async (client) => {
        await client.query(
          `update packing_study set state = 'running', attempts = attempts + 1, progress_percent = 0, step = 'fleet',
                  started_at = coalesce(started_at, now()), next_check_at = now() + ${SILENCE} where id = $1`,
          [id],
        );
      }),

    recordProgress: (lease, id, { percent, step }) =>
      fenced(pool, lease, async (client) => {
        await client.query(
          `update packing_study set progress_percent = $2, step = $3, next_check_at = now() + ${SILENCE}
            where id = $1 and state = 'running'`,
          [id, percent, step],
        );
      }),

    recordResult: (lease, id, { result, files }) =>
      fenced(pool, lease, async (client) => {
        await client.query(
          `update packing_study set state = 'succeeded', result = $2, types_text = $3, instances_text = $4,
                  certificate_text = $5, progress_percent = 100, step = '', finished_at = now(), next_check_at = null
            where id = $1`,
          [id, JSON.stringify(result), files?.types ?? null, files?.instances ?? null, files?.certificate ?? null],
        );
        // What a cold plan would save, moves are looked for at once, and not when the hour is over.
        await client.query(
          `update rebalance set asked_at = now(), next_check_at = now(), wakes = wakes + 1
            where id = (select kube_id from packing_study where id = $1 and kind = 'cold_plan')`,
          [id],
        );
      }),

    recordFailure: (lease, id, failure) =>
      fenced(pool, lease, async (client) => {
        await client.query(
          `update packing_study set state = 'failed', failure = $2, step = '', finished_at = now(), next_check_at = null
            where id = $1`,
          [id, JSON.stringify(failure)],
        );
      }),
  };
}
