import type { ClusterId, KubeId } from "@berth/domain";
import type { Sql } from "./sql.ts";

/** What an instance's pod used together with what else runs in it, when it was measured. */
export interface InstanceUsage {
  readonly clusterId: ClusterId;
  readonly podName: string;
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly measuredAt: Date;
}

/** How long a measurement counts. */
export const USAGE_COUNTS_MINUTES = 15;

/**
 * Stores what a kube's instances used; a newer measurement stays, and none is newer than now, whatever the kube's clock says.
 * Gives how many were new.
 */
export async function recordInstanceUsage(sql: Sql, kubeId: KubeId, usages: readonly InstanceUsage[]): Promise<number> {
  const rows = await sql.query(
    `update instance i set used_cpu_milli = u."cpuMilli", used_memory_mib = u."memoryMib", used_at = least(u."measuredAt", now())
       from jsonb_to_recordset($2::jsonb) as u("clusterId" text, "podName" text, "cpuMilli" int, "memoryMib" int,
            "measuredAt" timestamptz) join cluster c on c.id = u."clusterId" and c.kube_id = $1
      where i.cluster_id = c.id and i.pod_name = u."podName" and i.state <> 'removed'
        and (i.used_at is null or i.used_at < least(u."measuredAt", now())) returning i.id`,
    [kubeId, JSON.stringify(usages)],
  );
  return rows.length;
}

/** Kubes on which something may run. */
export async function listKubeIds(sql: Sql): Promise<KubeId[]> {
  const rows = await sql.query<{ id: KubeId }>("select id from kube order by id");
  return rows.map(({ id }) => id);
}
