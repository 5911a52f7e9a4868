import type { Kube } from "@berth/contract";
import type { KubeRow } from "@berth/db";
import { guardsOf, iso, isoOrNull, oneOf } from "../http/wire.ts";

export function toKubeBody(kube: KubeRow): Kube {
  return {
    id: kube.id,
    name: kube.name,
    region: kube.region,
    zones: [...kube.zones],
    static: kube.isStatic,
    simulated: kube.simulated,
    api_server_url: kube.apiServerUrl,
    storage_class: kube.storageClass,
    status: {
      health: oneOf(["healthy", "unreachable", "unknown"], kube.health),
      message: kube.healthMessage,
      version: kube.version,
      waiting_for: guardsOf(kube.waitingFor, kube.createdAt),
      observed_at: isoOrNull(kube.observedAt),
    },
    pools: kube.pools,
    machines: kube.machines,
    clusters: kube.clusters,
    created_at: iso(kube.createdAt),
  };
}
