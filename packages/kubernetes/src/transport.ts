import type { AgentOptions } from "node:https";
import { PortError } from "@berth/ports";
import { HttpMethod, KubeConfig, RequestContext } from "@kubernetes/client-node";
import { Agent, type Dispatcher, errors, request } from "undici";
import { portErrorOf, readStatus } from "./errors.ts";
import type { KubeConnection } from "./kubeconfig.ts";

export interface TransportOptions {
  /** Connections kept open for calls; each carries one call at a time. Watches have their own. */
  readonly connections: number;
  readonly requestTimeoutMs: number;
  readonly maxAnswerBytes: number;
}

export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
}

/**
 * Wire calls to one API server, JSON in and out.
 *
 * Not through the generated client of @kubernetes/client-node: that drops every field newer than itself and turns
 * timestamps into Dates, so what is read could not be written back, and it costs seven times the CPU (docs/adr/0005).
 */
export interface Transport {
  call(call: Call): Promise<unknown>;
  /** The open body of a watch. Its silence is the caller's to judge. */
  stream(call: Call, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  close(): void;
}

interface Access {
  readonly headers: Record<string, string>;
  readonly agent: Dispatcher;
}

/**
 * Who we are and how the server is checked, from client-node; how many connections there may be, from us. Asked once and
 * kept: client-node by itself would open a new agent, and shake hands anew, for every call.
 */
async function openAccess(connection: KubeConnection, bounds: Agent.Options): Promise<Access> {
  const config = kubeConfigOf(connection);
  const context = new RequestContext(connection.server, HttpMethod.GET);
  await config.applySecurityAuthentication(context);
  const tls: AgentOptions = {};
  await config.applyToHTTPSOptions(tls);
  const { ca, cert, key, servername } = tls;
  const dispatch = config.createDispatcherOptions(config.getCurrentCluster(), {
    ca,
    cert,
    key,
    servername,
  } as AgentOptions);
  const connect = { timeout: 10_000, ...("connect" in dispatch ? dispatch.connect : {}) } as Agent.Options["connect"];
  return {
    headers: { ...context.getHeaders(), accept: "application/json", "user-agent": "berth" },
    agent: new Agent({ ...bounds, ...(connect === undefined ? {} : { connect }) }),
  };
}

function kubeConfigOf({ server, caCertPem, tlsServerName, credentials }: KubeConnection): KubeConfig {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    {
      name: "kube",
      server,
      // There is no TLS to check on http, which the parser lets through to loopback addresses alone.
      skipTLSVerify: server.startsWith("http:"),
      ...(caCertPem === undefined ? {} : { caData: base64(caCertPem) }),
      ...(tlsServerName === undefined ? {} : { tlsServerName }),
    },
    credentials.kind === "token"
      ? { name: "berth", token: credentials.token }
      : { name: "berth", certData: base64(credentials.certPem), keyData: base64(credentials.keyPem) },
  );
  return config;
}

export function createTransport(connection: KubeConnection, options: TransportOptions): Transport {
  const headersTimeout = options.requestTimeoutMs;
  const calls = openAccess(connection, {
    headersTimeout,
    bodyTimeout: headersTimeout,
    connections: options.connections,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    maxResponseSize: options.maxAnswerBytes,
  });
  const watches = openAccess(connection, { headersTimeout, bodyTimeout: 0, pipelining: 1 });
  const opened = [calls, watches];
  for (const access of opened) access.catch(() => {}); // The first call tells.

  const send = async (call: Call, access: Promise<Access>, signal?: AbortSignal): Promise<Dispatcher.ResponseData> => {
    const url = new URL(connection.server + call.path);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const { headers, agent } = await access;
    return await request(url, {
      method: call.method,
      dispatcher: agent,
      headers:
        call.body === undefined ? headers : { ...headers, "content-type": call.contentType ?? "application/json" },
      body: call.body === undefined ? null : JSON.stringify(call.body),
      ...(signal === undefined ? {} : { signal }),
    });
  };

  const attempt = async (call: Call): Promise<unknown> => {
    const answer = await send(call, calls);
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw refusalOf(call, answer, text);
    return JSON.parse(text);
  };

  return {
    call: async (call) => {
      try {
        return await attempt(call);
      } catch (error) {
        // A server may close an idle connection in the moment that we use it: a read is safe to send once more.
        if (call.method !== "GET" || !isBrokenSocket(error)) throw asPortError(call, error);
      }
      try {
        return await attempt(call);
      } catch (error) {
        throw asPortError(call, error);
      }
    },
    stream: async (call, signal) => {
      try {
        const answer = await send(call, watches, signal);
        if (answer.statusCode >= 300) throw refusalOf(call, answer, await answer.body.text());
        return answer.body;
      } catch (error) {
        throw asPortError(call, error);
      }
    },
    close: () => {
      for (const access of opened) {
        access.then(
          ({ agent }) => agent.destroy(),
          () => {},
        );
      }
    },
  };
}

function refusalOf(call: Call, answer: Dispatcher.ResponseData, text: string): PortError {
  const retryAfter = answer.headers["retry-after"];
  return portErrorOf(
    readStatus(answer.statusCode, text, typeof retryAfter === "string" ? retryAfter : undefined),
    `${call.method} ${call.path}`,
  );
}

function isBrokenSocket(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return error instanceof errors.SocketError || code === "ECONNRESET" || code === "EPIPE";
}

function asPortError(call: Call, error: unknown): PortError {
  if (error instanceof PortError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new PortError("unavailable", `${call.method} ${call.path}: ${reason}`, { cause: error });
}
