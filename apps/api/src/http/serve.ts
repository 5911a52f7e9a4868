import { type AnswerOf, type ResponseHeader, ROUTES, type RouteShape, type StreamItemOf } from "@berth/contract";
import type { OperatorDatabase, ScopedDatabase } from "@berth/db";
import type { Result } from "@berth/domain";
import type {} from "@fastify/sse";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { accepts } from "./accept.ts";
import type { Authenticator, Principal } from "./authenticate.ts";
import { isUnchanged } from "./etag.ts";
import { fileBody } from "./file-body.ts";
import { type Recording, startRecording } from "./on-record.ts";
import { sendProblem } from "./problem.ts";
import type { RequestCounts } from "./rate-limit.ts";
import { NOT_FOUND, type Refusal, RefusalError } from "./refusal.ts";
import { refuseBody } from "./refuse-body.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** What the route asks of its caller; every route has one. */
    contract?: RouteShape;
  }
  interface FastifyRequest {
    principal: Principal | undefined;
    /** Why the caller may not go on with what is open: the key was revoked meanwhile, for example. */
    endedBy: Refusal | undefined;
    /** What the request has put on record; undefined before its handler runs. */
    recording: Recording | undefined;
    /** Aborted when the caller has gone, the server stops, or `endedBy` is set; undefined while nobody has asked. */
    gone: AbortSignal | undefined;
  }
}

type DatabaseOf<R> = R extends { permission: "public" }
  ? undefined
  : R extends { permission: `admin:${string}` }
    ? OperatorDatabase
    : ScopedDatabase;
type Parsed<R, K extends string> = R extends { [P in K]: infer S extends z.ZodType } ? z.output<S> : undefined;

/** A request as a route's handler gets it: checked, typed by the contract. */
export interface Call<R extends RouteShape> {
  readonly params: Parsed<R, "params">;
  readonly query: Parsed<R, "query">;
  readonly headers: Parsed<R, "headers">;
  readonly body: Parsed<R, "body">;
  readonly principal: R extends { permission: "public" } ? undefined : Principal;
  /** What the caller may see, and nothing else. Changes in it are on record. */
  readonly db: DatabaseOf<R>;
  /** Puts changes in another database on record: for routes without a key, which find out themselves whose it is. */
  readonly onRecord: Recording["onRecord"];
  readonly idempotencyKey: string | undefined;
  readonly requestId: string;
  /** Aborted when the caller has gone, or the server stops. */
  readonly signal: AbortSignal;
}

export type Answer<R extends RouteShape> = AnswerOf<R> & {
  readonly headers?: Partial<Record<ResponseHeader, string>>;
};

/** An answer whose body is text already: the same bytes each time. */
export interface SerializedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export type Handler<R extends RouteShape> = (call: Call<R>) => Promise<Result<Answer<R> | SerializedAnswer, Refusal>>;

/** Registers one route of the contract. The handler returns what to say; nothing but this file writes to the reply. */
export function serve<const R extends RouteShape>(app: FastifyInstance, shape: R, handler: Handler<R>): void {
  app.route({
    ...routeOptions(shape),
    handler: async (request, reply) => {
      if (!accepts(request.headers.accept, JSON_TYPE)) return sendProblem(reply, notAcceptable(JSON_TYPE));
      const { call, recording } = callOf(shape, request, reply);
      const answer = await handler(call as Call<R>);
      recording.checkAnswer(answer);
      return request.endedBy === undefined ? sendAnswer(reply, answer) : sendProblem(reply, request.endedBy);
    },
  });
}

const JSON_TYPE = "application/json";

const STOPPING: Refusal = { code: "overloaded", detail: "This server is stopping. Try again." };

function notAcceptable(mediaType: string): Refusal {
  return { code: "not_acceptable", detail: `Answers are ${mediaType}.` };
}

/** One message of a stream: the event's id, from which a broken stream goes on, its type and the event itself. */
export interface StreamMessage<T> {
  readonly id: string;
  readonly event: string;
  readonly data: T;
}

/** Registers a route that answers with a list, or follows the same events when asked for text/event-stream. */
export function serveStream<const R extends RouteShape>(
  app: FastifyInstance,
  shape: R,
  handlers: {
    readonly list: Handler<R>;
    /** Ends when nothing more will ever come; goes on until the signal is aborted otherwise. */
    readonly follow: (call: Call<R>) => Promise<Result<AsyncIterable<StreamMessage<StreamItemOf<R>>>, Refusal>>;
  },
): void {
  app.route({
    ...routeOptions(shape),
    sse: "dual",
    handler: async (request, reply) => {
      const call = callOf(shape, request, reply).call as Call<R>;
      if (reply.sse === undefined) {
        if (!accepts(request.headers.accept, JSON_TYPE)) return sendProblem(reply, notAcceptable(JSON_TYPE));
        return sendAnswer(reply, await handlers.list(call));
      }
      const messages = await handlers.follow(call);
      if (!messages.ok) return sendProblem(reply, messages.error);
      // Headers go out now: a caller must know that it is heard before the first event.
      reply.sse.sendHeaders();
      reply.raw.write(": following\n\n");
      for await (const message of messages.value) await reply.sse.send(message);
      // Without `end`: whoever follows asks again, and is told why not.
      if (request.endedBy !== undefined) reply.raw.write(`: ended by ${request.endedBy.code}\n\n`);
      else if (!call.signal.aborted) await reply.sse.send({ event: "end", data: {} });
      return undefined;
    },
  });
}

