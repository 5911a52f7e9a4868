import type { ClusterState, Guard, KubeId } from "@berth/domain";
import type { Pool } from "pg";
import { fenced } from "./fenced.ts";
import type { OrphanStore } from "./types.ts";

/** The reads and writes of the sweep of namespaces. */
export function orphanStore(pool: Pool): OrphanStore {
  return {
    listKubes: async () => {
      const { rows } = await pool.query<{ id: KubeId; guards: Guard[] }>(
        "select id, orphan_guards as guards from kube order by id",
      );
      return rows;
    },

    clusterStates: async (ids) => {
      const { rows } = await pool.query<{ id: string; state: ClusterState }>(
        "select id, state from cluster where id = any($1)",
        [ids],
      );
      return new Map(rows.map(({ id, state }) => [id, state]));
    },

    recordOrphans: (lease, kubeId, guards) =>
      fenced(pool, lease, async (client) => {
        await client.query(
          "update kube set orphan_guards = $2::jsonb where id = $1 and orphan_guards is distinct from $2::jsonb",
          [kubeId, JSON.stringify(guards)],
        );
      }),
  };
}
