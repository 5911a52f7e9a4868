import { durationMs } from "../allocation/cluster-settings.ts";
import { isActive, primaryOf } from "../allocation/copies.ts";
import { type ClusterState, hasMaster, type IndexMetadata, newId, type StoredDocument } from "../model/state.ts";
import { bodyObject, indexNotFound, json, type Outcome, type RestContext, RestError } from "./http.ts";
import { createIndex } from "./index-routes.ts";
import { findIndex } from "./indices.ts";
import type { Route } from "./router.ts";
import { putDocument, readDocument, removeDocument, shardOf } from "./store.ts";

const route = (methods: readonly string[], path: string, action: string, handle: Route["handle"]): Route => ({
  methods,
  path,
  action,
  perIndex: true,
  handle,
});

export const DOCUMENT_ROUTES: readonly Route[] = [
  route(["PUT", "POST"], "/{index}/_doc/{id}", "indices:data/write/index", (context) =>
    writeOne(context, context.params.id, false),
  ),
  route(["POST"], "/{index}/_doc", "indices:data/write/index", (context) => writeOne(context, undefined, false)),
  route(["PUT", "POST"], "/{index}/_create/{id}", "indices:data/write/index", (context) =>
    writeOne(context, context.params.id, true),
  ),
  route(["GET", "HEAD"], "/{index}/_doc/{id}", "indices:data/read/get", getOne),
  route(["DELETE"], "/{index}/_doc/{id}", "indices:data/write/delete", deleteOne),
];

/** What a write needs: a master, the index (made on the way when it is missing), the shard's primary. */
function writable(context: RestContext, cluster: ClusterState, name: string, id: string): IndexMetadata | undefined {
  if (!hasMaster(context.world, context.node)) return undefined;
  const index = findIndex(cluster, name) ?? createIndex(context, cluster, name, {});
  const primary = primaryOf(shardOf(index, id));
  return primary !== undefined && isActive(primary) ? index : undefined;
}

/** Waits for what a write needs, a minute by default; then 503 with the reason. */
export function whenWritable(
  context: RestContext,
  name: string,
  id: string,
  write: (cluster: ClusterState, index: IndexMetadata) => Outcome,
): Outcome {
  const attempt = (): Outcome | undefined => {
    const { cluster } = context;
    const index = cluster === undefined ? undefined : writable(context, cluster, name, id);
    return cluster === undefined || index === undefined ? undefined : write(cluster, index);
  };
  return (
    attempt() ?? {
      timeoutMs: durationMs(context.query.timeout) ?? 60_000,
      ready: attempt,
      expired: () => {
        if (!hasMaster(context.world, context.node)) {
          const recovered =
            context.cluster === undefined ? ", SERVICE_UNAVAILABLE/1/state not recovered / initialized" : "";
          const reason = `blocked by: [SERVICE_UNAVAILABLE/2/no master${recovered}];`;
          throw new RestError(503, "cluster_block_exception", reason);
        }
        throw new RestError(
          503,
          "unavailable_shards_exception",
          `[${name}][0] primary shard is not active Timeout: [1m]`,
        );
      },
    }
  );
}

function writeOne(context: RestContext, givenId: string | undefined, createOnly: boolean): Outcome {
  const source = bodyObject(context.request);
  const id = givenId ?? newId(context.world.random).slice(0, 20);
  const create = createOnly || context.query.op_type === "create";
  return whenWritable(context, context.params.index ?? "", id, (cluster, index) => {
    const before = readDocument(context.world, cluster, index, id);
    if (create && before !== undefined) throw versionConflict(index, id, before);
    const document = putDocument(context.world, cluster, index, id, source);
    const result = before === undefined ? "created" : "updated";
    return json(writeBody(index, id, document, result), result === "created" ? 201 : 200);
  });
}

export function versionConflict(index: IndexMetadata, id: string, before: StoredDocument): RestError {
  const reason = `[${id}]: version conflict, document already exists (current version [${before.version}])`;
  return new RestError(409, "version_conflict_engine_exception", reason, { index_uuid: index.uuid, index: index.name });
}

export function writeBody(index: IndexMetadata, id: string, document: StoredDocument, result: string) {
  const copies = index.shards[0]?.copies ?? [];
  return {
    _index: index.name,
    _id: id,
    _version: document.version,
    result,
    _shards: { total: copies.length, successful: copies.filter(isActive).length, failed: 0 },
    _seq_no: document.seqNo,
    _primary_term: 1,
  };
}

function getOne({ world, cluster, params, request }: RestContext): Outcome {
  const name = params.index ?? "";
  const id = params.id ?? "";
  const index = cluster === undefined ? undefined : findIndex(cluster, name);
  if (cluster === undefined || index === undefined) throw indexNotFound(name);
  const group = shardOf(index, id);
  if (!group.copies.some(isActive)) {
    throw new RestError(503, "no_shard_available_action_exception", `No shard available for [get [${name}][${id}]]`);
  }
  const found = readDocument(world, cluster, index, id);
  if (request.method === "HEAD") return { status: found === undefined ? 404 : 200, body: "" };
  if (found === undefined) return json({ _index: index.name, _id: id, found: false }, 404);
  return json({
    _index: index.name,
    _id: id,
    _version: found.version,
    _seq_no: found.seqNo,
    _primary_term: 1,
    found: true,
    _source: found.source,
  });
}

function deleteOne(context: RestContext): Outcome {
  const name = context.params.index ?? "";
  const id = context.params.id ?? "";
  if (context.cluster !== undefined && findIndex(context.cluster, name) === undefined) throw indexNotFound(name);
  return whenWritable(context, name, id, (cluster, index) => {
    const removed = removeDocument(context.world, cluster, index, id);
    const shown = removed ?? { source: {}, version: 1, seqNo: 0 };
    const body = writeBody(
      index,
      id,
      { ...shown, version: shown.version + 1 },
      removed === undefined ? "not_found" : "deleted",
    );
    return json(body, removed === undefined ? 404 : 200);
  });
}
