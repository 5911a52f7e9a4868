import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type Engine, type EngineShard, type EngineTarget, isPortError } from "@berth/ports";
import { waitFor } from "../wait-for.ts";
import type { ConformanceCase } from "./case.ts";

export interface EngineEnv {
  /** A formed cluster of three instances that do everything, reached as Berth's own user. */
  readonly target: EngineTarget;
  readonly clusterName: string;
  readonly nodeNames: readonly string[];
  /** A loopback address where nothing listens. */
  readonly deadAddress: string;
  readonly patienceMs: number;
  /** One request of anybody, as a customer's own client would make it. */
  raw(who: Login, method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
}

interface Login {
  readonly username: string;
  readonly password: string;
}

type EngineCase = ConformanceCase<Engine, EngineEnv>;

const unique = (prefix: string): string => `${prefix}-${randomBytes(5).toString("hex")}`;
/** Long and random: OpenSearch refuses what is easy to guess. */
const password = (): string => `Aa1!${randomBytes(18).toString("base64url")}`;

/** What Berth relies on in an engine. Sources: docs/engine-pods.md and shared real-parts notes (2026-11). */
export const ENGINE_CASES: readonly EngineCase[] = [
  {
    name: "a formed cluster tells its name, its uuid and its version",
    run: async (engine, { target, clusterName, nodeNames }) => {
      const identity = await engine.identity(target);
      assert.equal(identity.clusterName, clusterName);
      assert.match(identity.clusterUuid ?? "", /^[A-Za-z0-9_-]{20,24}$/);
      assert.ok(nodeNames.includes(identity.nodeName));
      assert.equal(identity.version, target.version);
    },
  },
  {
    name: "health counts the nodes and is green",
    run: async (engine, env) => {
      const health = await waitFor(
        async () => {
          const now = await engine.health(env.target);
          return now.status === "green" && now;
        },
        { timeoutMs: env.patienceMs, what: "green" },
      );
      assert.deepEqual([health.nodes, health.dataNodes, health.unassignedShards], [3, 3, 0]);
      assert.equal(health.timedOut, false);
    },
  },
  {
    name: "nodes come with name, address, version, roles and zone",
    run: async (engine, { target, nodeNames }) => {
      const nodes = await engine.nodes(target);
      assert.deepEqual(nodes.map(({ name }) => name).sort(), [...nodeNames].sort());
      assert.deepEqual(nodes.map(({ address }) => address).sort(), [...target.addresses].sort());
      for (const node of nodes) {
        assert.equal(node.version, target.version);
        assert.ok(node.roles.includes("data") && node.roles.includes(target.capabilities.managerWord));
        assert.match(node.attributes.zone ?? "", /^zone-/);
      }
    },
  },
  {
    name: "shards tell where each copy is",
    run: async (engine, env) => {
      const index = unique("index");
      const admin = await newAdmin(engine, env);
      const settings = { index: { number_of_shards: 2, number_of_replicas: 1 } };
      assert.equal((await env.raw(admin, "PUT", `/${index}`, { settings })).status, 200);
      const copies = await waitFor(
        async () => {
          const shards = (await engine.shards(env.target)).filter((shard) => shard.index === index);
          return shards.length === 4 && shards.every(({ state }) => state === "STARTED") ? shards : undefined;
        },
        { timeoutMs: env.patienceMs, what: "four started copies" },
      );
      const of = (number: number): EngineShard[] => copies.filter(({ shard }) => shard === number);
      for (const shard of [0, 1]) {
        assert.deepEqual(
          of(shard)
            .map(({ primary }) => primary)
            .sort(),
          [false, true],
        );
        assert.equal(new Set(of(shard).map(({ node }) => node)).size, 2);
      }
      assert.ok(
        copies.every(({ node, relocatingTo }) => env.nodeNames.includes(node ?? "") && relocatingTo === undefined),
      );
      await env.raw(admin, "DELETE", `/${index}`);
    },
  },
  {
    name: "a copy without a place is unassigned and on no node",
    run: async (engine, env) => {
      const index = unique("index");
      const admin = await newAdmin(engine, env);
      const settings = { index: { number_of_shards: 1, number_of_replicas: 3 } };
      await env.raw(admin, "PUT", `/${index}`, { settings });
      const homeless = await waitFor(
        async () =>
          (await engine.shards(env.target)).find((shard) => shard.index === index && shard.node === undefined),
        { timeoutMs: env.patienceMs, what: "an unassigned copy" },
      );
      assert.deepEqual([homeless.state, homeless.primary], ["UNASSIGNED", false]);
      assert.equal((await engine.health(env.target)).status, "yellow");
      await env.raw(admin, "DELETE", `/${index}`);
    },
  },
  {
    name: "an excluded node leaves the voting configuration, and comes back when exclusions are cleared",
    run: async (engine, env) => {
      const { target } = env;
      const ids = new Map((await engine.nodes(target)).map(({ name, nodeId }) => [name, nodeId]));
      const full = await untilVoters(engine, env, 3);
      assert.deepEqual([...full].sort(), [...ids.values()].sort());
      const [name = ""] = env.nodeNames;
      await engine.addVotingExclusion(target, name);
      const rest = await waitFor(
        async () => {
          const voters = await engine.votingConfiguration(target);
          return !voters.includes(ids.get(name) ?? "") && voters;
        },
        { timeoutMs: env.patienceMs, what: "the node to leave the configuration" },
      );
      assert.ok(rest.length > 0);
      await engine.clearVotingExclusions(target);
      await untilVoters(engine, env, 3);
      await engine.clearVotingExclusions(target);
    },
  },
  {
    name: "excluding a name that no node has does no harm",
    run: async (engine, env) => {
      await engine.addVotingExclusion(env.target, unique("nobody"));
      assert.equal((await engine.votingConfiguration(env.target)).length, 3);
      await engine.clearVotingExclusions(env.target);
    },
  },
  {
    name: "the customers' roles can be put again and again",
    run: async (engine, { target }) => {
      await engine.putCustomerRoles(target);
      await engine.putCustomerRoles(target);
    },
  },
  {
    name: "a customer's admin may do all with indices",
    run: async (engine, env) => {
      const admin = await newAdmin(engine, env);
      const index = unique("index");
      const may = async (method: string, path: string, body?: unknown): Promise<void> => {
        const { status } = await env.raw(admin, method, path, body);
        assert.ok(status < 300, `${method} ${path}: ${status}`);
      };
      await may("GET", "/");
      await may("GET", "/_cluster/health");
      await may("GET", "/_cat/indices");
      await may("PUT", `/${index}`, { settings: { number_of_replicas: 0 } });
      await may("POST", `/${index}/_doc?refresh=true`, { text: "hello" });
      await may("POST", `/${index}/_search`, { query: { match_all: {} } });
      await may("PUT", `/${index}/_settings`, { index: { number_of_replicas: 1 } });
      await may("DELETE", `/${index}`);
    },
  },
  {
    name: "a customer's admin may keep index templates",
    run: async (engine, env) => {
      const admin = await newAdmin(engine, env);
      const path = `/_index_template/${unique("template")}`;
      const template = { index_patterns: [`${unique("index")}-*`], template: {} };
      assert.equal((await env.raw(admin, "PUT", path, template)).status, 200);
      assert.equal((await env.raw(admin, "DELETE", path)).status, 200);
    },
  },
  {
    name: "a customer's admin may touch nothing that orchestration or security rests on",
    run: async (engine, env) => {
      const admin = await newAdmin(engine, env);
      const [node = ""] = env.nodeNames;
      const settings = { persistent: { "cluster.routing.allocation.enable": "none" } };
      const attempts: [string, string, unknown?][] = [
        ["PUT", "/_cluster/settings", settings],
        ["PUT", "/_cluster/settings", { transient: { "cluster.routing.allocation.exclude._name": node } }],
        ["POST", `/_cluster/voting_config_exclusions?node_names=${node}`],
        ["DELETE", "/_cluster/voting_config_exclusions?wait_for_removal=false"],
        ["POST", "/_cluster/reroute", { commands: [] }],
        ...(env.target.capabilities.securityFlavour === "x-pack" ? X_PACK_ATTEMPTS : OPENSEARCH_ATTEMPTS),
      ];
      for (const [method, path, body] of attempts) {
        const { status } = await env.raw(admin, method, path, body);
        assert.equal(status, 403, `${method} ${path}: ${status}`);
      }
    },
  },
  {
    name: "a customer's reader may search and nothing else",
    run: async (engine, env) => {
      const admin = await newAdmin(engine, env);
      const index = unique("index");
      await env.raw(admin, "PUT", `/${index}`, { settings: { number_of_replicas: 0 } });
      await env.raw(admin, "POST", `/${index}/_doc?refresh=true`, { text: "hello" });
      const reader = { username: unique("reader"), password: password() };
      await engine.putUser(env.target, { ...reader, role: "customer_read" });
      await untilLogin(env, reader);
      const status = async (method: string, path: string, body?: unknown): Promise<number> =>
        (await env.raw(reader, method, path, body)).status;
      assert.equal(await status("POST", `/${index}/_search`, { query: { match_all: {} } }), 200);
      assert.equal(await status("GET", "/_cluster/health"), 200);
      assert.equal(await status("POST", `/${index}/_doc`, { text: "no" }), 403);
      assert.equal(await status("DELETE", `/${index}`), 403);
      assert.equal(await status("PUT", `/${unique("index")}`), 403);
      const settings = { persistent: { "cluster.routing.allocation.enable": "none" } };
      assert.equal(await status("PUT", "/_cluster/settings", settings), 403);
      await env.raw(admin, "DELETE", `/${index}`);
    },
  },
  {
    name: "Berth's own user sees shards and settings, and reads no documents",
    run: async (engine, env) => {
      const admin = await newAdmin(engine, env);
      const index = unique("index");
      await env.raw(admin, "PUT", `/${index}`, { settings: { number_of_replicas: 0 } });
      await env.raw(admin, "POST", `/${index}/_doc?refresh=true`, { text: "secret" });
      const { status } = await env.raw(env.target, "POST", `/${index}/_search`, { query: { match_all: {} } });
      assert.equal(status, 403);
      assert.ok((await engine.shards(env.target)).some((shard) => shard.index === index));
      const settings = { persistent: { "cluster.routing.allocation.exclude._name": "nobody" } };
      assert.equal((await env.raw(env.target, "PUT", "/_cluster/settings", settings)).status, 200);
      const reset = { persistent: { "cluster.routing.allocation.exclude._name": null } };
      assert.equal((await env.raw(env.target, "PUT", "/_cluster/settings", reset)).status, 200);
      await env.raw(admin, "DELETE", `/${index}`);
    },
  },
  {
    name: "putting a user again gives it the new password and takes the old one",
    run: async (engine, env) => {
      const before = await newAdmin(engine, env);
      const after = { username: before.username, password: password() };
      await engine.putUser(env.target, { ...after, role: "customer_admin" });
      await untilLogin(env, after);
      await waitFor(async () => (await env.raw(before, "GET", "/")).status === 401, {
        timeoutMs: env.patienceMs,
        what: "the old password to be refused",
      });
    },
  },
  {
    name: "a deleted user is refused; deleting it again says that there was none",
    run: async (engine, env) => {
      const admin = await newAdmin(engine, env);
      assert.equal(await engine.deleteUser(env.target, admin.username), true);
      assert.equal(await engine.deleteUser(env.target, admin.username), false);
      await waitFor(async () => (await env.raw(admin, "GET", "/")).status === 401, {
        timeoutMs: env.patienceMs,
        what: "the user to be refused",
      });
    },
  },
  {
    name: "names of the engine's and of Berth's own users are invalid, and so is a path",
    run: async (engine, { target }) => {
      for (const username of ["berth", "elastic", "_x", "../role/x", "a/b", ""]) {
        const put = engine.putUser(target, { username, password: password(), role: "customer_admin" });
        await assert.rejects(put, (error) => isPortError(error, "invalid"), username);
      }
    },
  },
  {
    name: "a password that the engine finds too weak is invalid",
    run: async (engine, { target }) => {
      const put = engine.putUser(target, { username: unique("weak"), password: "abc", role: "customer_read" });
      await assert.rejects(put, (error) => isPortError(error, "invalid"));
    },
  },
  {
    name: "a wrong password is denied",
    run: async (engine, { target }) => {
      const wrong = engine.health({ ...target, password: "wrong" });
      await assert.rejects(wrong, (error) => isPortError(error, "denied"));
    },
  },
  {
    name: "an address that does not answer costs nothing but the next one's turn; none at all is unavailable",
    run: async (engine, { target, deadAddress }) => {
      const [first = ""] = target.addresses;
      const health = await engine.health({ ...target, addresses: [deadAddress, first] });
      assert.equal(health.nodes, 3);
      for (const addresses of [[deadAddress], []]) {
        await assert.rejects(engine.health({ ...target, addresses }), (error) => isPortError(error, "unavailable"));
      }
    },
  },
  {
    name: "a certificate of another name is unavailable, never spoken to",
    run: async (engine, { target }) => {
      const other = engine.health({ ...target, serverName: "http.cl-other.svc" });
      await assert.rejects(other, (error) => isPortError(error, "unavailable"));
    },
  },
];

const X_PACK_ATTEMPTS: [string, string, unknown?][] = [
  ["PUT", "/_security/user/mallory", { password: "abcdef123", roles: ["superuser"] }],
  ["PUT", "/_security/role/mine", { cluster: ["all"] }],
  ["PUT", "/_security/role/berth_customer_admin", { cluster: ["all"] }],
];
const OPENSEARCH_ATTEMPTS: [string, string, unknown?][] = [
  ["PUT", "/_plugins/_security/api/internalusers/mallory", { password: password() }],
  ["PUT", "/_plugins/_security/api/roles/mine", { cluster_permissions: ["*"] }],
  ["PUT", "/_plugins/_security/api/rolesmapping/all_access", { users: ["mallory"] }],
];

async function newAdmin(engine: Engine, env: EngineEnv): Promise<Login> {
  const admin = { username: unique("admin"), password: password() };
  await engine.putCustomerRoles(env.target);
  await engine.putUser(env.target, { ...admin, role: "customer_admin" });
  await untilLogin(env, admin);
  return admin;
}

/** Each node learns of a user on its own. */
async function untilLogin(env: EngineEnv, login: Login): Promise<void> {
  await waitFor(async () => (await env.raw(login, "GET", "/_cluster/health")).status === 200, {
    timeoutMs: env.patienceMs,
    what: `${login.username} to be known`,
  });
}

async function untilVoters(engine: Engine, env: EngineEnv, count: number): Promise<string[]> {
  return await waitFor(
    async () => {
      const voters = await engine.votingConfiguration(env.target);
      return voters.length === count && voters;
    },
    { timeoutMs: env.patienceMs, what: `${count} voters` },
  );
}
