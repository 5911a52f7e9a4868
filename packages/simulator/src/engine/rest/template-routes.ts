import { matchesWildcard } from "../allocation/deciders.ts";
import type { ClusterState } from "../model/state.ts";
import { bodyObject, illegalArgument, json, type Outcome, type RestContext, RestError } from "./http.ts";
import type { Route } from "./router.ts";

const PATH = "/_index_template";

export const TEMPLATE_ROUTES: readonly Route[] = [
  {
    methods: ["PUT", "POST"],
    path: `${PATH}/{name}`,
    action: "indices:admin/index_template/put",
    master: "write",
    handle: put,
  },
  { methods: ["GET"], path: PATH, action: "indices:admin/index_template/get", master: "read", handle: list },
  {
    methods: ["GET"],
    path: `${PATH}/{name}`,
    action: "indices:admin/index_template/get",
    master: "read",
    handle: list,
  },
  {
    methods: ["DELETE"],
    path: `${PATH}/{name}`,
    action: "indices:admin/index_template/delete",
    master: "write",
    handle: remove,
  },
];

function put({ cluster, params, request }: RestContext): Outcome {
  if (cluster === undefined) throw illegalArgument("no cluster state");
  const body = bodyObject(request);
  if (!Array.isArray(body.index_patterns)) {
    throw new RestError(
      400,
      "action_request_validation_exception",
      "Validation Failed: 1: index patterns are missing;",
    );
  }
  cluster.templates[params.name ?? ""] = body;
  cluster.version++;
  return json({ acknowledged: true });
}

function list({ cluster, params }: RestContext): Outcome {
  const name = params.name;
  const found = Object.entries(cluster?.templates ?? {}).filter(
    ([key]) => name === undefined || matchesWildcard(key, name),
  );
  if (found.length === 0 && name !== undefined && !name.includes("*")) throw missing(name);
  return json({ index_templates: found.map(([key, template]) => ({ name: key, index_template: template })) });
}

function remove({ cluster, params }: RestContext): Outcome {
  const name = params.name ?? "";
  if (cluster?.templates[name] === undefined) throw missing(name);
  delete cluster.templates[name];
  cluster.version++;
  return json({ acknowledged: true });
}

function missing(name: string): RestError {
  return new RestError(404, "resource_not_found_exception", `index template matching [${name}] not found`);
}

/** Settings, mappings and aliases of the matching template with the highest priority, under those that were given. */
export function withTemplate(
  cluster: ClusterState,
  index: string,
  body: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const [template] = Object.values(cluster.templates)
    .filter(({ index_patterns: patterns }) => (patterns as string[]).some((pattern) => matchesWildcard(index, pattern)))
    .sort((a, b) => Number(b.priority ?? 0) - Number(a.priority ?? 0));
  const base = (template?.template ?? {}) as Record<string, object>;
  const merged = (part: string) => ({ ...base[part], ...(body[part] as object) });
  return { ...body, settings: merged("settings"), mappings: merged("mappings"), aliases: merged("aliases") };
}
