import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type ConfigMap, isPortError, type Kubernetes, type PortErrorKind } from "@berth/ports";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createKubernetes, type KubernetesOptions } from "./client.ts";

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

let server: Server;
let handler: Handler;
let seen: Seen[];
let kube: Kubernetes;
const made: Kubernetes[] = [];

beforeEach(async () => {
  seen = [];
  server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const url = new URL(request.url ?? "", "http://x");
    const { method = "", headers } = request;
    seen.push({ method, path: url.pathname, query: url.searchParams, headers, body });
    handler(request, response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  kube = connect();
});
afterEach(async () => {
  for (const each of made.splice(0)) each.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function connect(options: KubernetesOptions = {}): Kubernetes {
  const { port } = server.address() as AddressInfo;
  const connected = createKubernetes(
    {
      server: `http://127.0.0.1:${port}`,
      caCertPem: undefined,
      tlsServerName: undefined,
      credentials: { kind: "token", token: "secret" },
    },
    options,
  );
  made.push(connected);
  return connected;
}

const answer =
  (status: number, body: unknown, headers: Record<string, string> = {}): Handler =>
  (_request, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };

const failsAs = (kind: PortErrorKind) => (error: unknown) => isPortError(error, kind);
const key = { namespace: "n", name: "one" };
const object: ConfigMap = { apiVersion: "v1", kind: "ConfigMap", metadata: key };
const item = (name: string) => ({ metadata: { name, namespace: "n" } });

describe("calls", () => {
  it("carry the token, and ask for strict validation where something is written", async () => {
    handler = answer(200, object);
    await kube.apply(object, "berth");
    const [call] = seen;
    expect(call?.headers.authorization).toBe("Bearer secret");
    expect(call?.headers["content-type"]).toBe("application/apply-patch+yaml");
    expect(Object.fromEntries(call?.query ?? [])).toEqual({
      fieldManager: "berth",
      force: "true",
      fieldValidation: "Strict",
    });
    expect(`${call?.method} ${call?.path}`).toBe("PATCH /api/v1/namespaces/n/configmaps/one");
  });

  it("never leave the place that a name gives them", async () => {
    handler = answer(404, { kind: "Status", code: 404 });
    await kube.read("ConfigMap", { namespace: "n", name: "../secrets/x" });
    expect(seen[0]?.path).toBe("/api/v1/namespaces/n/configmaps/..%2Fsecrets%2Fx");
    await expect(kube.read("ConfigMap", { namespace: "n", name: ".." })).rejects.toThrow("no name");
    await expect(kube.read("Pod", { name: "one" })).rejects.toThrow("needs a namespace");
    await expect(kube.read("Pod", { namespace: "n", name: "" })).rejects.toThrow("whole collection");
  });

  it("refuse kinds that the port does not have", async () => {
    const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "x" } };
    await expect(kube.apply(role, "berth")).rejects.toSatisfy(failsAs("invalid"));
    expect(seen).toEqual([]);
  });

  it("end at the time limit as unavailable", async () => {
    handler = () => {};
    await expect(connect({ requestTimeoutMs: 100 }).version()).rejects.toSatisfy(failsAs("unavailable"));
  });

  it("do not follow redirects, which would take the token elsewhere", async () => {
    handler = answer(307, "", { location: "http://127.0.0.1:1/" });
    await expect(kube.version()).rejects.toSatisfy(failsAs("unavailable"));
    expect(seen).toHaveLength(1);
  });

  it("are unavailable when nobody listens", async () => {
    const { port } = server.address() as AddressInfo;
    const nobody = createKubernetes({
      server: `http://127.0.0.2:${port}`,
      caCertPem: undefined,
      tlsServerName: undefined,
      credentials: { kind: "token", token: "secret" },
    });
    made.push(nobody);
    await expect(nobody.version()).rejects.toSatisfy(failsAs("unavailable"));
  });

  it("that only read are sent once more when the connection breaks; writes are not", async () => {
    let broken = 0;
    handler = (request, response) => {
      if (broken++ === 0) request.socket.destroy();
      else answer(200, object)(request, response, "");
    };
    await expect(kube.read("ConfigMap", key)).resolves.toEqual(object);
    broken = 0;
    await expect(kube.create(object)).rejects.toSatisfy(failsAs("unavailable"));
    expect(seen.map(({ method }) => method)).toEqual(["GET", "GET", "POST"]);
  });

  it("keep within the connections they were given", async () => {
    let open = 0;
    let most = 0;
    handler = (_request, response) => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open--;
        answer(200, object)(_request, response, "");
      }, 5);
    };
    const narrow = connect({ connections: 3 });
    await Promise.all(Array.from({ length: 30 }, () => narrow.read("ConfigMap", key)));
    expect(most).toBe(3);
  });
});

