import { describe, expect, test } from "vitest";
import { ADDRESSES, formCluster, OPERATOR, OPERATOR_HASH, type TestPod, testEngine } from "./testing.ts";

const [A, B] = ADDRESSES;
type TestEngine = ReturnType<typeof testEngine>;

const ELASTIC: Partial<TestPod> = {
  settings: "xpack.security.enabled: true\nxpack.security.authc.reserved_realm.enabled: false",
  files: {
    users: `# file realm\noperator:${OPERATOR_HASH}\nwatcher:${OPERATOR_HASH}\n`,
    users_roles: "berth_controller:operator\nwatch_only:watcher\n",
    "roles.yml": [
      "berth_controller:",
      "  cluster: [all]",
      '  indices: [{ names: ["*"], privileges: [monitor, maintenance], allow_restricted_indices: true }]',
      "watch_only: { cluster: [monitor] }",
    ].join("\n"),
  },
};

const OPENSEARCH: Partial<TestPod> = {
  image: "opensearchproject/opensearch:2.19.4",
  roles: ["cluster_manager", "data"],
  settings: [
    "plugins.security.allow_default_init_securityindex: true",
    "plugins.security.restapi.roles_enabled: [berth_controller]",
  ].join("\n"),
  files: {
    "internal_users.yml": `_meta: { type: internalusers, config_version: 2 }\noperator: { hash: "${OPERATOR_HASH}", reserved: true }\n`,
    "roles.yml":
      'berth_controller: { reserved: true, cluster_permissions: ["*"], index_permissions: [{ index_patterns: ["*"], allowed_actions: [indices_monitor] }] }\n',
    "roles_mapping.yml": "berth_controller: { reserved: true, users: [operator] }\n",
  },
};

function secured(changes: Partial<TestPod>, size = 1): TestEngine {
  const engine = testEngine();
  formCluster(engine, size, changes);
  return engine;
}

const as = (username: string, password: string) => ({ username, password });
const CUSTOMER = as("customer", "customer-password");
const reason = (body: unknown) => (body as { error: { reason: string } }).error.reason;

