import type { Pool } from "@berth/contract";
import { formatDuration } from "../../../output/format.ts";
import type { ListView } from "../../../output/print.ts";

/** Pools as a table. */
export const POOLS: ListView<Pool> = {
  noun: "pools",
  nameOf: (pool) => pool.id,
  columns: [
    { header: "name", value: (pool) => pool.name },
    { header: "kube", value: (pool) => pool.kube_id },
    { header: "zones", value: (pool) => pool.zones.join(",") },
    { header: "machines", value: (pool) => `${pool.machines}/${pool.max_machines}`, align: "right" },
    { header: "per machine", value: (pool) => pool.instances_per_machine, align: "right" },
    { header: "cpu limit", value: (pool) => `${pool.cpu_limit_percent}%`, align: "right" },
    { header: "empty after", value: (pool) => formatDuration(pool.empty_after_seconds * 1000), align: "right" },
    { header: "id", value: (pool) => pool.id },
    { header: "types", value: (pool) => pool.machine_types.join(","), wide: true },
    { header: "image", value: (pool) => pool.image_id, wide: true },
  ],
};
