import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { findEngineVersion } from "@berth/domain";
import { type EngineTarget, isPortError, type PortErrorKind } from "@berth/ports";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createEngine, type EngineOptions } from "./engine.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let handler: Handler;
let port: number;
let requests: string[];
const engines: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  requests = [];
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url} at ${request.socket.localAddress}`);
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const answers =
  (status: number, body: unknown): Handler =>
  (_request, response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };

const HEALTH = {
  status: "green",
  timed_out: false,
  number_of_nodes: 3,
  number_of_data_nodes: 3,
  active_shards: 4,
  relocating_shards: 0,
  initializing_shards: 0,
  unassigned_shards: 0,
};

/** Without TLS: that half is shown by the conformance suite. */
function target(addresses: readonly string[] = ["127.0.0.1"]): EngineTarget {
  const version = findEngineVersion("elasticsearch", "9.5.3");
  if (version === undefined) throw new Error("the catalogue lost 9.5.3");
  return {
    engine: "elasticsearch",
    version: "9.5.3",
    capabilities: { ...version.capabilities, securityFlavour: "none" },
    addresses,
    caCertPem: "",
    serverName: "",
    username: "",
    password: "",
  };
}

function engine(options: EngineOptions = {}) {
  const made = createEngine({ port, connectTimeoutMs: 500, ...options });
  engines.push(made);
  return made;
}

const failsAs = (kind: PortErrorKind) => (error: unknown) => isPortError(error, kind);

describe("answers", () => {
  it.each<[number, PortErrorKind]>([
    [301, "unavailable"],
    [400, "invalid"],
    [401, "denied"],
    [403, "denied"],
    [404, "not_found"],
    [429, "throttled"],
    [500, "unavailable"],
    [503, "unavailable"],
  ])("with status %i are thrown as %s", async (status, kind) => {
    handler = answers(status, { error: { type: "t", reason: "r" } });
    await expect(engine().nodes(target())).rejects.toSatisfy(failsAs(kind));
  });

  it("of a redirect are not followed", async () => {
    handler = (_request, response) => response.writeHead(302, { location: `http://127.0.0.1:${port}/x` }).end();
    await expect(engine().health(target())).rejects.toSatisfy(failsAs("unavailable"));
    expect(requests).toHaveLength(1);
  });

  it.each([
    ["no JSON", "hello"],
    ["another shape", { status: "blue" }],
    ["a missing field", { ...HEALTH, unassigned_shards: undefined }],
    ["nothing", ""],
  ])("of %s are unavailable, never a guess", async (_what, body) => {
    handler = answers(200, body);
    await expect(engine().health(target())).rejects.toSatisfy(failsAs("unavailable"));
  });

  it("beyond the bound are cut off", async () => {
    handler = answers(200, { ...HEALTH, padding: "x".repeat(100_000) });
    await expect(engine({ maxAnswerBytes: 10_000 }).health(target())).rejects.toSatisfy(failsAs("unavailable"));
  });

  it("that never come end at the time limit", async () => {
    handler = () => {};
    const startedAt = performance.now();
    await expect(engine({ readTimeoutMs: 100 }).health(target())).rejects.toSatisfy(failsAs("unavailable"));
    expect(performance.now() - startedAt).toBeLessThan(3000);
  });

  it("of a health check that waited in vain are health all the same", async () => {
    handler = answers(408, { ...HEALTH, status: "yellow", timed_out: true });
    await expect(engine().health(target())).resolves.toMatchObject({ status: "yellow", timedOut: true });
  });

  it("from a node that has not joined have no uuid", async () => {
    handler = answers(200, { name: "data-0", cluster_name: "c", cluster_uuid: "_na_", version: { number: "9.5.3" } });
    await expect(engine().identity(target())).resolves.toMatchObject({ clusterUuid: undefined });
  });

  it("that leave out a node that failed to answer are unavailable", async () => {
    handler = answers(200, { _nodes: { total: 3, successful: 2, failed: 1 }, nodes: {} });
    await expect(engine().nodes(target())).rejects.toSatisfy(failsAs("unavailable"));
  });
});

describe("addresses", () => {
  it("are tried in turn until one answers, and that one comes first from then on", async () => {
    handler = (request, response) => {
      const down = request.socket.localAddress === "127.0.0.1";
      answers(down ? 503 : 200, down ? {} : HEALTH)(request, response);
    };
    const one = engine();
    await one.health(target(["127.0.0.1", "127.0.0.2"]));
    await one.health(target(["127.0.0.1", "127.0.0.2"]));
    expect(requests.map((request) => request.split(" at ")[1])).toEqual(["127.0.0.1", "127.0.0.2", "127.0.0.2"]);
  });

  it("after one that refused are not asked: a refusal is an answer", async () => {
    handler = answers(403, {});
    await expect(engine().health(target(["127.0.0.1", "127.0.0.2"]))).rejects.toSatisfy(failsAs("denied"));
    expect(requests).toHaveLength(1);
  });

  it("share the time limit of the call", async () => {
    handler = () => {};
    const startedAt = performance.now();
    const all = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
    await expect(engine({ readTimeoutMs: 200 }).health(target(all))).rejects.toSatisfy(failsAs("unavailable"));
    expect(performance.now() - startedAt).toBeLessThan(1500);
    expect(requests).toHaveLength(1);
  });

  it("keep their connections", async () => {
    handler = answers(200, HEALTH);
    const sockets = new Set<unknown>();
    server.on("connection", (socket) => sockets.add(socket));
    const one = engine();
    for (let call = 0; call < 20; call++) await one.health(target());
    expect(sockets.size).toBeLessThanOrEqual(4);
  });
});

describe("shards", () => {
  const shard = { index: "logs", shard: "0", prirep: "p", state: "STARTED", node: "data-0" };
  const read = (rows: unknown) => {
    handler = answers(200, rows);
    return engine().shards(target());
  };

  it("that move name where they are and where they go", async () => {
    const moving = { ...shard, state: "RELOCATING", node: "data-0 -> 127.0.0.1 x8dj-3_k data-2" };
    await expect(read([moving])).resolves.toEqual([
      { index: "logs", shard: 0, primary: true, state: "RELOCATING", node: "data-0", relocatingTo: "data-2" },
    ]);
  });

  it("without a node are on none", async () => {
    const homeless = { ...shard, prirep: "r", state: "UNASSIGNED", node: null };
    await expect(read([homeless])).resolves.toMatchObject([{ primary: false, node: undefined }]);
  });

  it.each([
    ["a node column of another shape", { ...shard, node: "data-0 -> data-2" }],
    ["a started shard on no node", { ...shard, node: null }],
    ["a number that is none", { ...shard, shard: "one" }],
    ["an unknown kind of copy", { ...shard, prirep: "s" }],
  ])("with %s are unavailable: a drain must not pass on them", async (_what, row) => {
    await expect(read([shard, row])).rejects.toSatisfy(failsAs("unavailable"));
  });
});

describe("users", () => {
  it("of an engine without security are invalid", async () => {
    const user = { username: "ada", password: "secret-enough", role: "customer_admin" } as const;
    await expect(engine().putUser(target(), user)).rejects.toSatisfy(failsAs("invalid"));
  });
});
