import { settingList } from "../model/settings.ts";
import type { ClusterState } from "../model/state.ts";
import { certificateAdmin } from "../security/authenticate.ts";
import { hashForModel } from "../security/credentials.ts";
import { putSystemDocument, removeSystemDocument, systemDocument, systemDocuments } from "../security/system-index.ts";
import { bodyObject, illegalArgument, json, type Outcome, type RestContext } from "./http.ts";
import type { Route } from "./router.ts";

const KINDS = ["internalusers", "roles", "rolesmapping"] as const;
type Kind = (typeof KINDS)[number];

const FIELDS: Readonly<Record<Kind, readonly string[]>> = {
  internalusers: ["password", "hash", "backend_roles", "attributes", "description", "opendistro_security_roles"],
  roles: ["cluster_permissions", "index_permissions", "tenant_permissions", "description"],
  rolesmapping: ["users", "backend_roles", "and_backend_roles", "hosts", "description"],
};

const API = "/_plugins/_security/api";
const common = { engine: "opensearch", open: true, action: "cluster:admin/opendistro_security" } as const;

/**
 * The security plugin's own REST API. It does not go by permissions: only users of the roles in
 * `plugins.security.restapi.roles_enabled` (`all_access` when left out) and certificate admins may use it.
 */
export const OPENSEARCH_SECURITY_ROUTES: readonly Route[] = [
  ...KINDS.flatMap((kind): Route[] => [
    {
      ...common,
      methods: ["GET"],
      path: `${API}/${kind}`,
      master: "read",
      handle: (context) => guarded(context, () => list(context, kind)),
    },
    {
      ...common,
      methods: ["GET"],
      path: `${API}/${kind}/{name}`,
      master: "read",
      handle: (context) => guarded(context, () => list(context, kind)),
    },
    {
      ...common,
      methods: ["PUT"],
      path: `${API}/${kind}/{name}`,
      master: "write",
      handle: (context) => guarded(context, () => put(context, kind)),
    },
    {
      ...common,
      methods: ["DELETE"],
      path: `${API}/${kind}/{name}`,
      master: "write",
      handle: (context) => guarded(context, () => remove(context, kind)),
    },
  ]),
  { ...common, methods: ["GET"], path: `${API}/account`, handle: account },
  { ...common, methods: ["PUT"], path: `${API}/account`, master: "write", handle: changeOwnPassword },
  { ...common, methods: ["GET"], path: "/_plugins/_security/authinfo", handle: authInfo },
];

function clusterFor({ cluster }: RestContext): ClusterState {
  if (cluster === undefined) throw illegalArgument("no cluster state");
  return cluster;
}

function guarded(context: RestContext, run: () => Outcome): Outcome {
  const { principal, node } = context;
  const enabled = settingList(node.config.settings, "plugins.security.restapi.roles_enabled") ?? ["all_access"];
  const admin = principal?.roles.some((role) => enabled.includes(role)) === true;
  if (admin || certificateAdmin(node, context.request.certificateSubject) !== undefined) return run();
  const message = `No permission to access REST API: User ${principal?.username} with Security roles [${principal?.roles.join(", ")}] does not have any role privileged for admin access.`;
  return json({ status: "FORBIDDEN", message }, 403);
}

function isReserved(source: Readonly<Record<string, unknown>> | undefined): boolean {
  return source?.reserved === true || source?.static === true;
}

function list(context: RestContext, kind: Kind): Outcome {
  const { world, params } = context;
  const name = params.name;
  const all = [...systemDocuments(world, clusterFor(context), `${kind}/`)].filter(
    ([key]) => name === undefined || key === name,
  );
  if (name !== undefined && all.length === 0) {
    return json({ status: "NOT_FOUND", message: `Resource '${name}' not found.` }, 404);
  }
  const defaults = { reserved: false, hidden: false, static: false };
  // Hashes are never shown.
  const shown = all.map(([key, source]) => [
    key,
    { ...defaults, ...source, ...(kind === "internalusers" ? { hash: "" } : {}) },
  ]);
  return json(Object.fromEntries(shown));
}

