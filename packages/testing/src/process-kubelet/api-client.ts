import { Agent, request } from "undici";
import type { KubeObject, WatchEvent } from "./objects.ts";

/** How to reach the API server, and as whom. */
export interface Connection {
  readonly server: string;
  readonly caCertPem: string;
  readonly credential: { readonly certPem: string; readonly keyPem: string } | { readonly token: string };
}

/** An answer of the API server that is no success. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export type Query = Readonly<Record<string, string>>;

/**
 * The few calls that a kubelet makes. Throws ApiError for a refusal, and undici's errors for a broken connection.
 *
 * Not our product's adapter: a fault there must not hide itself by being on both sides.
 */
export interface ApiClient {
  get<T extends KubeObject>(path: string): Promise<T>;
  list<T extends KubeObject>(path: string, query: Query): Promise<{ items: T[]; resourceVersion: string }>;
  create<T extends KubeObject>(path: string, body: object): Promise<T>;
  /** A strategic merge patch: conditions are merged by type, as a kubelet's are. */
  patch(path: string, body: object): Promise<void>;
  /** A merge patch, for lists that must be replaced as a whole. */
  mergePatch(path: string, body: object): Promise<void>;
  replace(path: string, body: object): Promise<void>;
  delete(path: string, options: object): Promise<void>;
  watch(path: string, query: Query, signal: AbortSignal): AsyncIterable<WatchEvent>;
  close(): void;
}

const REQUEST_TIMEOUT_MS = 30_000;

export function apiClient(connection: Connection): ApiClient {
  const { credential } = connection;
  const identity = "certPem" in credential ? { cert: credential.certPem, key: credential.keyPem } : {};
  const agent = new Agent({
    connect: { ca: connection.caCertPem, ...identity },
    headersTimeout: REQUEST_TIMEOUT_MS,
    bodyTimeout: 0, // Watches are silent for long; calls have a signal of their own.
  });
  const authorization = "token" in credential ? { authorization: `Bearer ${credential.token}` } : {};

  async function send(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    options: { body?: object; contentType?: string; query?: Query; signal?: AbortSignal } = {},
  ) {
    const url = new URL(`${connection.server}${path}`);
    for (const [name, value] of Object.entries(options.query ?? {})) url.searchParams.set(name, value);
    const { body, contentType = "application/json", signal } = options;
    const answer = await request(url, {
      method,
      dispatcher: agent,
      headers: {
        accept: "application/json",
        ...authorization,
        ...(body !== undefined && { "content-type": contentType }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    if (answer.statusCode < 300) return answer.body;
    throw new ApiError(answer.statusCode, `${method} ${path}: ${messageOf(await answer.body.text())}`);
  }

  const call = async <T>(...args: Parameters<typeof send>): Promise<T> => (await (await send(...args)).json()) as T;
  const forget = async (...args: Parameters<typeof send>): Promise<void> => (await send(...args)).dump();

  return {
    get: (path) => call("GET", path),
    list: async <T>(path: string, query: Query) => {
      const list = await call<{ items: T[]; metadata: { resourceVersion: string } }>("GET", path, { query });
      return { items: list.items, resourceVersion: list.metadata.resourceVersion };
    },
    create: (path, body) => call("POST", path, { body }),
    patch: (path, body) => forget("PATCH", path, { body, contentType: "application/strategic-merge-patch+json" }),
    mergePatch: (path, body) => forget("PATCH", path, { body, contentType: "application/merge-patch+json" }),
    replace: (path, body) => forget("PUT", path, { body }),
    delete: (path, body) => forget("DELETE", path, { body }),
    watch: async function* (path, query, signal) {
      const body = await send("GET", path, { query: { ...query, watch: "true" }, signal });
      let rest = "";
      for await (const chunk of body.setEncoding("utf8")) {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line !== "") yield JSON.parse(line) as WatchEvent;
      }
    },
    close: () => void agent.destroy(),
  };
}

function messageOf(body: string): string {
  try {
    return (JSON.parse(body) as { message?: string }).message ?? body;
  } catch {
    return body.slice(0, 300);
  }
}
