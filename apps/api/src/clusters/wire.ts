import type { Cluster, Component, Connection, Instance } from "@berth/contract";
import type { ClusterRow, ComponentRow, InstanceCount, InstanceRow, WholeCluster, WholeInstance } from "@berth/db";
import { type InstanceState, moneyFromMicroUsd, namespaceOf, ROLES, type Role } from "@berth/domain";
import { bytesOf, failureOf, guardsOf, iso, isoOrNull, labelsOf, oneOf } from "../http/wire.ts";
import { referenceTo } from "../operations/wire.ts";

export function toClusterBody(whole: WholeCluster): Cluster {
  const { cluster, components, instances } = whole;
  return {
    id: cluster.id,
    project_id: cluster.projectId,
    name: cluster.name,
    labels: labelsOf(cluster.labels),
    deletion_protection: cluster.deletionProtection,
    generation: cluster.generation,
    observed_generation: cluster.observedGeneration,
    spec: {
      engine: cluster.engine,
      version: whole.version,
      region: cluster.region,
      components: components.map(toComponentSpec),
    },
    status: {
      state: cluster.state,
      health: cluster.health,
      conditions: conditionsOf(whole),
      waiting_for: guardsOf(cluster.waitingFor, cluster.createdAt),
      last_failure: failureOf(cluster.lastFailure),
      instances: { total: countOf(instances), running: countOf(instances, "running") },
      observed_at: isoOrNull(cluster.observedAt),
    },
    price_per_hour: moneyFromMicroUsd(cluster.priceMicroUsdPerHour),
    current_operation: whole.operation === undefined ? null : referenceTo(whole.operation),
    created_at: iso(cluster.createdAt),
    delete_requested_at: isoOrNull(cluster.deleteRequestedAt),
    purge_at: isoOrNull(cluster.purgeAt),
    deleted_at: isoOrNull(cluster.deletedAt),
  };
}

/** How many there are in these states; in any when none is named. */
function countOf(instances: readonly InstanceCount[], ...states: readonly InstanceState[]): number {
  const counted = states.length === 0 ? instances : instances.filter(({ state }) => states.includes(state));
  return counted.reduce((sum, { count }) => sum + count, 0);
}

function toComponentSpec(component: ComponentRow): Cluster["spec"]["components"][number] {
  return {
    name: component.name,
    roles: rolesOf(component),
    instances: component.instanceCount,
    size: component.size,
    memory_bytes: bytesOf(component.memoryMib),
    cpu_millis: component.cpuMilli,
    storage_bytes: bytesOf(component.storageMib),
    zones: [...component.zones],
  };
}

function rolesOf({ roles }: Pick<ComponentRow, "roles">): Role[] {
  return roles.map((role) => oneOf(ROLES, role));
}

/** The steps to a healthy cluster, as conditions: each is True in one that is well. */
function conditionsOf({ cluster, instances }: WholeCluster): Cluster["status"]["conditions"] {
  const unplaced = countOf(instances, "pending", "gated");
  const condition = (
    type: Cluster["status"]["conditions"][number]["type"],
    holds: boolean | undefined,
    reason: string,
    message: string,
    at: Date | null = null,
  ) => ({
    type,
    status: holds === undefined ? ("Unknown" as const) : holds ? ("True" as const) : ("False" as const),
    reason,
    message,
    last_transition_time: isoOrNull(at),
    observed_generation: cluster.observedGeneration,
  });
  const formed = cluster.engineUuid !== null;
  const ready = cluster.usersReadyAt !== null;
  return [
    condition(
      "Placed",
      unplaced === 0,
      unplaced === 0 ? "AllPlaced" : "WaitingForPlacement",
      unplaced === 0
        ? "Every instance has a node."
        : `${unplaced} of ${countOf(instances)} instances have no node yet.`,
    ),
    condition(
      "Formed",
      formed,
      formed ? "Formed" : "NotFormed",
      formed ? "The engine's nodes formed one cluster." : "The engine's nodes have not formed a cluster yet.",
    ),
    condition(
      "UsersReady",
      ready,
      ready ? "UsersSet" : "UsersMissing",
      ready ? "The engine knows the credentials." : "The engine does not know the credentials yet.",
      cluster.usersReadyAt,
    ),
    condition(
      "Healthy",
      cluster.health === "unknown" ? undefined : cluster.health === "green",
      cluster.health,
      cluster.health === "unknown" ? "The engine has not answered yet." : `The engine says ${cluster.health}.`,
      null,
    ),
  ];
}

export function toComponentBody(component: ComponentRow, instances: WholeCluster["instances"]): Component {
  const own = instances.filter((one) => one.componentId === component.id);
  const running = countOf(own, "running");
  return { id: component.id, cluster_id: component.clusterId, ...toComponentSpec(component), running };
}

export function toInstanceBody(instance: WholeInstance): Instance {
  return {
    id: instance.id,
    cluster_id: instance.clusterId,
    component_id: instance.componentId,
    component: instance.name,
    name: instance.podName,
    ordinal: instance.ordinal,
    zone: instance.zone,
    roles: rolesOf(instance),
    size: instance.size,
    memory_bytes: bytesOf(instance.memoryMib),
    cpu_millis: instance.cpuMilli,
    storage_bytes: bytesOf(instance.storageMib),
    state: instance.state,
    release: instance.release,
    restarts: instance.restarts,
    observed_at: isoOrNull(instance.observedAt),
  };
}

const HTTP_PORT = 9200;

/** Addresses that answer the customer: those of running instances. The certificate is of the cluster's client Service. */
export function toConnectionBody(
  cluster: ClusterRow,
  instances: readonly InstanceRow[],
  caCertificate: string | undefined,
  usernames: readonly string[],
): Connection {
  return {
    ready: cluster.engineUuid !== null && cluster.usersReadyAt !== null,
    endpoints: instances.flatMap((one) =>
      one.podAddress === null || one.state !== "running"
        ? []
        : [
            {
              url: `https://${one.podAddress}:${HTTP_PORT}`,
              host: one.podAddress,
              port: HTTP_PORT,
              instance: one.podName,
              zone: one.zone,
            },
          ],
    ),
    server_name: `http.${namespaceOf(cluster.id)}.svc`,
    ca_certificate: caCertificate ?? null,
    usernames: [...usernames],
  };
}
