import { matchesWildcard } from "../allocation/deciders.ts";
import { bodyObject, type EngineResponse, flag, illegalArgument, json, type RestContext, RestError } from "./http.ts";
import type { Route } from "./router.ts";

const PARAMETERS = ["flat_settings", "include_defaults", "timeout", "master_timeout", "cluster_manager_timeout"];

export const SETTINGS_ROUTES: readonly Route[] = [
  {
    methods: ["GET"],
    path: "/_cluster/settings",
    action: "cluster:monitor/settings",
    master: "read",
    parameters: PARAMETERS,
    handle: ({ cluster, query }) => {
      const show = (settings: Readonly<Record<string, unknown>>) =>
        flag(query, "flat_settings", false) ? settings : nest(settings);
      const defaults = flag(query, "include_defaults", false) ? { defaults: {} } : {};
      return json({
        persistent: show(cluster?.persistent ?? {}),
        transient: show(cluster?.transient ?? {}),
        ...defaults,
      });
    },
  },
  {
    methods: ["PUT"],
    path: "/_cluster/settings",
    action: "cluster:admin/settings/update",
    master: "write",
    parameters: PARAMETERS,
    handle: updateSettings,
  },
];

/** Beginnings of the settings that may be changed at run time; any other is refused, as a typing error would be. */
const DYNAMIC = [
  "cluster.routing.",
  "cluster.max_shards_per_node",
  "cluster.max_voting_config_exclusions",
  "cluster.auto_shrink_voting_configuration",
  "cluster.blocks.",
  "cluster.info.update.interval",
  "cluster.no_master_block",
  "cluster.no_cluster_manager_block",
  "cluster.metadata.",
  "cluster.persistent_tasks.",
  "cluster.remote.",
  "cluster.indices.",
  "action.",
  "indices.",
  "logger.",
  "search.",
  "script.",
  "network.breaker.",
  "xpack.",
  "plugins.",
  "ingest.",
  "snapshot.",
  "archived.",
];

/** null removes a setting, also by pattern; a list is kept as it is; everything else is kept as text. */
function updateSettings(context: RestContext): EngineResponse {
  const { cluster, request, query } = context;
  if (cluster === undefined) throw illegalArgument("no cluster state");
  const body = bodyObject(request);
  const updates = (["persistent", "transient"] as const).map((scope) => ({
    scope,
    values: flattenSettings(body[scope] ?? {}),
  }));
  if (updates.every(({ values }) => Object.keys(values).length === 0)) {
    throw new RestError(400, "action_request_validation_exception", "Validation Failed: 1: no settings to update;");
  }
  for (const { scope, values } of updates) {
    const wrong = Object.keys(values).find((name) => !DYNAMIC.some((prefix) => name.startsWith(prefix)));
    if (wrong !== undefined) throw illegalArgument(`${scope} setting [${wrong}], not recognized`);
  }
  for (const { scope, values } of updates) applySettings(cluster[scope], values);
  cluster.version++;
  context.changed(cluster);
  const shown = updates.map(({ scope, values }) => {
    const set = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
    return [scope, flag(query, "flat_settings", false) ? set : nest(set)] as const;
  });
  return json({ acknowledged: true, ...Object.fromEntries(shown) });
}

function applySettings(target: Record<string, unknown>, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value !== null) {
      target[name] = value;
      continue;
    }
    for (const known of Object.keys(target)) if (matchesWildcard(known, name)) delete target[known];
  }
}

/** Nested or dotted to dotted. */
export function flattenSettings(value: unknown, path = ""): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { [path]: value === null || Array.isArray(value) ? value : String(value) };
  }
  const flat: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) {
    Object.assign(flat, flattenSettings(child, path === "" ? key : `${path}.${key}`));
  }
  return flat;
}

/** Dotted to nested, as the engines print settings unless asked for flat ones. */
export function nest(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(settings)) {
    const parts = name.split(".");
    const last = parts.pop() ?? "";
    let level = root;
    for (const part of parts) {
      const next = level[part];
      if (typeof next !== "object" || next === null) level[part] = {};
      level = level[part] as Record<string, unknown>;
    }
    level[last] = value;
  }
  return root;
}
