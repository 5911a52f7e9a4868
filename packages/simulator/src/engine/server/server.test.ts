import "reflect-metadata";
import type { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { Agent, request } from "undici";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { realSimulationClock } from "../../clock.ts";
import { seededRandom } from "../../random.ts";
import { QUICK_ENGINE_TIMINGS } from "../model/timings.ts";
import { createEngineRuntime, type EngineRuntime } from "../runtime.ts";
import { OPERATOR, OPERATOR_HASH, testPod } from "../testing.ts";
import { type EngineServers, startEngineServers } from "./server.ts";

const ADDRESSES = ["127.71.0.1", "127.71.0.2", "127.71.0.3"] as const;
const [A, B, C] = ADDRESSES;

interface Issued {
  readonly certPem: string;
  readonly keyPem: string;
}
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
let ca: { readonly certificate: x509.X509Certificate; readonly keys: webcrypto.CryptoKeyPair };

async function makeCa(): Promise<typeof ca> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const extensions = [new x509.BasicConstraintsExtension(true, undefined, true)];
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=test authority",
    keys,
    signingAlgorithm: algorithm,
    extensions,
  });
  return { certificate, keys };
}

async function issue(serialNumber: string): Promise<Issued> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber,
    subject: "CN=nodes,O=berth",
    issuer: ca.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: ca.keys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: "nodes.cl-test.svc" }])],
  });
  const key = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return {
    certPem: certificate.toString("pem"),
    keyPem: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
  };
}

const SETTINGS = [
  "xpack.security.enabled: true",
  "xpack.security.http.ssl.enabled: true",
  "xpack.security.http.ssl.certificate: certs/tls.crt",
  "xpack.security.http.ssl.key: certs/tls.key",
  "xpack.security.http.ssl.certificate_authorities: [certs/ca.crt]",
].join("\n");

function filesWith(issued: Issued) {
  return {
    "ca.crt": ca.certificate.toString("pem"),
    "tls.crt": issued.certPem,
    "tls.key": issued.keyPem,
    users: `operator:${OPERATOR_HASH}\n`,
    users_roles: "superuser:operator\n",
  };
}

let runtime: EngineRuntime;
let servers: EngineServers;
let agent: Agent;

const podOf = (index: number, issued: Issued) =>
  testPod({
    name: `n${index + 1}`,
    ip: ADDRESSES[index] ?? "",
    seeds: ADDRESSES,
    initialMasters: ["n1", "n2", "n3"],
    settings: SETTINGS,
    files: filesWith(issued),
  });

async function call(
  address: string,
  path: string,
  options: { method?: string; body?: unknown; login?: typeof OPERATOR | null } = {},
) {
  const { method = "GET", body, login = OPERATOR } = options;
  const answer = await request(`https://${address}:9200${path}`, {
    dispatcher: agent,
    method: method as "GET",
    headers: {
      ...(login === null
        ? {}
        : { authorization: `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.body.text();
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text,
  };
}

beforeAll(async () => {
  ca = await makeCa();
  const clock = realSimulationClock(5);
  runtime = createEngineRuntime({ clock, random: seededRandom(3), timings: QUICK_ENGINE_TIMINGS });
  servers = startEngineServers({ runtime, clock });
  agent = new Agent({
    connect: { ca: ca.certificate.toString("pem"), servername: "nodes.cl-test.svc" },
    keepAliveTimeout: 10,
  });
  const issued = await issue("01");
  for (const index of [0, 1, 2]) runtime.start(podOf(index, issued));
  await vi.waitFor(async () => expect((await call(A, "/_cluster/health")).body).toMatchObject({ number_of_nodes: 3 }), {
    timeout: 5000,
  });
});
afterAll(async () => {
  await agent.destroy();
  await servers.close();
});

test("each node answers at its own address over TLS, and says that it is simulated", async () => {
  for (const [index, address] of [A, B, C].entries()) {
    const answer = await call(address, "/");
    expect(answer.body).toMatchObject({ name: `n${index + 1}`, cluster_name: "logs" });
    expect(answer.headers).toMatchObject({ "x-berth-simulated": "true", "x-elastic-product": "Elasticsearch" });
  }
});

test("logins, refusals and challenges come through", async () => {
  expect((await call(A, "/", { login: null })).status).toBe(401);
  expect(
    (await call(A, "/", { login: { username: "operator", password: "wrong" } })).headers["www-authenticate"],
  ).toContain("Basic");
});

test("a document written at one node is found at another", async () => {
  expect((await call(A, "/books/_doc/1?refresh=true", { method: "PUT", body: { title: "x" } })).status).toBe(201);
  expect((await call(B, "/books/_search?q=title:x")).body.hits.total.value).toBe(1);
  expect((await call(C, "/books", { method: "HEAD" })).status).toBe(200);
});

test("health waits for its condition until it holds, or 408 when the time is over", async () => {
  await call(A, "/green", { method: "PUT", body: { settings: { number_of_replicas: 2 } } });
  const waited = await call(A, "/_cluster/health/green?wait_for_status=green&timeout=30s");
  expect(waited).toMatchObject({ status: 200, body: { status: "green", timed_out: false } });
  expect(await call(A, "/_cluster/health?wait_for_nodes=9&timeout=1s")).toMatchObject({
    status: 408,
    body: { timed_out: true },
  });
});

test("a renewed certificate is served from the next connection on", async () => {
  const renewed = await issue("0a0b");
  const serial = async () => (await call(A, "/_ssl/certificates")).body[0].serial_number;
  expect(await serial()).toBe("01");
  runtime.refreshFiles("uid-n1", podOf(0, renewed).files);
  expect(await serial()).toBe("0a0b");
});

test("a body in another language than JSON is refused", async () => {
  const answer = await request(`https://${A}:9200/x/_doc/1`, {
    dispatcher: agent,
    method: "PUT",
    body: "a=b",
    headers: { "content-type": "text/plain" },
  });
  expect(answer.statusCode).toBe(406);
  await answer.body.dump();
});

test("a stopped pod refuses connections, a frozen one says nothing", async () => {
  runtime.stop("uid-n3", 0);
  await vi.waitFor(() => expect(call(C, "/")).rejects.toMatchObject({ code: "ECONNREFUSED" }), { timeout: 3000 });
  runtime.faults.freeze(B, true);
  const asked = request(`https://${B}:9200/`, { dispatcher: agent, headersTimeout: 300 });
  await expect(asked).rejects.toMatchObject({ code: "UND_ERR_HEADERS_TIMEOUT" });
  runtime.faults.freeze(B, false);
  expect((await call(B, "/")).status).toBe(200);
});
