import type { Instance } from "@berth/contract";
import { formatAge, formatBytes, formatCpuMillis } from "../../output/format.ts";
import type { ListView } from "../../output/print.ts";

/** Instances as a table. */
export const INSTANCES: ListView<Instance> = {
  noun: "instances",
  nameOf: (instance) => instance.id,
  columns: [
    { header: "name", value: (instance) => instance.name },
    { header: "state", value: (instance) => instance.state },
    { header: "zone", value: (instance) => instance.zone },
    { header: "size", value: (instance) => instance.size },
    { header: "restarts", value: (instance) => instance.restarts, align: "right" },
    { header: "id", value: (instance) => instance.id },
    { header: "roles", value: (instance) => instance.roles.join(","), wide: true },
    { header: "memory", value: (instance) => formatBytes(instance.memory_bytes), align: "right", wide: true },
    { header: "cpu", value: (instance) => formatCpuMillis(instance.cpu_millis), align: "right", wide: true },
    { header: "storage", value: (instance) => formatBytes(instance.storage_bytes), align: "right", wide: true },
    { header: "release", value: (instance) => instance.release, align: "right", wide: true },
    { header: "observed", value: (instance) => formatAge(instance.observed_at, Date.now()), wide: true },
    { header: "cluster", value: (instance) => instance.cluster_id, wide: true },
  ],
};
