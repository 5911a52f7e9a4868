import type { Caller } from "./registry.ts";
import type { WatchStream } from "./watch-hub.ts";

/** One call of the API, as a wire skin or an in-process client makes it. */
export interface ApiRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query?: URLSearchParams | Readonly<Record<string, string | undefined>>;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Text of the body, or the value that it stands for. */
  readonly body?: unknown;
  /** Who calls, when the skin knows already (a client certificate); otherwise the bearer token says. */
  readonly user?: Caller | undefined;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly watch?: WatchStream;
  /** How long the skin should hold the answer back (a fault). */
  readonly delayMs: number;
  /** The call took effect, but its answer is lost on the way (a fault): the skin breaks the connection. */
  readonly dropped: boolean;
}

export function queryOf(request: ApiRequest): URLSearchParams {
  const { query } = request;
  if (query instanceof URLSearchParams) return query;
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) if (value !== undefined) params.set(key, value);
  return params;
}

/** Where a path points to in the API. */
export interface Target {
  readonly apiVersion: string;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/**
 * Reads `/api/v1/…` and `/apis/GROUP/VERSION/…` down to the subresource; undefined when the path has not that form.
 */
export function parseTarget(path: string): Target | undefined {
  const parts = path
    .split("/")
    .filter((part) => part !== "")
    .map(decodeURIComponent);
  const isCore = parts[0] === "api";
  if (!isCore && parts[0] !== "apis") return undefined;
  const apiVersion = isCore ? parts[1] : `${parts[1]}/${parts[2]}`;
  let rest = parts.slice(isCore ? 2 : 3);
  if (apiVersion === undefined || rest.length === 0) return undefined;
  let namespace: string | undefined;
  const NAMESPACE_PARTS = new Set(["status", "finalize"]);
  if (rest[0] === "namespaces" && rest.length > 2 && !(rest.length === 3 && NAMESPACE_PARTS.has(rest[2] ?? ""))) {
    namespace = rest[1];
    rest = rest.slice(2);
  }
  const [plural = "", name, subresource, ...more] = rest;
  if (more.length > 0) return undefined;
  return { apiVersion, plural, namespace, name, subresource };
}