/** An answer that is a file, read while it is sent. */
export interface FileAnswer {
  /** Strong, and known without reading the file. */
  readonly etag: string;
  readonly name: string;
  /** Its text. Nothing is held open between two of them: whoever takes them may be slow. */
  readonly pieces: AsyncIterable<string>;
}

/**
 * Registers a route that answers with a file. What fails in the middle, a key that ends meanwhile and a reader who takes
 * nothing for too long break the connection: what has come by then does not look like the whole.
 */
export function serveFile<const R extends RouteShape & Required<Pick<RouteShape, "file">>>(
  app: FastifyInstance,
  shape: R,
  handler: (call: Call<R>) => Promise<Result<FileAnswer, Refusal>>,
): void {
  app.route({
    ...routeOptions(shape),
    handler: async (request, reply) => {
      const { format } = request.query as { readonly format: string };
      const mediaType = shape.file[format] ?? "";
      if (!accepts(request.headers.accept, mediaType)) return sendProblem(reply, notAcceptable(mediaType));
      const call = callOf(shape, request, reply).call as Call<R>;
      const file = await handler(call);
      if (!file.ok) return sendProblem(reply, file.error);
      const { etag, name, pieces } = file.value;
      if (isUnchanged(request.headers["if-none-match"], etag)) return reply.header("etag", etag).code(304).send();
      const stalled = setTimeout(() => reply.raw.destroy(), app.maxStallMs);
      reply.raw.once("close", () => clearTimeout(stalled));
      const body = await fileBody(pieces, { signal: call.signal, onTaken: () => stalled.refresh() });
      if (body === undefined) return sendProblem(reply, request.endedBy ?? STOPPING);
      reply.headers({ etag, "content-disposition": `attachment; filename="${name}"` });
      return reply.type(`${mediaType}; charset=utf-8`).send(body);
    },
  });
}

function routeOptions(shape: RouteShape) {
  const response = Object.entries(shape.responses).flatMap(([status, { schema }]) =>
    schema === undefined ? [] : [[status, schema] as const],
  );
  return {
    method: shape.method,
    url: shape.path.replace(/\{(\w+)\}/g, ":$1"),
    config: { contract: shape },
    ...(shape.body === undefined ? { preValidation: refuseBody } : {}),
    schema: {
      ...(shape.params === undefined ? {} : { params: shape.params }),
      querystring: shape.query ?? NO_QUERY,
      ...headersOf(shape),
      ...(shape.body === undefined ? {} : { body: shape.body }),
      response: Object.fromEntries(response),
    },
  };
}

/** Of a route that declares no query: what is sent all the same is a mistake, and would be ignored. */
const NO_QUERY = z.strictObject({});

const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, "1 to 255 visible ASCII characters.")
  .optional();

/** What the route declares, and what follows from its shape. That a key is absent is for `once` to refuse: a dry run has none. */
function headersOf({ headers = z.object({}), idempotent }: RouteShape) {
  const all = idempotent ? headers.extend({ "idempotency-key": idempotencyKey }) : headers;
  // Loose: what is validated takes the place of the headers, and others are needed too.
  return Object.keys(all.shape).length === 0 ? {} : { headers: all.loose() };
}

function callOf(shape: RouteShape, request: FastifyRequest, reply: FastifyReply) {
  const { principal, query, ip } = request;
  const recording = startRecording({ shape, query, principal, ip, userAgent: request.headers["user-agent"] });
  request.recording = recording;
  return { call: new ServedCall(shape, request, reply, recording) as unknown as Call<RouteShape>, recording };
}

/** A class for the sake of its getter: one in an object's literal is a hidden class a request, which keeps all of it alive. */
class ServedCall {
  readonly params: unknown;
  readonly query: unknown;
  readonly headers: unknown;
  readonly body: unknown;
  readonly principal: Principal | undefined;
  readonly db: ScopedDatabase | undefined;
  readonly onRecord: Recording["onRecord"];
  readonly idempotencyKey: unknown;
  readonly requestId: string;
  readonly #shape: RouteShape;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;

