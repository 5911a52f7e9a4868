import type { Kube } from "@berth/contract";
import { formatAge } from "../../../output/format.ts";
import type { ListView } from "../../../output/print.ts";

/** Kubes as a table. */
export const KUBES: ListView<Kube> = {
  noun: "kubes",
  nameOf: (kube) => kube.id,
  columns: [
    { header: "name", value: (kube) => kube.name },
    { header: "health", value: (kube) => kube.status.health },
    { header: "version", value: (kube) => kube.status.version ?? undefined },
    { header: "region", value: (kube) => kube.region },
    { header: "zones", value: (kube) => kube.zones.join(",") },
    {
      header: "kind",
      value: (kube) => [kube.simulated ? "simulated" : "real", kube.static ? "static" : ""].filter(Boolean).join(","),
    },
    { header: "pools", value: (kube) => kube.pools, align: "right" },
    { header: "machines", value: (kube) => kube.machines, align: "right" },
    { header: "clusters", value: (kube) => kube.clusters, align: "right" },
    { header: "id", value: (kube) => kube.id },
    { header: "api server", value: (kube) => kube.api_server_url, wide: true },
    { header: "observed", value: (kube) => formatAge(kube.status.observed_at, Date.now()), wide: true },
    { header: "message", value: (kube) => kube.status.message ?? undefined, wide: true },
  ],
};
