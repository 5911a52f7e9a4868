import type { ClusterState, EngineWorld, NodeProcess } from "../model/state.ts";
import type { BasicAuth, Principal } from "../security/authenticate.ts";
import type { Credentials } from "../security/credentials.ts";

/** One request to one node, as either skin hands it over. */
export interface EngineRequest {
  readonly method: string;
  /** Path alone, still percent-encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly auth?: BasicAuth;
  /** Subject of a verified client certificate. */
  readonly certificateSubject?: string;
  /** Parsed JSON, or text (which is parsed where JSON is wanted, and read by lines in _bulk). */
  readonly body?: unknown;
}

export interface EngineResponse {
  readonly status: number;
  /** JSON value, or text where the engine answers text. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * An answer that may have to wait for a condition: on the real clock the skin looks again and again until the time is
 * over, on the virtual clock (which stands still during a call) the time is over at once.
 */
export interface Waiting {
  readonly timeoutMs: number;
  ready(): Outcome | undefined;
  expired(): EngineResponse;
}

export type Outcome = EngineResponse | Waiting;

export const isWaiting = (outcome: Outcome): outcome is Waiting => "ready" in outcome;

/** What a handler works with. `params` are decoded parts of the path. */
export interface RestContext {
  readonly world: EngineWorld;
  readonly credentials: Credentials;
  readonly node: NodeProcess;
  /** Undefined before the node has joined anything. */
  readonly cluster: ClusterState | undefined;
  readonly request: EngineRequest;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly principal: Principal | undefined;
  /** To be called after a change of the cluster's state: votes and shards follow at once. */
  changed(cluster: ClusterState): void;
}

/** A refusal in the engines' error format. */
export class RestError extends Error {
  readonly status: number;
  readonly type: string;
  readonly reason: string | null;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, type: string, reason: string | null, details: Readonly<Record<string, unknown>> = {}) {
    super(reason ?? type);
    this.status = status;
    this.type = type;
    this.reason = reason;
    this.details = details;
  }
}

export const json = (body: unknown, status = 200): EngineResponse => ({ status, body });

export function errorResponse(error: RestError): EngineResponse {
  const cause = { type: error.type, reason: error.reason, ...error.details };
  return { status: error.status, body: { error: { root_cause: [cause], ...cause }, status: error.status } };
}

/** OpenSearch renamed the master in 2.0, and the exception with it. */
export function noMaster(node: NodeProcess): RestError {
  const manager = node.config.engine === "opensearch" ? "cluster_manager" : "master";
  return new RestError(503, `${manager}_not_discovered_exception`, null);
}

export const illegalArgument = (reason: string): RestError => new RestError(400, "illegal_argument_exception", reason);

export const indexNotFound = (index: string): RestError =>
  new RestError(404, "index_not_found_exception", `no such index [${index}]`, {
    "resource.type": "index_or_alias",
    "resource.id": index,
    index_uuid: "_na_",
    index,
  });

/** The body as an object; empty when there is none. */
export function bodyObject(request: EngineRequest): Record<string, unknown> {
  const { body } = request;
  if (body === undefined || body === null || body === "") return {};
  if (typeof body !== "string") return body as Record<string, unknown>;
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Falls through to the refusal.
  }
  throw new RestError(400, "parse_exception", "request body is not valid JSON");
}

export function flag(query: Readonly<Record<string, string>>, name: string, fallback: boolean): boolean {
  const value = query[name];
  return value === undefined ? fallback : value === "" || value === "true";
}