describe("lists", () => {
  it("go on with the token of each page", async () => {
    handler = (_request, response) => {
      const token = seen.at(-1)?.query.get("continue");
      const page = token === null ? ["a"] : token === "2" ? ["b"] : ["c"];
      const next = token === null ? "2" : token === "2" ? "3" : undefined;
      const metadata = { resourceVersion: "7", ...(next === undefined ? {} : { continue: next }) };
      answer(200, { metadata, items: page.map(item) })(_request, response, "");
    };
    const listed = await kube.list("ConfigMap", { namespace: "n", labelSelector: "a=b" });
    expect(listed.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      "ConfigMap a",
      "ConfigMap b",
      "ConfigMap c",
    ]);
    expect(seen.every(({ query }) => query.get("labelSelector") === "a=b" && query.get("limit") === "500")).toBe(true);
    // A list at version 0 may be older than what was read before.
    expect(seen.every(({ query }) => !query.has("resourceVersion"))).toBe(true);
  });

  it("whose pages expired under way are taken again in one piece", async () => {
    handler = (request, response, body) => {
      const { query } = seen.at(-1) ?? { query: new URLSearchParams() };
      if (query.has("continue")) answer(410, { kind: "Status", code: 410, reason: "Expired" })(request, response, body);
      else if (query.has("limit")) {
        answer(200, { metadata: { continue: "x" }, items: [item("stale")] })(request, response, body);
      } else answer(200, { metadata: {}, items: [item("a"), item("b")] })(request, response, body);
    };
    const listed = await kube.list("ConfigMap");
    expect(listed.map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
  });
});

describe("evictions", () => {
  const blocked = (causes: unknown[], headers = {}) =>
    answer(429, { kind: "Status", code: 429, message: "Cannot evict pod", details: { causes } }, headers);
  const budget = { reason: "DisruptionBudget", message: "The disruption budget data needs 2 healthy pods and has 2" };

  it("name the budget that blocks them and when to come back", async () => {
    handler = blocked([budget], { "retry-after": "10" });
    await expect(kube.evict(key, "u")).resolves.toEqual({ blockedBy: "data", retryAfterMs: 10_000 });
    expect(JSON.parse(seen[0]?.body ?? "")).toMatchObject({ deleteOptions: { preconditions: { uid: "u" } } });
  });

  it("of a server that has too much to do are throttled, not blocked", async () => {
    handler = blocked([]);
    await expect(kube.evict(key, "u")).rejects.toSatisfy(failsAs("throttled"));
  });

  it("of a pod in two budgets are invalid: no wait would help", async () => {
    const message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
    handler = answer(500, { kind: "Status", code: 500, message });
    await expect(kube.evict(key, "u")).rejects.toSatisfy(failsAs("invalid"));
  });
});

describe("what pods use", () => {
  const metrics = (name: string, over: object = {}) => ({
    metadata: { name, namespace: "n" },
    timestamp: "2026-11-28T12:00:15Z",
    window: "15.016s",
    containers: [
      { name: "engine", usage: { cpu: "1234567n", memory: "2097153Ki" } },
      { name: "sidecar", usage: { cpu: "3m", memory: "1048576" } },
    ],
    ...over,
  });

  it("is the sum of a pod's containers, rounded up, at the end of the window", async () => {
    handler = answer(200, { kind: "PodMetricsList", items: [metrics("one")] });
    expect(await kube.podUsage({ labelSelector: "a=b" })).toEqual([
      { name: "one", namespace: "n", cpuMilli: 5, memoryMib: 2050, measuredAt: new Date("2026-11-28T12:00:15Z") },
    ]);
    expect(`${seen[0]?.path} ${seen[0]?.query.get("labelSelector")}`).toBe("/apis/metrics.k8s.io/v1beta1/pods a=b");
  });

  it("is unknown of a pod whose containers were not measured, or whose amounts nobody can read", async () => {
    const odd = { name: "engine", usage: { cpu: "much", memory: "1Ki" } };
    const items = [
      metrics("none", { containers: [] }),
      metrics("odd", { containers: [odd] }),
      metrics("half", { containers: [{ name: "engine", usage: { cpu: "1m" } }] }),
      metrics("when", { timestamp: "" }),
    ];
    handler = answer(200, { kind: "PodMetricsList", items });
    expect(await kube.podUsage()).toEqual([]);
  });

  it("is undefined where nobody serves the Metrics API, and an error where it does not answer now", async () => {
    handler = answer(404, "404 page not found\n", { "content-type": "text/plain" });
    expect(await kube.podUsage()).toBeUndefined();
    handler = answer(503, "service unavailable\n", { "content-type": "text/plain" });
    await expect(kube.podUsage()).rejects.toSatisfy(failsAs("unavailable"));
  });
});

describe("approval", () => {
  it("is not given to a request that was denied", async () => {
    handler = answer(200, {
      metadata: { name: "csr", uid: "u" },
      status: { conditions: [{ type: "Denied", status: "True" }] },
    });
    await expect(kube.approveCertificate("csr", "u", "why")).rejects.toSatisfy(failsAs("conflict"));
    expect(seen.map(({ method }) => method)).toEqual(["GET"]);
  });
});
