import { durationMs } from "../allocation/cluster-settings.ts";
import { isActive, unassignedCopy } from "../allocation/copies.ts";
import { setReplicaCount } from "../allocation/replicas.ts";
import { type ClusterState, type IndexMetadata, newId } from "../model/state.ts";
import { bodyObject, illegalArgument, indexNotFound, json, type Outcome, type RestContext, RestError } from "./http.ts";
import { findIndex, resolveIndices } from "./indices.ts";
import type { Route } from "./router.ts";
import { flattenSettings, nest } from "./settings-routes.ts";
import { withTemplate } from "./template-routes.ts";

const perIndex = (
  methods: readonly string[],
  path: string,
  action: string,
  handle: Route["handle"],
  master?: "read" | "write",
): Route => ({
  methods,
  path,
  action,
  perIndex: true,
  ...(master === undefined ? {} : { master }),
  handle,
});

export const INDEX_ROUTES: readonly Route[] = [
  perIndex(["PUT"], "/{index}", "indices:admin/create", createIndexRoute, "write"),
  perIndex(["DELETE"], "/{index}", "indices:admin/delete", deleteIndex, "write"),
  perIndex(["GET"], "/{index}", "indices:admin/get", (context) =>
    json(describe(context, ["aliases", "mappings", "settings"])),
  ),
  perIndex(["HEAD"], "/{index}", "indices:admin/get", ({ cluster, params }) => ({
    status: cluster !== undefined && findIndex(cluster, params.index ?? "") !== undefined ? 200 : 404,
    body: "",
  })),
  perIndex(["GET"], "/{index}/_settings", "indices:monitor/settings/get", (context) =>
    json(describe(context, ["settings"])),
  ),
  perIndex(["PUT"], "/{index}/_settings", "indices:admin/settings/update", updateIndexSettings, "write"),
  perIndex(["GET"], "/{index}/_mapping", "indices:admin/mappings/get", (context) =>
    json(describe(context, ["mappings"])),
  ),
  perIndex(["PUT"], "/{index}/_mapping", "indices:admin/mapping/put", putMapping, "write"),
  ...["/_refresh", "/{index}/_refresh"].map((path) => broadcast(path, "indices:admin/refresh")),
  ...["/_flush", "/{index}/_flush"].map((path) => broadcast(path, "indices:admin/flush")),
  ...["/_forcemerge", "/{index}/_forcemerge"].map((path) => broadcast(path, "indices:admin/forcemerge")),
];

/** Writes are visible and durable at once here, so these only count shards. */
function broadcast(path: string, action: string): Route {
  return perIndex(["POST", "GET"], path, action, ({ cluster, params, query }) => {
    const indices = cluster === undefined ? [] : resolveIndices(cluster, params.index, query);
    const copies = indices.flatMap(({ shards }) => shards.flatMap((group) => group.copies));
    return json({ _shards: { total: copies.length, successful: copies.filter(isActive).length, failed: 0 } });
  });
}

function createIndexRoute(context: RestContext): Outcome {
  const { cluster, params, query, request } = context;
  if (cluster === undefined) throw illegalArgument("no cluster state");
  const index = createIndex(context, cluster, params.index ?? "", bodyObject(request));
  const wanted = query.wait_for_active_shards ?? "1";
  const enough = () =>
    index.shards.every(
      ({ copies }) => copies.filter(isActive).length >= (wanted === "all" ? copies.length : Number(wanted)),
    );
  const answer = (acknowledged: boolean) =>
    json({ acknowledged: true, shards_acknowledged: acknowledged, index: index.name });
  if (enough()) return answer(true);
  return {
    timeoutMs: durationMs(query.timeout) ?? 30_000,
    ready: () => (enough() ? answer(true) : undefined),
    expired: () => answer(false),
  };
}

