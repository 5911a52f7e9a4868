import { durationMs } from "../allocation/cluster-settings.ts";
import { canAllocate } from "../allocation/deciders.ts";
import { type ClusterState, memberProcess, memberProcesses, type ShutdownRecord } from "../model/state.ts";
import { bodyObject, illegalArgument, json, type RestContext, RestError } from "./http.ts";
import type { Route } from "./router.ts";

const route = (methods: readonly string[], path: string, handle: Route["handle"]): Route => ({
  methods,
  path,
  action: methods.includes("GET") ? "cluster:admin/shutdown/get" : "cluster:admin/shutdown/create",
  master: methods.includes("GET") ? "read" : "write",
  engine: "elasticsearch",
  handle,
});

/**
 * The node shutdown API of Elasticsearch's default distribution. It is a capability: the free distributions lack it, and
 * then these routes are not there, so that `GET _nodes/shutdown` is read as a node's name and answers 200 with no nodes.
 */
export const SHUTDOWN_ROUTES: readonly Route[] = [
  route(["PUT"], "/_nodes/{nodeId}/shutdown", putShutdown),
  route(["GET"], "/_nodes/{nodeId}/shutdown", (context) => getShutdown(context, context.params.nodeId)),
  route(["GET"], "/_nodes/shutdown", (context) => getShutdown(context, undefined)),
  route(["DELETE"], "/_nodes/{nodeId}/shutdown", deleteShutdown),
];

const TYPES = ["restart", "remove", "replace", "sigterm"] as const;

function putShutdown(context: RestContext) {
  const { world, cluster, params, request } = context;
  if (cluster === undefined) throw illegalArgument("no cluster state");
  const body = bodyObject(request);
  const type = TYPES.find((known) => known === String(body.type).toLowerCase());
  const reason = body.reason;
  if (type === undefined) throw illegalArgument(`invalid node shutdown type [${String(body.type)}]`);
  if (typeof reason !== "string") throw illegalArgument("Required [reason]");
  const delay = body.allocation_delay;
  if (delay !== undefined && type !== "restart") {
    throw illegalArgument("shard allocation delay is only valid for RESTART-type shutdowns");
  }
  const nodeId = params.nodeId ?? "";
  cluster.shutdowns[nodeId] = {
    nodeId,
    type,
    reason,
    allocationDelayMs: delay === undefined ? null : (durationMs(String(delay)) ?? null),
    startedAt: world.clock.now(),
  };
  cluster.version++;
  context.changed(cluster);
  return json({ acknowledged: true });
}

function getShutdown({ world, cluster }: RestContext, filter: string | undefined) {
  if (cluster === undefined) throw illegalArgument("no cluster state");
  const wanted = filter?.split(",");
  const records = Object.values(cluster.shutdowns).filter(({ nodeId }) => wanted?.includes(nodeId) !== false);
  return json({
    nodes: records.map((record) => {
      const migration = shardMigration(world, cluster, record);
      return {
        node_id: record.nodeId,
        type: record.type.toUpperCase(),
        reason: record.reason,
        shutdown_startedmillis: record.startedAt,
        ...(record.allocationDelayMs === null ? {} : { allocation_delay: `${record.allocationDelayMs}ms` }),
        status: migration.status,
        shard_migration: migration,
        persistent_tasks: { status: "COMPLETE" },
        plugins: { status: "COMPLETE" },
      };
    }),
  });
}

/** A restart moves nothing. A removal is stalled when what is left can go nowhere, and complete without shards. */
function shardMigration(world: RestContext["world"], cluster: ClusterState, record: ShutdownRecord) {
  const node = memberProcess(world, cluster, record.nodeId);
  if (record.type === "restart" || record.type === "sigterm") {
    const explanation = "no shard relocation is necessary for a node restart";
    return { status: "COMPLETE", shard_migrations_remaining: 0, explanation };
  }
  const left = Object.values(cluster.indices).flatMap((index) =>
    index.shards.flatMap((group) =>
      group.copies.filter((copy) => copy.nodeId === record.nodeId).map((copy) => ({ index, group, copy })),
    ),
  );
  if (node === undefined && left.length > 0) {
    return {
      status: "NOT_STARTED",
      shard_migrations_remaining: 0,
      explanation: "node is not currently part of the cluster",
    };
  }
  if (left.length === 0) return { status: "COMPLETE", shard_migrations_remaining: 0 };
  const stuck = left.find(
    ({ index, group, copy }) =>
      copy.state === "STARTED" &&
      !memberProcesses(world, cluster).some(
        (target) => target.config.holdsData && canAllocate({ world, cluster, index, group, copy, node: target }),
      ),
  );
  if (stuck === undefined || left.some(({ copy }) => copy.relocatingTo !== null)) {
    return { status: "IN_PROGRESS", shard_migrations_remaining: left.length };
  }
  const { index, group, copy } = stuck;
  return {
    status: "STALLED",
    shard_migrations_remaining: left.length,
    explanation: `shard [${group.number}] [${copy.primary ? "primary" : "replica"}] of index [${index.name}] cannot move, use the Cluster Allocation Explain API on this shard for details`,
  };
}

function deleteShutdown(context: RestContext) {
  const { cluster, params } = context;
  const nodeId = params.nodeId ?? "";
  if (cluster?.shutdowns[nodeId] === undefined) {
    throw new RestError(404, "resource_not_found_exception", `node [${nodeId}] is not currently shutting down`);
  }
  delete cluster.shutdowns[nodeId];
  cluster.version++;
  context.changed(cluster);
  return json({ acknowledged: true });
}