  constructor(shape: RouteShape, request: FastifyRequest, reply: FastifyReply, { onRecord }: Recording) {
    const { params, query, headers, body, principal, id, server } = request;
    this.params = params;
    this.query = query;
    this.headers = headers;
    this.body = body;
    this.principal = principal;
    this.db = principal === undefined ? undefined : onRecord(server.databaseFor(shape, principal));
    this.onRecord = onRecord;
    this.idempotencyKey = headers["idempotency-key"];
    this.requestId = id;
    this.#shape = shape;
    this.#request = request;
    this.#reply = reply;
  }

  get signal(): AbortSignal {
    return goneSignalOf(this.#shape, this.#request, this.#reply);
  }
}

/** Made when it is asked for, and then one a request: most are answered before anybody could go. */
function goneSignalOf(shape: RouteShape, request: FastifyRequest, reply: FastifyReply): AbortSignal {
  if (request.gone !== undefined) return request.gone;
  const gone = new AbortController();
  request.gone = gone.signal;
  const end = () => gone.abort();
  if (reply.raw.destroyed || request.server.stopping.aborted) end();
  reply.raw.once("close", end);
  request.server.stopping.addEventListener("abort", end, { once: true, signal: gone.signal });
  const isLong = shape.longPoll === true || shape.file !== undefined || reply.sse !== undefined;
  if (request.principal !== undefined && isLong) {
    const forget = request.server.keyWatch?.watch(request.principal, shape, (why) => {
      request.endedBy = why;
      end();
    });
    if (forget !== undefined) reply.raw.once("close", forget);
  }
  return gone.signal;
}

type AnyAnswer =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body: unknown }
  | SerializedAnswer;

function sendAnswer(reply: FastifyReply, outcome: Result<AnyAnswer, Refusal>): FastifyReply {
  if (!outcome.ok) return sendProblem(reply, outcome.error);
  const { status, headers } = outcome.value;
  reply.code(status).headers(headers ?? {});
  if (!("text" in outcome.value)) return reply.send(outcome.value.body);
  return reply.type("application/json; charset=utf-8").serializer(String).send(outcome.value.text);
}

/** Lets nobody in without a key that has the route's permission. A request counts as its key's also when it may not do this. */
export function usePermissions(
  app: FastifyInstance,
  {
    authenticate,
    onUse,
    counts,
  }: {
    readonly authenticate: Authenticator;
    readonly onUse?: ((principal: Principal) => void) | undefined;
    /** Nothing is counted when absent. */
    readonly counts?: RequestCounts | undefined;
  },
): void {
  app.decorateRequest("principal", undefined);
  app.decorateRequest("endedBy", undefined);
  app.decorateRequest("gone", undefined);
  app.decorateRequest("recording", undefined);
  app.addHook("onRequest", async (request, reply) => {
    const shape = request.routeOptions.config?.contract;
    if (shape === undefined || shape.permission === "public") return;
    const principal = await authenticate({ authorization: request.headers.authorization, address: request.ip });
    if (!principal.ok) {
      counts?.refused(request);
      throw new RefusalError(principal.error);
    }
    request.principal = principal.value;
    onUse?.(principal.value);
    counts?.letIn(reply, principal.value);
    const isItself = shape.ownKey === true && pathIdOf(request) === principal.value.apiKeyId;
    const lacking = isItself ? undefined : lackingPermission(shape, principal.value);
    if (lacking !== undefined) throw new RefusalError(lacking);
    if (!shape.permission.startsWith("admin:") && namesAnother(request.params, principal.value)) {
      throw new RefusalError(NOT_FOUND);
    }
  });
}

/** Why a route is not for this caller; undefined when it is. */
export function lackingPermission({ permission }: RouteShape, { permissions }: Principal): Refusal | undefined {
  if (permission === "public" || permission === "authenticated" || permissions.includes(permission)) return undefined;
  return {
    code: "insufficient_scope",
    detail: `The API key lacks the permission ${permission}.`,
    extra: { required_permissions: [permission] },
  };
}

/** The key that the path names; authentication comes before params are checked. */
function pathIdOf({ params }: FastifyRequest): unknown {
  return (params as { readonly api_key_id?: unknown }).api_key_id;
}

/** A path may name the organization that it is about, and it must be the caller's: whose data is meant says the key alone. */
function namesAnother(params: unknown, principal: Principal): boolean {
  const { organization_id } = params as { readonly organization_id?: string };
  return organization_id !== undefined && organization_id !== principal.organizationId;
}

/** The methods that a path has, for an answer to one that it has not. */
export function methodsOf(path: string): string[] {
  return Object.values<RouteShape>(ROUTES)
    .filter((shape) => new RegExp(`^${shape.path.replace(/\{\w+\}/g, "[^/]+")}$`).test(path))
    .map((shape) => shape.method);
}
