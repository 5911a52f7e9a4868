import type { Cluster } from "@berth/contract";
import { formatAge, formatMoney } from "../../output/format.ts";
import type { ListView } from "../../output/print.ts";

/** Clusters as a table. */
export const CLUSTERS: ListView<Cluster> = {
  noun: "clusters",
  nameOf: (cluster) => cluster.id,
  columns: [
    { header: "name", value: (cluster) => cluster.name },
    { header: "state", value: (cluster) => cluster.status.state },
    { header: "health", value: (cluster) => cluster.status.health },
    { header: "running", value: ({ status }) => `${status.instances.running}/${status.instances.total}` },
    { header: "version", value: ({ spec }) => `${spec.engine}/${spec.version}` },
    { header: "region", value: (cluster) => cluster.spec.region },
    { header: "$/hour", value: (cluster) => formatMoney(cluster.price_per_hour), align: "right" },
    { header: "age", value: (cluster) => formatAge(cluster.created_at, Date.now()), align: "right" },
    { header: "id", value: (cluster) => cluster.id },
    {
      header: "waiting for",
      value: ({ status }) => status.waiting_for.map((guard) => guard.name).join(","),
      wide: true,
    },
    { header: "observed", value: ({ status }) => formatAge(status.observed_at, Date.now()), wide: true },
    { header: "project", value: (cluster) => cluster.project_id, wide: true },
  ],
};