describe("Elasticsearch", () => {
  test("no login and a wrong one are 401 with a challenge; the file realm lets in", () => {
    const engine = secured(ELASTIC);
    const none = engine.call(A, "GET", "/");
    expect(none).toMatchObject({ status: 401, body: { error: { type: "security_exception" } } });
    expect(none.headers?.["www-authenticate"]).toContain("Basic");
    expect(engine.call(A, "GET", "/", undefined, as("operator", "wrong")).status).toBe(401);
    expect(engine.call(A, "GET", "/", undefined, OPERATOR).status).toBe(200);
    expect(engine.call(A, "GET", "/_security/_authenticate", undefined, OPERATOR).body).toMatchObject({
      username: "operator",
      roles: ["berth_controller"],
      authentication_realm: { name: "default_file", type: "file" },
    });
  });

  test("a role without the privilege is 403, and says what was missing", () => {
    const engine = secured(ELASTIC);
    const watcher = as("watcher", OPERATOR.password);
    expect(engine.call(A, "GET", "/_cluster/health", undefined, watcher).status).toBe(200);
    const denied = engine.call(A, "PUT", "/_cluster/settings", { persistent: { "action.x": "y" } }, watcher);
    expect(denied.status).toBe(403);
    expect(reason(denied.body)).toContain("[cluster:admin/settings/update] is unauthorized for user [watcher]");
  });

  test("the controller runs the cluster and does not read what is in it", () => {
    const engine = secured(ELASTIC);
    engine.call(A, "PUT", "/_security/role/writer", { indices: [{ names: ["*"], privileges: ["all"] }] }, OPERATOR);
    engine.call(A, "PUT", "/_security/user/customer", { password: CUSTOMER.password, roles: ["writer"] }, OPERATOR);
    expect(engine.call(A, "PUT", "/books/_doc/1", { title: "x" }, CUSTOMER).status).toBe(201);
    expect(engine.call(A, "GET", "/books/_search", undefined, OPERATOR).status).toBe(403);
    expect(engine.call(A, "GET", "/_cat/shards/books?format=json", undefined, OPERATOR).status).toBe(200);
    expect(engine.call(A, "POST", "/books/_flush", undefined, OPERATOR).status).toBe(200);
    expect(engine.call(A, "GET", "/books/_count", undefined, CUSTOMER).body).toMatchObject({ count: 1 });
    expect(engine.call(A, "GET", "/_cluster/health", undefined, CUSTOMER).status).toBe(403);
    expect(engine.call(A, "GET", "/.security-7/_search", undefined, CUSTOMER).status).toBe(403);
  });

  test("users: create, list without hashes, change the password, disable, delete", () => {
    const engine = secured(ELASTIC);
    const put = (body: object) => engine.call(A, "PUT", "/_security/user/customer", body, OPERATOR);
    expect(put({ roles: ["viewer"] })).toMatchObject({ status: 400 });
    expect(put({ password: "short", roles: [] })).toMatchObject({ status: 400 });
    expect(put({ password: CUSTOMER.password, roles: ["viewer"] }).body).toEqual({ created: true });
    expect(put({ roles: ["viewer"], full_name: "C" }).body).toEqual({ created: false });
    const shown = engine.call(A, "GET", "/_security/user/customer", undefined, OPERATOR).body;
    expect(shown).toEqual({
      customer: { username: "customer", roles: ["viewer"], full_name: "C", email: null, metadata: {}, enabled: true },
    });
    const login = (password: string) =>
      engine.call(A, "GET", "/_security/_authenticate", undefined, as("customer", password)).status;
    expect(login(CUSTOMER.password)).toBe(200);
    engine.call(A, "POST", "/_security/user/_password", { password: "changed-by-me" }, CUSTOMER);
    expect([login(CUSTOMER.password), login("changed-by-me")]).toEqual([401, 200]);
    engine.call(A, "PUT", "/_security/user/customer/_disable", undefined, OPERATOR);
    expect(login("changed-by-me")).toBe(401);
    const remove = () => engine.call(A, "DELETE", "/_security/user/customer", undefined, OPERATOR);
    expect(remove()).toMatchObject({ status: 200, body: { found: true } });
    expect(remove()).toMatchObject({ status: 404, body: { found: false } });
  });

  test("a role with a privilege that does not exist is refused", () => {
    const engine = secured(ELASTIC);
    const put = (cluster: string[]) => engine.call(A, "PUT", "/_security/role/r", { cluster }, OPERATOR).status;
    expect(put(["monitr"])).toBe(400);
    expect(put(["monitor", "manage_ilm", "cluster:monitor/main"])).toBe(200);
  });

  test("native users live in a shard: they cannot log in while it is gone; the file realm can", () => {
    const engine = secured({ ...ELASTIC, roles: ["master", "data"] }, 3);
    engine.call(A, "PUT", "/_security/user/customer", { password: CUSTOMER.password, roles: ["viewer"] }, OPERATOR);
    engine.clock.advance(20_000);
    const rows = engine.call(A, "GET", "/_cat/shards/.security-7?format=json", undefined, OPERATOR).body as {
      node: string;
    }[];
    expect(rows).toHaveLength(2);
    const holders = rows.map(({ node }) => node);
    const free = ADDRESSES[["n1", "n2", "n3"].findIndex((name) => !holders.includes(name))] ?? "";
    const login = () => engine.call(free, "GET", "/_security/_authenticate", undefined, CUSTOMER).status;
    expect(login()).toBe(200);
    for (const name of holders) engine.stop(name);
    expect(login()).toBe(401);
    expect(engine.call(free, "GET", "/", undefined, OPERATOR).status).toBe(200);
  });

  test("the users file is read live", () => {
    const engine = secured(ELASTIC);
    engine.runtime.refreshFiles("uid-n1", { "/berth/users": { users: Buffer.from("") } });
    expect(engine.call(A, "GET", "/", undefined, OPERATOR).status).toBe(401);
  });

  test("the bootstrap password opens the built-in superuser, unless its realm is off", () => {
    const open = secured({ settings: "xpack.security.enabled: true", files: { "bootstrap.password": "first-secret" } });
    expect(open.call(A, "GET", "/_cluster/health", undefined, as("elastic", "first-secret")).status).toBe(200);
    open.call(
      A,
      "POST",
      "/_security/user/elastic/_password",
      { password: "second-secret" },
      as("elastic", "first-secret"),
    );
    expect(open.call(A, "GET", "/", undefined, as("elastic", "first-secret")).status).toBe(401);
    expect(open.call(A, "GET", "/", undefined, as("elastic", "second-secret")).status).toBe(200);
    const closed = secured({ ...ELASTIC, files: { ...ELASTIC.files, "bootstrap.password": "first-secret" } });
    expect(closed.call(A, "GET", "/", undefined, as("elastic", "first-secret")).status).toBe(401);
  });
});

