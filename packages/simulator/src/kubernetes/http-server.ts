import { X509Certificate } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { callerOfCertificate } from "./authentication.ts";
import { kubeconfigText } from "./kubeconfig.ts";
import type { KubernetesModel } from "./model.ts";
import type { Caller } from "./registry.ts";
import type { ApiResponse } from "./request.ts";
import type { WatchEvent, WatchStream } from "./watch-hub.ts";
import { createServerIdentity } from "./x509.ts";

export interface KubernetesServer {
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  /** PEM of the authority that signed the server's certificate. */
  readonly ca: string;
  /** For the administrator: inline CA and token. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

const KEEP_ALIVE_MS = 300_000;
const BODY_LIMIT = 3 * 1024 * 1024;

/**
 * The model on the wire: HTTPS on loopback with the model's own authority, bearer tokens and client certificates,
 * watches as lines of JSON. Every answer says `Server: berth-simulator`.
 */
export async function startKubernetesServer(options: {
  model: KubernetesModel;
  host?: "127.0.0.1";
  port?: number;
}): Promise<KubernetesServer> {
  const { model, host = "127.0.0.1", port = 0 } = options;
  const { authority } = model;
  const seed = Buffer.alloc(32);
  Buffer.from(model.adminToken).copy(seed);
  const identity = createServerIdentity(authority, seed, [host]);
  const server = createServer({
    key: identity.keyPem,
    cert: identity.certificatePem,
    ca: authority.certificatePem,
    requestCert: true,
    rejectUnauthorized: false,
  });
  // Node's 5 s would close connections under clients that are about to use them again; a real API server waits minutes.
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const sockets = new Set<Socket>();
  server.on("secureConnection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("request", (request, response) => {
    serve(model, request, response).catch((error: unknown) => {
      // A fault of the model itself: said aloud, and the client gets what it would get of a broken server.
      process.emitWarning(error instanceof Error ? error : new Error(String(error)));
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  await listen(server, port, host);
  const bound = (server.address() as AddressInfo).port;
  const url = `https://${host}:${bound}`;
  return {
    url,
    port: bound,
    ca: authority.certificatePem,
    kubeconfig: kubeconfigText({ server: url, caPem: authority.certificatePem, token: model.adminToken }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function serve(model: KubernetesModel, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request);
  if (body === undefined) {
    response.writeHead(413, { Connection: "close" }).end();
    return;
  }
  const url = new URL(request.url ?? "/", "https://localhost");
  const answer = model.handle({
    method: request.method ?? "GET",
    path: url.pathname,
    query: url.searchParams,
    headers: {
      authorization: request.headers.authorization,
      "content-type": request.headers["content-type"],
      "user-agent": request.headers["user-agent"],
    },
    body: body === "" ? undefined : body,
    user: certificateCaller(request.socket as TLSSocket),
  });
  if (answer.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, answer.delayMs));
  if (answer.dropped) {
    request.socket.destroy();
    return;
  }
  if (answer.watch === undefined) send(response, answer);
  else stream(response, answer, answer.watch);
}

/** The whole body as text; undefined when it is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size > BODY_LIMIT) return undefined;
    }
  } catch {
    return undefined; // The client went away.
  }
  return Buffer.concat(chunks).toString();
}

const callers = new WeakMap<TLSSocket, Caller>();

function certificateCaller(socket: TLSSocket): Caller | undefined {
  if (!socket.authorized) return undefined;
  const known = callers.get(socket);
  if (known !== undefined) return known;
  const { raw } = socket.getPeerCertificate();
  if (raw === undefined) return undefined;
  const caller = callerOfCertificate(new X509Certificate(raw));
  callers.set(socket, caller);
  return caller;
}

function send(response: ServerResponse, answer: ApiResponse): void {
  const text = typeof answer.body === "string" ? answer.body : encode(answer.body);
  response.writeHead(answer.status, { ...answer.headers, "Content-Length": Buffer.byteLength(text) });
  response.end(text);
}

const texts = new WeakMap<object, string>();

/** JSON of an object that never changes, made once however often it is sent. */
function textOf(object: object): string {
  let text = texts.get(object);
  if (text === undefined) {
    text = JSON.stringify(object);
    texts.set(object, text);
  }
  return text;
}

/** Lists are put together from their items' texts: 1,000 pods are not made anew for each list. */
function encode(body: unknown): string {
  const list = body as { items?: unknown; kind?: unknown } | undefined;
  if (
    list === undefined ||
    !Array.isArray(list.items) ||
    typeof list.kind !== "string" ||
    !list.kind.endsWith("List")
  ) {
    return JSON.stringify(body) ?? "";
  }
  const { items, ...rest } = list;
  const head = JSON.stringify(rest);
  return `${head.slice(0, -1)},"items":[${(items as object[]).map(textOf).join(",")}]}`;
}

function stream(response: ServerResponse, answer: ApiResponse, watch: WatchStream): void {
  response.writeHead(answer.status, { ...answer.headers, "Transfer-Encoding": "chunked" });
  response.flushHeaders();
  response.on("close", () => watch.close());
  watch.open({
    event: (event: WatchEvent) => {
      response.write(`{"type":"${event.type}","object":${textOf(event.object)}}\n`);
    },
    end: (cut) => {
      if (cut) response.destroy();
      else response.end();
    },
  });
}
