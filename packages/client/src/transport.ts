import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { PROBLEM_MEDIA_TYPE, type Problem } from "@berth/contract";
import { NoAnswerError, ProblemError } from "./problem-error.ts";

export interface ClientOptions {
  /** As `http://127.0.0.1:7070`; a path in it is kept. */
  readonly baseUrl: string;
  readonly apiKey?: string;
  readonly fetch?: typeof globalThis.fetch;
  readonly userAgent?: string;
  /** How often a request is sent at most; 4 by default. */
  readonly attempts?: number;
  /** How long one attempt may take; 75 s by default, longer than the longest wait that the API allows. */
  readonly timeoutMs?: number;
}

export type QueryValue = string | number | boolean | readonly string[] | undefined;

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, QueryValue>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  /** Made when absent and the method is POST: a repeated attempt then cannot act twice. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal | undefined;
  /** Statuses from 400 that are answers of this route all the same. */
  readonly expected?: readonly number[];
  /** The body comes for as long as it takes. */
  readonly isLong?: true;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/**
 * Sends one request, and again (with the same Idempotency-Key) when its outcome is unknown or only the moment was wrong:
 * a broken connection, 429, 503, or the same key still in flight. Waits with full jitter in between, or as Retry-After says.
 *
 * Throws ProblemError for a refusal and NoAnswerError when nothing usable came back.
 */
export async function send(options: ClientOptions, request: RawRequest): Promise<RawAnswer> {
  return repeated(options, request, async (response) => {
    const body = await bodyOf(response, response.url);
    if (response.status >= 400 && request.expected?.includes(response.status) !== true) throw refusalOf(response, body);
    return { status: response.status, headers: response.headers, body };
  });
}

/** Sends one request like `send` and gives the bytes of the answer as they come. One that breaks off is not repeated. */
export async function* download(options: ClientOptions, request: RawRequest): AsyncGenerator<Uint8Array, void, void> {
  const response = await repeated(options, { ...request, isLong: true }, async (answer) => {
    if (answer.ok && answer.body !== null) return answer;
    throw refusalOf(answer, await bodyOf(answer, answer.url));
  });
  try {
    yield* response.body ?? [];
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw new NoAnswerError(response.url, `The transfer from ${response.url} broke off: it is not whole.`, error);
  }
}

/** Opens the request, and again as long as `read` throws for what may pass later. */
async function repeated<T>(
  options: ClientOptions,
  request: RawRequest,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const repeatable = request.method !== "PATCH";
  const key = request.method === "POST" ? (request.idempotencyKey ?? randomUUID()) : undefined;
  const attempts = repeatable ? (options.attempts ?? 4) : 1;
  for (let attempt = 1; ; attempt++) {
    let retryAfterMs = Number.NaN;
    try {
      const response = await open(options, request, key);
      retryAfterMs = Number(response.headers.get("retry-after") ?? Number.NaN) * 1000;
      return await read(response);
    } catch (error) {
      if (attempt >= attempts || !mayPassLater(error) || request.signal?.aborted) throw error;
    }
    const pause = Number.isFinite(retryAfterMs) ? retryAfterMs : Math.random() * 200 * 2 ** attempt;
    await sleep(Math.min(pause, 10_000), undefined, request.signal ? { signal: request.signal } : {});
  }
}

/** Sends one request once and gives the response with its body unread. */
export async function open(options: ClientOptions, request: RawRequest, key?: string): Promise<Response> {
  const url = urlOf(options.baseUrl, request);
  const headers = new Headers({ accept: `application/json, ${PROBLEM_MEDIA_TYPE}` });
  if (options.apiKey !== undefined) headers.set("authorization", `Bearer ${options.apiKey}`);
  if (options.userAgent !== undefined) headers.set("user-agent", options.userAgent);
  if (request.body !== undefined) headers.set("content-type", "application/json");
  if (key !== undefined) headers.set("idempotency-key", key);
  for (const [name, value] of Object.entries(request.headers ?? {})) if (value !== undefined) headers.set(name, value);

  const isLong = request.isLong === true || headers.get("accept") === "text/event-stream";
  const signals = [request.signal, isLong ? undefined : AbortSignal.timeout(options.timeoutMs ?? 75_000)];
  try {
    return await (options.fetch ?? globalThis.fetch)(url, {
      method: request.method,
      headers,
      signal: AbortSignal.any(signals.filter((signal) => signal !== undefined)),
      redirect: "error",
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    });
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw new NoAnswerError(url, `No answer from ${url}: ${reasonOf(error)}`, error);
  }
}

/** The refusal that a response is; NoAnswerError when its body is not one of the API's. */
export function refusalOf(response: Response, body: unknown): ProblemError | NoAnswerError {
  const isProblem = response.headers.get("content-type")?.startsWith(PROBLEM_MEDIA_TYPE) === true;
  if (isProblem) return new ProblemError(body as Problem);
  return new NoAnswerError(response.url, `${response.url} answered ${response.status}, and not as a Berth API does.`);
}

export async function bodyOf(response: Response, url: string): Promise<unknown> {
  try {
    const text = await response.text();
    return text === "" ? undefined : JSON.parse(text);
  } catch (error) {
    throw new NoAnswerError(url, `${url} gave an answer that cannot be read: ${reasonOf(error)}`, error);
  }
}

function mayPassLater(failure: unknown): boolean {
  if (failure instanceof NoAnswerError) return true;
  if (!(failure instanceof ProblemError)) return false;
  const { status } = failure.problem;
  return status === 503 || status === 429 || failure.is("idempotency_in_flight");
}

function urlOf(baseUrl: string, { path, query }: RawRequest): string {
  const url = new URL(baseUrl.replace(/\/+$/, "") + path);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue;
    for (const one of typeof value === "object" ? value : [value]) url.searchParams.append(name, String(one));
  }
  return url.href;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "it took too long";
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}
