import { createHash } from "node:crypto";
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { SimulationClock } from "../../clock.ts";
import { findText } from "../model/settings.ts";
import type { NodeProcess } from "../model/state.ts";
import { type EngineRequest, type EngineResponse, isWaiting, type Outcome } from "../rest/http.ts";
import { type EngineRuntime, EngineUnreachable } from "../runtime.ts";
import { createListeners } from "./listeners.ts";

export interface EngineServerOptions {
  readonly runtime: EngineRuntime;
  readonly clock: SimulationClock;
  /** Ports that could not be opened; the pod's address is then unreachable. */
  readonly onError?: (address: string, error: Error) => void;
}

export interface EngineServers {
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 100 * 1024 * 1024;
const LOOK_AGAIN_MS = 100;
/** Contexts are kept for as many certificates; the oldest goes first. */
const MAX_TLS_SERVERS = 2_000;

/**
 * Opens each simulated node's HTTP port on its pod address (loopback ones alone), with TLS from the mounted certificate.
 *
 * The certificate is looked up for each connection, so a refreshed Secret is served from the next connection on. Pods that
 * share a certificate share one TLS server, made when the first connection comes.
 */
export function startEngineServers(options: EngineServerOptions): EngineServers {
  const { runtime, clock } = options;
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    answer(runtime, clock, request, response).catch((error: unknown) => {
      if (!response.headersSent)
        send(request, response, undefined, { status: 500, body: { error: String(error), status: 500 } });
    });
  };
  const plain = createHttpServer(handle);
  const secure = new Map<string, Server>();

  const serverFor = (node: NodeProcess): Server | undefined => {
    const tls = node.config.httpTls;
    if (tls === undefined) return plain;
    const cert = findText(node.pod.files, tls.certificate);
    const key = findText(node.pod.files, tls.key);
    if (cert === undefined || key === undefined) return undefined;
    const ca = tls.ca === undefined ? undefined : findText(node.pod.files, tls.ca);
    const id = createHash("sha256")
      .update(`${cert}\n${key}\n${ca ?? ""}`)
      .digest("base64");
    const known = secure.get(id);
    if (known !== undefined) return known;
    const oldest = secure.keys().next().value;
    if (secure.size >= MAX_TLS_SERVERS && oldest !== undefined) secure.delete(oldest);
    const made = createHttpsServer(
      { cert, key, ...(ca === undefined ? {} : { ca }), requestCert: true, rejectUnauthorized: false },
      handle,
    );
    made.on("tlsClientError", (_error, socket) => socket.destroy());
    secure.set(id, made);
    return made;
  };

  const onConnection = (socket: Socket): void => {
    const node = processAt(runtime, socket.localAddress);
    try {
      const server = node === undefined ? undefined : serverFor(node);
      if (server === undefined) socket.destroy();
      else server.emit("connection", socket);
    } catch {
      // A certificate that does not parse: the real engine would fail the handshake, too.
      socket.destroy();
    }
  };
  const listeners = createListeners(onConnection, options.onError ?? (() => {}));

  let due = false;
  const follow = (): void => {
    if (due) return;
    due = true;
    // Many changes come in one turn; ports follow once.
    setImmediate(() => {
      due = false;
      const wanted = runtime.listening().filter((node) => node.pod.podIp.startsWith("127."));
      listeners.set(wanted.map((node) => ({ address: node.pod.podIp, port: node.config.httpPort, key: node.uid })));
    });
  };
  runtime.onChange(follow);
  follow();
  return {
    close: async () => {
      await listeners.close();
      plain.close();
      for (const server of secure.values()) server.close();
    },
  };
}

function processAt(runtime: EngineRuntime, address: string | undefined): NodeProcess | undefined {
  return runtime.listening().find((node) => node.pod.podIp === address);
}

async function answer(
  runtime: EngineRuntime,
  clock: SimulationClock,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const address = request.socket.localAddress ?? "";
  const node = processAt(runtime, address);
  const asked = await engineRequestOf(request);
  if ("refusal" in asked) return send(request, response, node, asked.refusal);
  try {
    await runtime.prepare(address, asked);
    const outcome = await settled(clock, response, runtime.request(address, asked));
    if (outcome !== undefined) send(request, response, node, outcome);
  } catch (error) {
    if (!(error instanceof EngineUnreachable)) throw error;
    // A frozen process keeps its connections open and says nothing; a dead one has lost them.
    if (error.reason === "refused") response.destroy();
  }
}

/** Looks again until the condition holds or the time is over; undefined when the client has gone. */
async function settled(
  clock: SimulationClock,
  response: ServerResponse,
  first: Outcome,
): Promise<EngineResponse | undefined> {
  let outcome = first;
  let startedAt = clock.now();
  while (isWaiting(outcome)) {
    if (response.destroyed) return undefined;
    const ready = outcome.ready();
    if (ready !== undefined) {
      // What comes after one wait may wait again, for as long as it likes.
      outcome = ready;
      startedAt = clock.now();
      continue;
    }
    const leftMs = outcome.timeoutMs - (clock.now() - startedAt);
    if (leftMs <= 0) return outcome.expired();
    await new Promise<void>((resolve) => clock.schedule(Math.min(LOOK_AGAIN_MS, leftMs), resolve));
  }
  return outcome;
}

async function engineRequestOf(
  request: IncomingMessage,
): Promise<EngineRequest | { readonly refusal: EngineResponse }> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return { refusal: { status: 413, body: "" } };
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks).toString("utf8");
  const type = request.headers["content-type"] ?? "";
  if (body !== "" && !/^application\/(json|x-ndjson|vnd\.elasticsearch\+(json|x-ndjson))\b/.test(type)) {
    return { refusal: { status: 406, body: { error: `Content-Type header [${type}] is not supported`, status: 406 } } };
  }
  const url = new URL(request.url ?? "/", "http://node");
  const auth = basicAuth(request.headers.authorization);
  const subject = certificateSubject(request.socket);
  return {
    method: request.method ?? "GET",
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    body,
    ...(auth === undefined ? {} : { auth }),
    ...(subject === undefined ? {} : { certificateSubject: subject }),
  };
}

function basicAuth(header: string | undefined): EngineRequest["auth"] {
  const match = /^Basic (.+)$/i.exec(header ?? "");
  if (match === null) return undefined;
  const text = Buffer.from(match[1] ?? "", "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function certificateSubject(socket: Socket): string | undefined {
  const tls = socket as TLSSocket;
  if (tls.encrypted !== true || !tls.authorized) return undefined;
  const { subject } = tls.getPeerCertificate();
  return subject === undefined
    ? undefined
    : Object.entries(subject)
        .map(([name, value]) => `${name}=${value}`)
        .join(",");
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  node: NodeProcess | undefined,
  { status, body, headers }: EngineResponse,
): void {
  if (response.destroyed) return;
  const isText = typeof body === "string";
  const content = isText ? body : JSON.stringify(body, null, /[?&]pretty(=true)?(&|$)/.test(request.url ?? "") ? 2 : 0);
  response.writeHead(status, {
    "content-type": isText ? "text/plain; charset=UTF-8" : "application/json",
    "content-length": Buffer.byteLength(content),
    ...(node?.config.engine === "elasticsearch" ? { "x-elastic-product": "Elasticsearch" } : {}),
    ...headers,
    // Nobody shall take this for an engine.
    "x-berth-simulated": "true",
  });
  response.end(request.method === "HEAD" ? undefined : content);
}