function put(context: RestContext, kind: Kind): Outcome {
  const { world, params, request } = context;
  const cluster = clusterFor(context);
  const name = params.name ?? "";
  const body = bodyObject(request);
  const wrong = Object.keys(body).filter((field) => !FIELDS[kind].includes(field));
  if (wrong.length > 0) {
    return json({ status: "error", reason: "Invalid configuration", invalid_keys: { keys: wrong.join(",") } }, 400);
  }
  const before = systemDocument(world, cluster, `${kind}/${name}`);
  if (isReserved(before)) return json({ status: "FORBIDDEN", message: `Resource '${name}' is reserved.` }, 403);
  if (kind === "internalusers" && typeof body.password === "string" && body.password.length < 8) {
    return json({ status: "error", reason: "Password is too short. Minimum 8 characters" }, 400);
  }
  const source = kind === "internalusers" ? userSource(context, body, before) : body;
  if (source === undefined) {
    return json(
      {
        status: "BAD_REQUEST",
        message: "Please specify either 'hash' or 'password' when creating a new internal user.",
      },
      400,
    );
  }
  const result = putSystemDocument(world, cluster, `${kind}/${name}`, source);
  context.changed(cluster);
  return result === "created"
    ? json({ status: "CREATED", message: `'${name}' created.` }, 201)
    : json({ status: "OK", message: `'${name}' updated.` });
}

function userSource(
  { world }: RestContext,
  body: Readonly<Record<string, unknown>>,
  before: Readonly<Record<string, unknown>> | undefined,
): Record<string, unknown> | undefined {
  const { password, hash, ...rest } = body;
  const stored =
    typeof password === "string"
      ? hashForModel(password, String(world.random.integer(0, 2 ** 31)))
      : (hash ?? before?.hash);
  return stored === undefined
    ? undefined
    : { backend_roles: [], attributes: {}, opendistro_security_roles: [], ...rest, hash: stored };
}

function remove(context: RestContext, kind: Kind): Outcome {
  const { world, params } = context;
  const cluster = clusterFor(context);
  const name = params.name ?? "";
  if (isReserved(systemDocument(world, cluster, `${kind}/${name}`))) {
    return json({ status: "FORBIDDEN", message: `Resource '${name}' is reserved.` }, 403);
  }
  if (!removeSystemDocument(world, cluster, `${kind}/${name}`)) {
    return json({ status: "NOT_FOUND", message: `Resource '${name}' not found.` }, 404);
  }
  return json({ status: "OK", message: `'${name}' deleted.` });
}

function account({ principal }: RestContext): Outcome {
  return json({
    user_name: principal?.username,
    is_reserved: false,
    is_hidden: false,
    is_internal_user: true,
    backend_roles: principal?.backendRoles ?? [],
    roles: principal?.roles ?? [],
    custom_attribute_names: [],
    tenants: {},
  });
}

function changeOwnPassword(context: RestContext): Outcome {
  const { world, principal, credentials, request } = context;
  const cluster = clusterFor(context);
  const body = bodyObject(request);
  const id = `internalusers/${principal?.username}`;
  const before = systemDocument(world, cluster, id);
  const current = String(body.current_password ?? "");
  if (before === undefined || !credentials.matches(current, String(before.hash))) {
    return json({ status: "BAD_REQUEST", message: "Could not validate your current password." }, 400);
  }
  const hash = hashForModel(String(body.password), String(world.random.integer(0, 2 ** 31)));
  putSystemDocument(world, cluster, id, { ...before, hash });
  return json({ status: "OK", message: `'${principal?.username}' updated.` });
}

function authInfo({ principal }: RestContext): Outcome {
  return json({
    user: `User [name=${principal?.username}, backend_roles=[${principal?.backendRoles.join(", ")}], requestedTenant=null]`,
    user_name: principal?.username,
    backend_roles: principal?.backendRoles ?? [],
    roles: principal?.roles ?? [],
  });
}
