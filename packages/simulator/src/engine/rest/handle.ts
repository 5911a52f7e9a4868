import { durationMs } from "../allocation/cluster-settings.ts";
import { type ClusterState, clusterOf, type EngineWorld, hasMaster, type NodeProcess } from "../model/state.ts";
import { authenticate, certificateAdmin, isInitialized, type Principal, rolesOf } from "../security/authenticate.ts";
import type { Credentials } from "../security/credentials.ts";
import { allows } from "../security/privileges.ts";
import { SystemIndexUnavailable } from "../security/system-index.ts";
import { BULK_ROUTES } from "./bulk-routes.ts";
import { CAT_ROUTES } from "./cat-routes.ts";
import { DOCUMENT_ROUTES } from "./document-routes.ts";
import { ELASTIC_SECURITY_ROUTES } from "./elastic-security-routes.ts";
import { EXPLAIN_ROUTES } from "./explain-routes.ts";
import { filterPath } from "./filter-path.ts";
import { HEALTH_ROUTES } from "./health-routes.ts";
import {
  type EngineRequest,
  type EngineResponse,
  errorResponse,
  isWaiting,
  noMaster,
  type Outcome,
  type RestContext,
  RestError,
} from "./http.ts";
import { INDEX_ROUTES } from "./index-routes.ts";
import { NODE_ROUTES } from "./node-routes.ts";
import { OPENSEARCH_SECURITY_ROUTES } from "./opensearch-security-routes.ts";
import { ROOT_ROUTES } from "./root-routes.ts";
import { createRouter, type Route, type RouteMatch } from "./router.ts";
import { SEARCH_ROUTES } from "./search-routes.ts";
import { SETTINGS_ROUTES } from "./settings-routes.ts";
import { SHUTDOWN_ROUTES } from "./shutdown-routes.ts";
import { STATE_ROUTES } from "./state-routes.ts";
import { TEMPLATE_ROUTES } from "./template-routes.ts";
import { VOTING_ROUTES } from "./voting-routes.ts";

const ROUTES: readonly Route[] = [
  ...ROOT_ROUTES,
  ...HEALTH_ROUTES,
  ...STATE_ROUTES,
  ...SETTINGS_ROUTES,
  ...EXPLAIN_ROUTES,
  ...VOTING_ROUTES,
  ...NODE_ROUTES,
  ...CAT_ROUTES,
  ...INDEX_ROUTES,
  ...DOCUMENT_ROUTES,
  ...BULK_ROUTES,
  ...TEMPLATE_ROUTES,
  ...SEARCH_ROUTES,
  ...ELASTIC_SECURITY_ROUTES,
  ...OPENSEARCH_SECURITY_ROUTES,
];

const withShutdown = createRouter([...SHUTDOWN_ROUTES, ...ROUTES]);
const withoutShutdown = createRouter(ROUTES);

export interface RestDeps {
  readonly world: EngineWorld;
  readonly credentials: Credentials;
  /** Whether this distribution has the node shutdown API. */
  nodeShutdown(node: NodeProcess): boolean;
  /** After a change of a cluster's state: looks at its votes and shards at once. */
  changed(cluster: ClusterState): void;
}

/** Answers one request at one node: who is it, what is asked, may they, is there a master, then the endpoint itself. */
export function handleRequest(deps: RestDeps, node: NodeProcess, request: EngineRequest): Outcome {
  return framed(node, request, () => {
    const { world } = deps;
    const refusal = notInitialized(world, node, request);
    if (refusal !== undefined) return refusal;
    const principal = node.config.security ? principalOf(deps, node, request) : undefined;
    const router = deps.nodeShutdown(node) ? withShutdown : withoutShutdown;
    const { engine } = node.config;
    const match = router.find(engine, request.method, request.path);
    if (match === undefined) return noRoute(request, router.methodsOf(engine, request.path));
    if (principal !== undefined) authorize(world, node, principal, match);
    checkParameters(request, match.route);
    if (readsIndices(match.route) && clusterOf(world, node) === undefined) throw notRecovered();

    const answer = (): Outcome => {
      const context: RestContext = {
        world,
        credentials: deps.credentials,
        node,
        cluster: clusterOf(world, node),
        request,
        params: match.params,
        query: request.query ?? {},
        principal,
        changed: deps.changed,
      };
      return match.route.handle(context);
    };
    return needsMaster(match.route, request) ? whenMaster(world, node, request, answer) : answer();
  });
}

/** Turns refusals into answers, and trims an answer to its `filter_path`, now and after any wait. */
function framed(node: NodeProcess, request: EngineRequest, run: () => Outcome): Outcome {
  try {
    const outcome = run();
    if (!isWaiting(outcome)) return finish(request, outcome);
    return {
      timeoutMs: outcome.timeoutMs,
      ready: () => framedOptional(node, request, () => outcome.ready()),
      expired: () => framed(node, request, () => outcome.expired()) as EngineResponse,
    };
  } catch (error) {
    if (error instanceof SystemIndexUnavailable) {
      return errorResponse(new RestError(503, "unavailable_shards_exception", error.message));
    }
    if (!(error instanceof RestError)) throw error;
    const response = { ...errorResponse(error), headers: challenge(node, error) };
    // OpenSearch's plugin answers a failed login in plain text.
    return error.status === 401 && node.config.engine === "opensearch"
      ? { ...response, body: "Unauthorized" }
      : response;
  }
}