describe("OpenSearch", () => {
  test("says 503 until its security index is there, then asks for a login", () => {
    const engine = testEngine();
    engine.start({ name: "n1", ip: A, ...OPENSEARCH });
    engine.clock.advance(60_000);
    expect(engine.call(A, "GET", "/")).toMatchObject({ status: 503, body: "OpenSearch Security not initialized." });
    expect(engine.runtime.isReady("uid-n1")).toBe(false);
    const formed = secured(OPENSEARCH);
    expect(formed.call(A, "GET", "/")).toMatchObject({ status: 401, body: "Unauthorized" });
    expect(formed.runtime.isReady("uid-n1")).toBe(true);
    expect(formed.call(A, "GET", "/", undefined, OPERATOR)).toMatchObject({
      status: 200,
      body: { version: { distribution: "opensearch", number: "2.19.4" } },
    });
  });

  test("the first masters may be named in either word, and the exception has the new one", () => {
    const engine = testEngine();
    const settings = `${OPENSEARCH.settings}\ncluster.initial_cluster_manager_nodes: [n1, n2]`;
    engine.start({ name: "n1", ip: A, seeds: [A, B], ...OPENSEARCH, settings });
    engine.start({ name: "n2", ip: B, seeds: [A, B], ...OPENSEARCH, settings });
    engine.clock.advance(20_000);
    expect(engine.call(A, "GET", "/_cluster/health", undefined, OPERATOR)).toMatchObject({
      body: { number_of_nodes: 2, discovered_cluster_manager: true },
    });
    engine.stop("n2");
    expect(engine.call(A, "GET", "/_cluster/health", undefined, OPERATOR)).toMatchObject({
      status: 503,
      body: { error: { type: "cluster_manager_not_discovered_exception" } },
    });
    expect(engine.runtime.isReady("uid-n1")).toBe(true);
  });

  test("users, roles and mappings by the plugin's API", () => {
    const engine = secured(OPENSEARCH);
    const api = "/_plugins/_security/api";
    const put = (path: string, body: object) => engine.call(A, "PUT", `${api}/${path}`, body, OPERATOR);
    expect(
      put("roles/reader", {
        index_permissions: [{ index_patterns: ["books"], allowed_actions: ["crud", "create_index"] }],
      }),
    ).toMatchObject({
      status: 201,
      body: { status: "CREATED" },
    });
    expect(put("internalusers/customer", { password: CUSTOMER.password, backend_roles: ["team"] }).status).toBe(201);
    expect(put("rolesmapping/reader", { backend_roles: ["team"] }).status).toBe(201);
    expect(engine.call(A, "PUT", "/books/_doc/1", { title: "x" }, CUSTOMER).status).toBe(201);
    expect(engine.call(A, "GET", "/other/_search", undefined, CUSTOMER).status).toBe(403);
    expect(engine.call(A, "GET", `${api}/internalusers/customer`, undefined, OPERATOR).body).toMatchObject({
      customer: { hash: "", backend_roles: ["team"], reserved: false },
    });
    expect(put("internalusers/customer", { password: "another-password" })).toMatchObject({
      status: 200,
      body: { status: "OK" },
    });
    expect(engine.call(A, "GET", `${api}/account`, undefined, CUSTOMER).status).toBe(401);
    expect(engine.call(A, "DELETE", `${api}/internalusers/customer`, undefined, OPERATOR).status).toBe(200);
    expect(engine.call(A, "DELETE", `${api}/internalusers/customer`, undefined, OPERATOR).status).toBe(404);
  });

  test("refuses: reserved users, unknown fields, a user without a password, a caller without the role", () => {
    const engine = secured(OPENSEARCH);
    const api = "/_plugins/_security/api/internalusers";
    const put = (name: string, body: object, auth = OPERATOR) =>
      engine.call(A, "PUT", `${api}/${name}`, body, auth).status;
    expect(put("operator", { password: "a-new-password" })).toBe(403);
    expect(put("customer", { pasword: "a-new-password" })).toBe(400);
    expect(put("customer", {})).toBe(400);
    expect(put("customer", { password: CUSTOMER.password, opendistro_security_roles: ["readall"] })).toBe(201);
    expect(put("other", { password: CUSTOMER.password }, CUSTOMER)).toBe(403);
  });

  test("a certificate that admin_dn names may do everything before any user exists", () => {
    const engine = testEngine();
    const settings = 'plugins.security.authcz.admin_dn: ["CN=admin,O=berth"]\ndiscovery.type: single-node';
    engine.start({ name: "n1", ip: A, image: OPENSEARCH.image ?? "", settings });
    engine.clock.advance(20_000);
    const request = { method: "GET", path: "/_cluster/health" };
    expect(engine.runtime.call(A, request).status).toBe(503);
    expect(engine.runtime.call(A, { ...request, certificateSubject: "O=berth\nCN=admin" }).status).toBe(200);
    expect(engine.runtime.call(A, { ...request, certificateSubject: "CN=other,O=berth" }).status).toBe(503);
  });
});
