import { setTimeout as sleep } from "node:timers/promises";
import {
  type AnswerOf,
  type FileName,
  type OperationName,
  PROBLEM_MEDIA_TYPE,
  type RequestOf,
  ROUTES,
  type RouteShape,
  type Routes,
  type StreamItemOf,
  type StreamName,
} from "@berth/contract";
import { readEventStream } from "./event-stream.ts";
import { NoAnswerError, ProblemError } from "./problem-error.ts";
import {
  bodyOf,
  type ClientOptions,
  download,
  open,
  type QueryValue,
  type RawAnswer,
  type RawRequest,
  refusalOf,
  send,
} from "./transport.ts";

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Made when absent. Give your own to repeat a call after a restart of yours without acting twice. */
  readonly idempotencyKey?: string;
}

type Request<K extends OperationName> = RequestOf<Routes[K]> & CallOptions;
type Arguments<K extends OperationName> =
  Record<never, never> extends Request<K> ? [request?: Request<K>] : [request: Request<K>];

/** The answer of a route: status, typed body, and headers. */
export type Answer<K extends OperationName> = AnswerOf<Routes[K]> & { readonly headers: Headers };

export type Client = {
  readonly [K in Exclude<OperationName, FileName>]: (...request: Arguments<K>) => Promise<Answer<K>>;
} & {
  /** The same route as a stream that goes on after the last event seen when the connection breaks. */
  readonly follow: {
    readonly [K in StreamName]: (...request: Arguments<K>) => AsyncGenerator<StreamItemOf<Routes[K]>, void, void>;
  };
  /** A route whose answer is a file: its bytes as they come. Throws NoAnswerError when the transfer breaks off. */
  readonly download: {
    readonly [K in FileName]: (...request: Arguments<K>) => AsyncGenerator<Uint8Array, void, void>;
  };
  /** Any path, for what has no method yet. */
  readonly request: (request: RawRequest) => Promise<RawAnswer>;
};

interface LooseRequest extends CallOptions {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, QueryValue>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
}

/**
 * A client of the API: one method an operation id, typed by the contract. Answers are not checked against the schemas,
 * so a newer server's added fields do no harm.
 */
export function createClient(options: ClientOptions): Client {
  const methods: Record<string, unknown> = { request: (request: RawRequest) => send(options, request) };
  const follow: Record<string, unknown> = {};
  const files: Record<string, unknown> = {};
  for (const [name, shape] of Object.entries<RouteShape>(ROUTES)) {
    if (shape.file !== undefined) {
      const accept = [...Object.values(shape.file), PROBLEM_MEDIA_TYPE].join(", ");
      files[name] = (request: LooseRequest = {}) =>
        download(options, { ...rawOf(shape, request), headers: { ...request.headers, accept } });
      continue;
    }
    const expected = Object.keys(shape.responses).map(Number);
    methods[name] = (request: LooseRequest = {}) => send(options, { ...rawOf(shape, request), expected });
    if (shape.stream !== undefined) follow[name] = (request: LooseRequest = {}) => followRoute(options, shape, request);
  }
  return { ...methods, follow, download: files } as unknown as Client;
}

function rawOf(shape: RouteShape, { params, ...rest }: LooseRequest): RawRequest {
  const path = shape.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params?.[name] ?? ""));
  return { method: shape.method, path, ...rest };
}

/** How long to wait before a broken stream is opened again. */
const RECONNECT_MS = 1000;

async function* followRoute(options: ClientOptions, shape: RouteShape, request: LooseRequest): AsyncGenerator<unknown> {
  const raw = rawOf(shape, request);
  let lastEventId = request.headers?.["last-event-id"];
  for (let failures = 0; ; ) {
    try {
      const headers = { ...request.headers, accept: "text/event-stream", "last-event-id": lastEventId };
      const response = await open(options, { ...raw, headers });
      if (!response.ok || response.body === null) throw refusalOf(response, await bodyOf(response, response.url));
      for await (const message of readEventStream(response.body)) {
        if (message.event === "end") return; // Nothing more will ever come.
        failures = 0;
        lastEventId = message.id ?? lastEventId;
        yield JSON.parse(message.data);
      }
    } catch (error) {
      if (request.signal?.aborted) return;
      if (error instanceof ProblemError && ![429, 503].includes(error.problem.status)) throw error;
      if (error instanceof NoAnswerError && lastEventId === undefined) throw error;
      failures += 1;
      if (failures >= (options.attempts ?? 4)) throw error;
    }
    await sleep(RECONNECT_MS, undefined, request.signal ? { signal: request.signal } : {}).catch(() => {});
    if (request.signal?.aborted) return;
  }
}

/** Every entry of a list, page after page: `for await (const cluster of entriesOf((page_token) => client.listClusters({ query: { page_token } })))`. */
export async function* entriesOf<T>(
  page: (pageToken: string | undefined) => Promise<{
    readonly body: { readonly data: readonly T[]; readonly next_page_token: string | null };
  }>,
): AsyncGenerator<T, void, void> {
  for (let token: string | undefined; ; ) {
    const { body } = await page(token);
    yield* body.data;
    if (body.next_page_token === null) return;
    token = body.next_page_token;
  }
}
