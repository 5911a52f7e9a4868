import type { z } from "zod";
import type { RoutePermission } from "./permissions.ts";
import type { ProblemCode } from "./problems.ts";

/** Sections of the documentation, in their order. */
export const TAGS = [
  "account",
  "api_keys",
  "members",
  "projects",
  "catalogue",
  "clusters",
  "credentials",
  "operations",
  "events",
  "audit",
  "admin",
  "health",
] as const;
export type Tag = (typeof TAGS)[number];

/** Headers that some answers carry. */
export const RESPONSE_HEADERS = {
  Location: "Path of the resource.",
  "Operation-Location": "Path of the operation that carries the change out.",
  "Retry-After": "Seconds after which to look again.",
  "Content-Disposition": "The file's name.",
  ETag: 'Version of the answer; of a resource `"g<generation>.s<status version>"`. Send it back in If-None-Match or If-Match.',
} as const;
export type ResponseHeader = keyof typeof RESPONSE_HEADERS;

/** A route that will go: instants as ISO 8601 dates, `successor` the path to use instead. */
export interface Deprecation {
  readonly since: string;
  readonly sunset?: string;
  readonly successor?: string;
}

/** Where an `admin:*` answer names the tenants whose data it shows. */
export interface TenantData {
  /** The member that lists what is shown; the answer itself when absent. */
  readonly within?: string;
  /** Of what is shown: the member that names the organization. */
  readonly organization: string;
  /** And the one that names its cluster, where it is of one. */
  readonly cluster?: string;
}

export interface RouteResponse {
  readonly description: string;
  /** Absent: no body. */
  readonly schema?: z.ZodType;
  readonly headers?: readonly ResponseHeader[];
}

/**
 * One route, said once: the server registers it, the client calls it and the OpenAPI document lists it from this value.
 *
 * `path` has parameters as `{cluster_id}`. `problems` are the codes beyond those that follow from the shape (see
 * `problemsOf`). A success is any status below 400.
 */
export interface RouteShape {
  readonly operationId: string;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: `/${string}`;
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
  readonly permission: RoutePermission;
  /** A key may do this to itself, the `api_key_id` of the path, without the permission. */
  readonly ownKey?: true;
  readonly params?: z.ZodObject;
  /** Strict, as a body is; a route that declares none takes none, and refuses what is sent all the same. */
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly responses: Readonly<Record<number, RouteResponse>>;
  readonly problems: readonly ProblemCode[];
  /** The header Idempotency-Key is required (but for a dry run), and the outcome is kept for 24 hours. */
  readonly idempotent?: true;
  readonly deprecated?: Deprecation;
  /** Of a change with If-Match: the path whose GET gives the ETag, where it is not the route's own. */
  readonly changes?: `/${string}`;
  /** Why a PATCH or DELETE takes no If-Match: every other does. */
  readonly unconditional?: string;
  /** The answer may take a minute: whether the caller may still have it is looked at meanwhile. */
  readonly longPoll?: true;
  /** Why a POST changes nothing, and so takes no Idempotency-Key. */
  readonly safe?: string;
  /** Item of the event stream that `Accept: text/event-stream` asks for. */
  readonly stream?: z.ZodType;
  /**
   * The answer is a file, sent while it is read: its media type by the query's `format`. One that fails on the way is broken
   * off, and never ends as if it were whole.
   */
  readonly file?: Readonly<Record<string, `${string}/${string}`>>;
  /**
   * Of every `admin:*` GET, and of a change that answers with a tenant's data also when it changes nothing: whose it shows.
   * Their audit chains say so before the answer goes out.
   */
  readonly tenantData?: TenantData | "none";
}

/** Keeps the literal types of one route. */
export function route<const R extends RouteShape>(shape: R): R {
  return shape;
}

/** Whether the route's answer has an ETag and If-None-Match gets 304: every read of a caller's own. */
export function isConditional(shape: RouteShape): boolean {
  return shape.method === "GET" && shape.permission !== "public";
}

/** Whether the change may be asked for of one version alone: any other than that of If-Match gets 412. */
export function takesIfMatch({ headers }: Pick<RouteShape, "headers">): boolean {
  return headers !== undefined && "if-match" in headers.shape;
}

/** Whether it is how the process itself is looked at: answered to everybody, also when it is behind. */
export function isProbe({ permission, tag }: Pick<RouteShape, "permission" | "tag">): boolean {
  return permission === "public" && tag === "health";
}

/** Whether the platform's people read by this route, and so may see what is tenants'. */
export function isOperatorRead({ method, permission }: Pick<RouteShape, "method" | "permission">): boolean {
  return method === "GET" && permission.startsWith("admin:");
}

/** Every code that the route may answer with: its own, and those that follow from its shape. */
export function problemsOf(shape: RouteShape): ProblemCode[] {
  const codes = new Set<ProblemCode>(shape.problems);
  const add = (...more: ProblemCode[]) => {
    for (const code of more) codes.add(code);
  };
  if (shape.permission !== "public") {
    add(
      "missing_credentials",
      "invalid_credentials",
      "expired_credentials",
      "ip_not_allowed",
      "organization_suspended",
    );
  }
  if (shape.permission !== "public" && shape.permission !== "authenticated") add("insufficient_scope");
  if (shape.params !== undefined) add("not_found");
  // A query and a body that nobody asked for are refused too.
  add("validation_failed");
  if (shape.query !== undefined && "page_token" in shape.query.shape) add("invalid_page_token");
  if (shape.headers !== undefined) add("invalid_header");
  if (takesIfMatch(shape)) add("precondition_failed");
  // A body that is sent is read, also where none is asked for: it is refused by what it says.
  if (shape.method !== "GET") add("malformed_json", "payload_too_large", "unsupported_media_type");
  if (shape.idempotent) {
    add("idempotency_key_required", "invalid_header", "idempotency_in_flight", "idempotency_mismatch");
  }
  add("not_acceptable");
  if (!isProbe(shape)) add("rate_limited", "internal", "overloaded");
  return [...codes];
}
