import type { ClusterState } from "../model/state.ts";
import { hashForModel } from "../security/credentials.ts";
import { elasticRole } from "../security/privileges.ts";
import { putSystemDocument, removeSystemDocument, systemDocument, systemDocuments } from "../security/system-index.ts";
import { bodyObject, illegalArgument, json, type Outcome, type RestContext, RestError } from "./http.ts";
import type { Route } from "./router.ts";

const SECURITY = "cluster:admin/xpack/security";
const route = (methods: readonly string[], path: string, action: string, handle: Route["handle"]): Route => ({
  methods,
  path: `/_security${path}`,
  action: `${SECURITY}${action}`,
  engine: "elasticsearch",
  master: methods.includes("GET") ? "read" : "write",
  handle,
});

export const ELASTIC_SECURITY_ROUTES: readonly Route[] = [
  { ...route(["GET"], "/_authenticate", "/user/authenticate", whoAmI), open: true },
  {
    ...route(["PUT", "POST"], "/user/_password", "/user/change_password", (context) =>
      changePassword(context, context.principal?.username ?? ""),
    ),
    open: true,
  },
  route(["PUT", "POST"], "/user/{name}/_password", "/user/change_password", (context) =>
    changePassword(context, context.params.name ?? ""),
  ),
  route(["PUT", "POST"], "/user/{name}/_enable", "/user/set_enabled", (context) => setEnabled(context, true)),
  route(["PUT", "POST"], "/user/{name}/_disable", "/user/set_enabled", (context) => setEnabled(context, false)),
  route(["PUT", "POST"], "/user/{name}", "/user/put", putUser),
  route(["GET"], "/user", "/user/get", getUsers),
  route(["GET"], "/user/{name}", "/user/get", getUsers),
  route(["DELETE"], "/user/{name}", "/user/delete", (context) => remove(context, `user-${context.params.name}`)),
  route(["PUT", "POST"], "/role/{name}", "/role/put", putRole),
  route(["GET"], "/role", "/role/get", getRoles),
  route(["GET"], "/role/{name}", "/role/get", getRoles),
  route(["DELETE"], "/role/{name}", "/role/delete", (context) => remove(context, `role-${context.params.name}`)),
];

function whoAmI({ principal }: RestContext): Outcome {
  if (principal === undefined) throw illegalArgument("security is not enabled");
  return json({
    username: principal.username,
    roles: principal.roles,
    full_name: principal.fullName,
    email: principal.email,
    metadata: principal.metadata,
    enabled: true,
    authentication_realm: principal.realm,
    lookup_realm: principal.realm,
    authentication_type: "realm",
  });
}

function clusterFor({ cluster }: RestContext): ClusterState {
  if (cluster === undefined) throw illegalArgument("no cluster state");
  return cluster;
}

/** The hash to store, from `password` (6 characters at least) or a ready `password_hash`; undefined when neither is given. */
function givenHash({ request, world }: RestContext): string | undefined {
  const body = bodyObject(request);
  const { password, password_hash: hash } = body;
  if (typeof hash === "string") return hash;
  if (password === undefined || password === null) return undefined;
  if (String(password).length < 6) throw invalid("passwords must be at least [6] characters long");
  return hashForModel(String(password), String(world.random.integer(0, 2 ** 31)));
}

function invalid(reason: string): RestError {
  return new RestError(400, "action_request_validation_exception", `Validation Failed: 1: ${reason};`);
}

function putUser(context: RestContext): Outcome {
  const { world, params, request } = context;
  const cluster = clusterFor(context);
  const name = params.name ?? "";
  if (name === "elastic") throw illegalArgument("user [elastic] is reserved and only the password can be changed");
  if (!/^[\x21-\x7e][\x20-\x7e]{0,505}[\x21-\x7e]$|^[\x21-\x7e]$/.test(name)) throw invalid("invalid user name");
  const body = bodyObject(request);
  if (!Array.isArray(body.roles)) throw invalid("roles must be specified");
  const before = systemDocument(world, cluster, `user-${name}`);
  const password = givenHash(context) ?? before?.password;
  if (password === undefined) throw invalid("password must be specified unless you are updating an existing user");
  const result = putSystemDocument(world, cluster, `user-${name}`, {
    password,
    roles: body.roles,
    full_name: body.full_name ?? null,
    email: body.email ?? null,
    metadata: body.metadata ?? {},
    enabled: body.enabled ?? true,
  });
  context.changed(cluster);
  return json({ created: result === "created" });
}

function getUsers(context: RestContext): Outcome {
  const { world, params } = context;
  const wanted = params.name?.split(",");
  const users = [...systemDocuments(world, clusterFor(context), "user-")].filter(([name]) => name !== "elastic");
  const elastic = { roles: ["superuser"], full_name: null, email: null, metadata: { _reserved: true }, enabled: true };
  const all = [["elastic", elastic] as const, ...users].filter(([name]) => wanted?.includes(name) !== false);
  const shown = all.map(([name, user]) => {
    const { password: _password, ...rest } = user as Record<string, unknown>;
    return [name, { username: name, ...rest }] as const;
  });
  return json(Object.fromEntries(shown), wanted !== undefined && shown.length === 0 ? 404 : 200);
}

function changePassword(context: RestContext, name: string): Outcome {
  const { world } = context;
  const cluster = clusterFor(context);
  const password = givenHash(context);
  if (password === undefined) throw invalid("password cannot be null");
  const before = systemDocument(world, cluster, `user-${name}`);
  if (before === undefined && name !== "elastic") {
    throw new RestError(
      400,
      "validation_exception",
      "Validation Failed: 1: user must exist in order to change password;",
    );
  }
  putSystemDocument(world, cluster, `user-${name}`, {
    ...(before ?? { roles: ["superuser"], enabled: true }),
    password,
  });
  context.changed(cluster);
  return json({});
}

function setEnabled(context: RestContext, enabled: boolean): Outcome {
  const { world, params } = context;
  const cluster = clusterFor(context);
  const name = params.name ?? "";
  const before = systemDocument(world, cluster, `user-${name}`);
  if (before === undefined) {
    throw new RestError(
      400,
      "validation_exception",
      `Validation Failed: 1: only existing users can be ${enabled ? "enabled" : "disabled"};`,
    );
  }
  putSystemDocument(world, cluster, `user-${name}`, { ...before, enabled });
  return json({});
}

function putRole(context: RestContext): Outcome {
  const { world, params, request } = context;
  const cluster = clusterFor(context);
  const name = params.name ?? "";
  const body = bodyObject(request);
  const role = elasticRole(name, body);
  if ("unknown" in role) {
    throw invalid(
      `unknown privilege [${role.unknown}]. a privilege must be either one of the predefined names or a pattern over one of the available actions`,
    );
  }
  const result = putSystemDocument(world, cluster, `role-${name}`, body);
  context.changed(cluster);
  return json({ role: { created: result === "created" } });
}

function getRoles(context: RestContext): Outcome {
  const { world, params } = context;
  const wanted = params.name?.split(",");
  const roles = [...systemDocuments(world, clusterFor(context), "role-")].filter(
    ([name]) => wanted?.includes(name) !== false,
  );
  return json(Object.fromEntries(roles), wanted !== undefined && roles.length === 0 ? 404 : 200);
}

function remove(context: RestContext, id: string): Outcome {
  if (id === "user-elastic") throw illegalArgument("user [elastic] is reserved and cannot be deleted");
  const found = removeSystemDocument(context.world, clusterFor(context), id);
  return json({ found }, found ? 200 : 404);
}
