import fastifyRateLimit from "@fastify/rate-limit";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { RefusalError } from "./refusal.ts";

export interface RateLimits {
  /** Requests of one API key in a minute. */
  readonly perKeyAMinute: number;
  /** Refused credentials from one address in a minute; more are refused before they are looked at. */
  readonly failuresPerAddressAMinute: number;
}

const WINDOW_MS = 60_000;
/** Keys and addresses that are counted at a time. The least recently seen is forgotten first. */
const COUNTED = 20_000;

/**
 * Counts requests by key, and guesses by address, in this process alone: no store stands in a request's way, and a limit is
 * a protection, not a quota. With several processes behind a balancer each gives its share.
 *
 * Every answer to a key carries RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-11, 2026).
 */
export async function useRateLimits(app: FastifyInstance, limits: RateLimits): Promise<void> {
  await app.register(fastifyRateLimit, { global: false, cache: COUNTED });
  const byKey = app.createRateLimit({
    max: limits.perKeyAMinute,
    timeWindow: WINDOW_MS,
    keyGenerator: (request) => request.principal?.apiKeyId ?? "",
  });
  const guesses = app.createRateLimit({
    max: limits.failuresPerAddressAMinute,
    timeWindow: WINDOW_MS,
    keyGenerator: (request) => request.ip,
  });

  app.addHook("onRequest", async (request, reply) => {
    if (isOpen(request)) return;
    const left = await guesses(request, { increment: false });
    if (!left.isAllowed && left.remaining <= 0) refuse(reply, left.ttlInSeconds, "Too many refused credentials.");
  });
  app.addHook("onSend", (request, reply, _payload, done) => {
    if (reply.statusCode !== 401) return done();
    return guesses(request).then(() => undefined);
  });

  const policy = `"requests";q=${limits.perKeyAMinute};w=${WINDOW_MS / 1000}`;
  // After authentication, which is an onRequest hook too: by then it is known who asks.
  app.addHook("preParsing", async (request, reply) => {
    if (request.principal === undefined) return;
    const left = await byKey(request);
    if (left.isAllowed) return;
    reply.header("ratelimit-policy", policy);
    reply.header("ratelimit", `"requests";r=${left.remaining};t=${left.ttlInSeconds}`);
    if (left.isExceeded) refuse(reply, left.ttlInSeconds, `A key may ask ${left.max} times a minute.`);
  });
}

function isOpen(request: FastifyRequest): boolean {
  const permission = request.routeOptions.config?.contract?.permission;
  return permission === undefined || permission === "public";
}

function refuse(reply: FastifyReply, seconds: number, detail: string): never {
  reply.header("retry-after", String(Math.max(1, seconds)));
  throw new RefusalError({ code: "rate_limited", detail: `${detail} Try again in ${Math.max(1, seconds)} s.` });
}