/** Makes an index and starts its primaries where nodes will have them. Refuses bad names, numbers and a taken name. */
export function createIndex(
  context: RestContext,
  cluster: ClusterState,
  name: string,
  given: Readonly<Record<string, unknown>>,
): IndexMetadata {
  checkName(name);
  const body = withTemplate(cluster, name, given);
  const taken = findIndex(cluster, name);
  if (taken !== undefined) {
    throw new RestError(
      400,
      "resource_already_exists_exception",
      `index [${taken.name}/${taken.uuid}] already exists`,
      {
        index_uuid: taken.uuid,
        index: name,
      },
    );
  }
  const settings = indexSettings(body.settings ?? {});
  const shardCount = Number(settings["index.number_of_shards"] ?? 1);
  const replicas = Number(settings["index.number_of_replicas"] ?? 1);
  if (!Number.isInteger(shardCount) || shardCount < 1 || shardCount > 1024) {
    throw illegalArgument(
      `Failed to parse value [${settings["index.number_of_shards"]}] for setting [index.number_of_shards] must be >= 1`,
    );
  }
  if (!Number.isInteger(replicas) || replicas < 0) {
    throw illegalArgument(
      `Failed to parse value [${settings["index.number_of_replicas"]}] for setting [index.number_of_replicas] must be >= 0`,
    );
  }
  const { world, node } = context;
  const info = { reason: "INDEX_CREATED" as const, at: world.clock.now(), delayedUntil: null, lastNodeId: null };
  const index: IndexMetadata = {
    name,
    uuid: newId(world.random),
    createdAt: world.clock.now(),
    createdVersion: node.config.version,
    settings: {
      ...(cluster.engine === "elasticsearch"
        ? { "index.routing.allocation.include._tier_preference": "data_content" }
        : {}),
      ...settings,
      "index.number_of_shards": String(shardCount),
      "index.number_of_replicas": String(replicas),
    },
    mappings: (body.mappings ?? {}) as Record<string, unknown>,
    aliases: (body.aliases ?? {}) as Record<string, unknown>,
    shards: Array.from({ length: shardCount }, (_unused, number) => ({
      number,
      inSync: [],
      copies: Array.from({ length: replicas + 1 }, (_copy, position) => unassignedCopy(position === 0, { ...info })),
      everStarted: false,
    })),
    pretendedBytes: null,
  };
  cluster.indices[name] = index;
  cluster.version++;
  context.changed(cluster);
  return index;
}

function checkName(name: string): void {
  const reason = /[\\/*?"<>| ,#:]/.test(name)
    ? "must not contain the following characters ['\\','/','*','?','\"','<','>','|',' ',',','#',':']"
    : name !== name.toLowerCase()
      ? "must be lowercase"
      : /^[_\-+]/.test(name)
        ? "must not start with '_', '-', or '+'"
        : name === "" || name === "." || name === ".."
          ? "must not be '.' or '..'"
          : undefined;
  if (reason !== undefined) {
    throw new RestError(400, "invalid_index_name_exception", `Invalid index name [${name}], ${reason}`, {
      index: name,
    });
  }
}

/** Settings of an index are given with or without their `index.` and kept with it. */
function indexSettings(value: unknown): Record<string, unknown> {
  const flat = Object.entries(flattenSettings(value));
  return Object.fromEntries(
    flat
      .filter(([name]) => name !== "")
      .map(([name, given]) => [name.startsWith("index.") ? name : `index.${name}`, given]),
  );
}

function deleteIndex(context: RestContext): Outcome {
  const { cluster, params, query } = context;
  if (cluster === undefined) throw illegalArgument("no cluster state");
  const expression = params.index ?? "";
  // Since 8.0 names must be given in full (action.destructive_requires_name).
  const wildcard = expression.includes("*") || expression === "_all";
  const allowed = cluster.persistent["action.destructive_requires_name"] === "false" || cluster.engine === "opensearch";
  if (wildcard && !allowed) throw illegalArgument("Wildcard expressions or all indices are not allowed");
  for (const index of resolveIndices(cluster, expression, query)) delete cluster.indices[index.name];
  cluster.version++;
  context.changed(cluster);
  return json({ acknowledged: true });
}

function describe({ cluster, params, query }: RestContext, parts: readonly ("aliases" | "mappings" | "settings")[]) {
  if (cluster === undefined) throw indexNotFound(params.index ?? "");
  return Object.fromEntries(
    resolveIndices(cluster, params.index, query).map((index) => {
      const provided = {
        "index.provided_name": index.name,
        "index.uuid": index.uuid,
        "index.creation_date": String(index.createdAt),
      };
      const whole = {
        aliases: index.aliases,
        mappings: index.mappings,
        settings: nest({ ...index.settings, ...provided }),
      };
      return [index.name, Object.fromEntries(parts.map((part) => [part, whole[part]]))];
    }),
  );
}

function updateIndexSettings(context: RestContext): Outcome {
  const { world, cluster, params, query, request } = context;
  if (cluster === undefined) throw illegalArgument("no cluster state");
  const body = bodyObject(request);
  const changes = indexSettings(body.settings ?? body);
  if (changes["index.number_of_shards"] !== undefined) {
    throw illegalArgument("Can't update non dynamic settings [[index.number_of_shards]] for open indices");
  }
  for (const index of resolveIndices(cluster, params.index, query)) {
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) delete index.settings[name];
      else index.settings[name] = value;
    }
    const replicas = changes["index.number_of_replicas"];
    if (replicas !== undefined) setReplicaCount(world, cluster, index, Number(replicas ?? 1));
  }
  cluster.version++;
  context.changed(cluster);
  return json({ acknowledged: true });
}

function putMapping(context: RestContext): Outcome {
  const { cluster, params, query, request } = context;
  if (cluster === undefined) throw illegalArgument("no cluster state");
  const { properties = {} } = bodyObject(request);
  for (const index of resolveIndices(cluster, params.index, query)) {
    const known = (index.mappings.properties ?? {}) as Record<string, unknown>;
    index.mappings = { ...index.mappings, properties: { ...known, ...(properties as Record<string, unknown>) } };
  }
  cluster.version++;
  return json({ acknowledged: true });
}
