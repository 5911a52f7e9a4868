import { ApiError, methodNotAllowed, noSuchPath } from "./api-error.ts";
import { authenticate } from "./authentication.ts";
import { denied, isAllowed, restrictNode } from "./authorization.ts";
import { discover } from "./discovery.ts";
import { presentationOf } from "./event-versions.ts";
import type { RequestFacts, Verb } from "./faults.ts";
import { isObject } from "./json.ts";
import type { KubeObject } from "./objects.ts";
import { isPodMetrics, listPodMetrics } from "./pod-metrics.ts";
import type { Caller } from "./registry.ts";
import { type ApiRequest, type ApiResponse, parseTarget, queryOf, type Target } from "./request.ts";
import { resourceAt } from "./resources.ts";
import { listObjects, readObject, watchObjects } from "./rest-read.ts";
import {
  bodyOf,
  createObject,
  deleteCollection,
  deleteObject,
  patchObject,
  replaceObject,
  type Written,
} from "./rest-write.ts";
import type { Call, Presentation, ServerContext } from "./server-context.ts";
import { onSubresource } from "./subresources.ts";

/**
 * Answers one call of the Kubernetes API. Does no I/O and never waits: effects are done when it returns, and what follows
 * from them is scheduled on the clock. Never throws for anything that a client can do.
 */
export function handle(context: ServerContext, request: ApiRequest): ApiResponse {
  const warnings: string[] = [];
  const delayMs = context.faults.latencyMs();
  try {
    const answer = route(context, request, warnings);
    return { delayMs, dropped: false, ...answer, headers: { ...headersOf(warnings), ...answer.headers } };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const retryAfter = error.status.details?.retryAfterSeconds;
    const headers = {
      ...headersOf(warnings),
      ...(retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) }),
    };
    return { status: error.code, headers, body: error.status, delayMs, dropped: false };
  }
}

function headersOf(warnings: readonly string[]): Record<string, string> {
  const headers = { "Content-Type": "application/json", Server: "berth-simulator" };
  if (warnings.length === 0) return headers;
  return { ...headers, Warning: warnings.map((text) => `299 - ${JSON.stringify(text)}`).join(", ") };
}

type Answer = Pick<ApiResponse, "status" | "body"> & Partial<ApiResponse>;

function route(context: ServerContext, request: ApiRequest, warnings: string[]): Answer {
  const document = request.method === "GET" ? discover(request.path.replace(/(.)\/$/, "$1")) : undefined;
  const caller = authenticate(request, {
    store: context.store,
    clock: context.clock,
    adminToken: context.adminToken(),
  });
  if (document !== undefined) return { status: 200, body: document };
  const target = parseTarget(request.path);
  if (target === undefined) throw noSuchPath();
  const access = accessReview(context, request, target, caller);
  if (access !== undefined) return access;

  const metrics = readMetrics(context, request, target, caller);
  if (metrics !== undefined) return metrics;

  const resource = resourceAt(target.apiVersion, target.plural);
  if (resource === undefined) throw noSuchPath();
  if (target.subresource !== undefined && !resource.subresources.includes(target.subresource)) throw noSuchPath();
  if (target.namespace !== undefined && !resource.namespaced) throw noSuchPath();
  const query = queryOf(request);
  const verb = verbOf(request.method, target, query);
  const facts: RequestFacts = { verb, target, username: caller.username };
  if (!isAllowed(caller, verb, target, context.store)) throw denied(caller, verb, target);
  context.faults.refuse(facts);

  const call: Call = {
    method: request.method,
    target,
    resource,
    query,
    contentType: request.headers?.["content-type"] ?? "application/json",
    userAgent: request.headers?.["user-agent"] ?? "",
    body: request.body,
    caller,
    warnings,
  };
  if (caller.groups.includes("system:nodes")) restrictNode(caller, verb, target, bodyObject(call, verb), context.store);
  const shown = presentationOf(resource);
  if (verb === "watch") return { status: 200, body: undefined, watch: watchObjects(context, call, shown) };
  const written = carryOut(context, call, shown, facts);
  return { status: written.status, body: written.object, dropped: context.faults.losesAnswer(facts) };
}

function bodyObject(call: Call, verb: Verb): KubeObject | undefined {
  if (verb !== "create" && verb !== "update") return undefined;
  const body = bodyOf(call);
  return isObject(body) && isObject(body.metadata) ? (body as unknown as KubeObject) : undefined;
}

function verbOf(method: string, target: Target, query: URLSearchParams): Verb {
  switch (method) {
    case "GET":
    case "HEAD":
      if (query.get("watch") === "true" || query.get("watch") === "1") return "watch";
      return target.name === undefined ? "list" : "get";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return target.name === undefined ? "deletecollection" : "delete";
    default:
      throw methodNotAllowed();
  }
}

function carryOut(context: ServerContext, call: Call, shown: Presentation, facts: RequestFacts): Written {
  if (call.target.subresource !== undefined) return onSubresource(context, call, shown);
  const named = call.target.name !== undefined;
  switch (facts.verb) {
    case "get":
      return { status: 200, object: readObject(context, call, shown) };
    case "list":
      return { status: 200, object: listObjects(context, call, shown, facts) };
    case "create":
      if (named || (call.resource.namespaced && call.target.namespace === undefined)) throw methodNotAllowed();
      return createObject(context, call, shown);
    case "update":
      if (!named) throw methodNotAllowed();
      return replaceObject(context, call, shown, undefined);
    case "patch":
      if (!named) throw methodNotAllowed();
      return patchObject(context, call, shown, {});
    case "delete":
      return deleteObject(context, call, shown);
    case "deletecollection":
      return deleteCollection(context, call, shown);
    case "watch":
      throw methodNotAllowed();
  }
}

/** The Metrics API: served beside the others, and read only. */
function readMetrics(context: ServerContext, request: ApiRequest, target: Target, caller: Caller): Answer | undefined {
  if (!isPodMetrics(target)) return undefined;
  const query = queryOf(request);
  const verb = verbOf(request.method, target, query);
  if (verb !== "list") throw methodNotAllowed();
  if (!isAllowed(caller, verb, target, context.store)) throw denied(caller, verb, target);
  context.faults.refuse({ verb, target, username: caller.username });
  return { status: 200, body: listPodMetrics(context, target, query) };
}

/** SelfSubjectAccessReview: a question with an answer, nothing is stored. */
function accessReview(context: ServerContext, request: ApiRequest, target: Target, caller: Caller): Answer | undefined {
  if (target.apiVersion !== "authorization.k8s.io/v1" || target.plural !== "selfsubjectaccessreviews") return undefined;
  if (request.method !== "POST") throw methodNotAllowed();
  const body = bodyOf({ body: request.body, contentType: "application/json" } as Call);
  const spec = isObject(body) && isObject(body.spec) ? body.spec : {};
  const asked = isObject(spec.resourceAttributes) ? spec.resourceAttributes : {};
  const text = (key: string): string | undefined =>
    typeof asked[key] === "string" && asked[key] !== "" ? asked[key] : undefined;
  const wanted: Target = {
    apiVersion: text("group") === undefined ? "v1" : `${text("group")}/v1`,
    plural: text("resource") ?? "",
    namespace: text("namespace"),
    name: text("name"),
    subresource: text("subresource"),
  };
  const allowed = isAllowed(caller, (text("verb") ?? "get") as Verb, wanted, context.store);
  return {
    status: 201,
    body: {
      kind: "SelfSubjectAccessReview",
      apiVersion: "authorization.k8s.io/v1",
      metadata: {},
      spec,
      status: { allowed },
    },
  };
}