function framedOptional(
  node: NodeProcess,
  request: EngineRequest,
  run: () => Outcome | undefined,
): Outcome | undefined {
  let found = true;
  const outcome = framed(node, request, () => {
    const ready = run();
    found = ready !== undefined;
    return ready ?? { status: 0, body: undefined };
  });
  return found ? outcome : undefined;
}

function finish(request: EngineRequest, response: EngineResponse): EngineResponse {
  const expression = request.query?.filter_path;
  if (expression === undefined || typeof response.body !== "object" || response.status >= 400) return response;
  return { ...response, body: filterPath(response.body, expression) };
}

function challenge(node: NodeProcess, error: RestError): Readonly<Record<string, string>> {
  if (error.status !== 401) return {};
  const realm =
    node.config.engine === "elasticsearch"
      ? 'Basic realm="security", charset="UTF-8"'
      : 'Basic realm="OpenSearch Security"';
  return { "www-authenticate": realm };
}

function notInitialized(world: EngineWorld, node: NodeProcess, request: EngineRequest): EngineResponse | undefined {
  const { engine, security } = node.config;
  if (engine !== "opensearch" || !security || isInitialized(clusterOf(world, node))) return undefined;
  if (certificateAdmin(node, request.certificateSubject) !== undefined) return undefined;
  return { status: 503, body: "OpenSearch Security not initialized.", headers: { "content-type": "text/plain" } };
}

function principalOf({ world, credentials }: RestDeps, node: NodeProcess, request: EngineRequest): Principal {
  const admin = certificateAdmin(node, request.certificateSubject);
  if (admin !== undefined) return admin;
  const { auth } = request;
  const principal = auth === undefined ? undefined : authenticate(world, credentials, node, auth);
  if (principal !== undefined) return principal;
  const reason =
    auth === undefined
      ? `missing authentication credentials for REST request [${request.path}]`
      : `unable to authenticate user [${auth.username}] for REST request [${request.path}]`;
  throw new RestError(401, "security_exception", reason);
}

function authorize(world: EngineWorld, node: NodeProcess, principal: Principal, { route, params }: RouteMatch): void {
  if (route.open === true) return;
  const names = route.perIndex === true ? (params.index ?? "*").split(",") : undefined;
  if (allows(rolesOf(world, node, principal), route.action, names)) return;
  const reason =
    node.config.engine === "elasticsearch"
      ? `action [${route.action}] is unauthorized for user [${principal.username}] with effective roles [${principal.roles.join(",")}]${names === undefined ? "" : ` on indices [${names.join(",")}]`}`
      : `no permissions for [${route.action}] and User [name=${principal.username}, backend_roles=[${principal.backendRoles.join(", ")}], requestedTenant=null]`;
  throw new RestError(403, "security_exception", reason);
}

function noRoute(request: EngineRequest, methods: readonly string[]): EngineResponse {
  if (methods.length > 0) {
    const error = `Incorrect HTTP method for uri [${request.path}] and method [${request.method}], allowed: [${methods.join(", ")}]`;
    return { status: 405, body: { error, status: 405 } };
  }
  return { status: 400, body: { error: `no handler found for uri [${request.path}] and method [${request.method}]` } };
}

const COMMON_PARAMETERS = ["pretty", "human", "error_trace", "filter_path", "format"];

/** Both engines refuse a parameter that an endpoint does not know; routes that list theirs are held to that. */
function checkParameters(request: EngineRequest, route: Route): void {
  if (route.parameters === undefined) return;
  const known = [...COMMON_PARAMETERS, ...route.parameters];
  const unknown = Object.keys(request.query ?? {}).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const reason = `request [${request.path}] contains unrecognized parameter: [${unknown}]`;
  throw new RestError(400, "illegal_argument_exception", reason);
}

const readsIndices = (route: Route): boolean =>
  route.perIndex === true && /:(data\/read|admin\/get)/.test(route.action);

/** A process that has applied no state yet answers no question about indices, and does not wait. */
function notRecovered(): RestError {
  const reason = "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];";
  return new RestError(503, "cluster_block_exception", reason);
}

function needsMaster(route: Route, request: EngineRequest): boolean {
  return route.master !== undefined && !(route.master === "read" && request.query?.local === "true");
}

/** Waits for a master up to `master_timeout` (30 s), then 503. Health takes its `timeout` for both, as the engines do. */
function whenMaster(world: EngineWorld, node: NodeProcess, request: EngineRequest, answer: () => Outcome): Outcome {
  if (hasMaster(world, node)) return answer();
  const query = request.query ?? {};
  const shared = request.path.startsWith("/_cluster/health") ? query.timeout : undefined;
  return {
    timeoutMs: durationMs(query.master_timeout ?? query.cluster_manager_timeout ?? shared) ?? 30_000,
    ready: () => (hasMaster(world, node) ? answer() : undefined),
    expired: () => {
      throw noMaster(node);
    },
  };
}
