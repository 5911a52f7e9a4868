import { setMaxListeners } from "node:events";
import type { IdSource } from "@berth/domain";
import { fastifySSE } from "@fastify/sse";
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from "fastify";
import { createSerializerCompiler, validatorCompiler } from "fastify-zod-openapi";
import type { Authenticator, Principal } from "./authenticate.ts";
import { answerClientError } from "./client-error.ts";
import { useConditionalReads } from "./conditional.ts";
import type { DatabaseFor } from "./database-for.ts";
import { requireDeclarations } from "./declarations.ts";
import { useDeprecations } from "./deprecation.ts";
import { useDocumentation } from "./documentation.ts";
import { type InFlightLimits, useInFlightLimits } from "./in-flight.ts";
import { MAX_BODY_BYTES, useJsonBodies } from "./json-body.ts";
import { OneLineARequest } from "./log-requests.ts";
import { useOperatorReads } from "./operator-reads.ts";
import { handleError, sendProblem } from "./problem.ts";
import { type RateLimits, useRateLimits } from "./rate-limit.ts";
import { NOT_FOUND } from "./refusal.ts";
import { requestIdOf } from "./request-id.ts";
import { securityHeaders } from "./security-headers.ts";
import { methodsOf, usePermissions } from "./serve.ts";
import { shedLoad } from "./shed-load.ts";
import { useTraces } from "./trace.ts";
import type { KeyWatch } from "./watch-keys.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** Aborted when the server begins to stop: streams and long polls end then. */
    stopping: AbortSignal;
    databaseFor: DatabaseFor;
    keyWatch: KeyWatch | undefined;
    /** How long somebody may take nothing of a file that is being sent. */
    maxStallMs: number;
  }
}

/** What one caller may take of this process, and when the process takes no more. */
export interface ServerLimits extends RateLimits {
  readonly inFlight: InFlightLimits;
  /** Requests are shed while the event loop is later than this; never when absent. */
  readonly maxEventLoopDelayMs?: number;
}

export interface ServerOptions {
  readonly authenticate: Authenticator;
  readonly databaseFor: DatabaseFor;
  readonly ids: IdSource;
  /** Ends what is open when its key may not go on; nothing does when absent. */
  readonly keyWatch?: KeyWatch;
  /** Told of every request that was let in. */
  readonly onUse?: (principal: Principal) => void;
  /** Networks of proxies whose X-Forwarded-For is believed; none when absent. */
  readonly trustedProxies?: readonly string[] | undefined;
  readonly logger?: FastifyServerOptions["logger"] | undefined;
  readonly loggerInstance?: FastifyServerOptions["loggerInstance"] | undefined;
  /** None when absent. */
  readonly limits?: ServerLimits | undefined;
  /** Between comments on an idle stream; proxies cut quiet connections, often after 60 s. */
  readonly heartbeatMs: number;
  /** How long somebody may take nothing of a file that is being sent; 60 s when absent. */
  readonly maxStallMs?: number;
  /** How long a request may take to arrive whole; 15 s when absent. */
  readonly maxArrivalMs?: number;
}

/** A Fastify server that knows our conventions and no route yet. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { maxArrivalMs = 15_000 } = options;
  const app: FastifyInstance = fastify({
    ...(options.logger === undefined ? {} : { logger: options.logger }),
    ...(options.loggerInstance === undefined ? {} : { loggerInstance: options.loggerInstance }),
    genReqId: requestIdOf,
    logController: new OneLineARequest(),
    ...(options.trustedProxies === undefined || options.trustedProxies.length === 0
      ? {}
      : { trustProxy: [...options.trustedProxies] }),
    bodyLimit: MAX_BODY_BYTES,
    // Its headers have two thirds of that: slow senders hold no connection for longer.
    requestTimeout: maxArrivalMs,
    http: { headersTimeout: (maxArrivalMs * 2) / 3, connectionsCheckingInterval: maxArrivalMs / 6 },
    keepAliveTimeout: 72_000,
    exposeHeadRoutes: false,
    forceCloseConnections: "idle",
    frameworkErrors: handleError,
    clientErrorHandler: answerClientError,
    routerOptions: { maxParamLength: 100, ignoreTrailingSlash: false },
  });

  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal); // One a running request.
  app.decorate("stopping", stopping.signal);
  app.decorate("databaseFor", options.databaseFor);
  app.decorate("keyWatch", options.keyWatch);
  app.decorate("maxStallMs", options.maxStallMs ?? 60_000);
  app.addHook("preClose", async () => {
    stopping.abort();
    options.keyWatch?.close();
  });

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(createSerializerCompiler({ stringify: JSON.stringify }));
  app.setErrorHandler(handleError);
  app.setNotFoundHandler(answerNoRoute);
  const always = { ...securityHeaders(), "cache-control": "no-store" };
  // Hooks that wait for nothing take `done`: as promises the eight of them would be a tenth of what a short request costs.
  app.addHook("onRequest", (request, reply, done) => {
    reply.headers(always).header("x-request-id", request.id);
    // Before anything is read: Fastify has rules of its own for the body of a QUERY.
    if (request.is404) answerNoRoute(request, reply);
    else done();
  });

  await app.register(fastifySSE, { heartbeatInterval: options.heartbeatMs });
  useJsonBodies(app);
  await useDocumentation(app);
  useTraces(app);
  useDeprecations(app);
  useConditionalReads(app);
  useOperatorReads(app, options.ids);
  const { limits } = options;
  if (limits?.maxEventLoopDelayMs !== undefined) await shedLoad(app, limits.maxEventLoopDelayMs);
  const counts = limits === undefined ? undefined : useRateLimits(app, limits);
  requireDeclarations(app);
  usePermissions(app, { authenticate: options.authenticate, onUse: options.onUse, counts });
  if (limits !== undefined) useInFlightLimits(app, limits.inFlight);
  return app;
}

/** The path is none of ours, or has not that method. */
function answerNoRoute(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const methods = methodsOf(request.url.split("?")[0] ?? "");
  if (methods.length === 0) return sendProblem(reply, NOT_FOUND);
  reply.header("allow", methods.join(", "));
  return sendProblem(reply, { code: "method_not_allowed", detail: `This path has ${methods.join(", ")}.` });
}
