import { isProbe } from "@berth/contract";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Principal } from "./authenticate.ts";
import { networkOf } from "./client-address.ts";
import { RefusalError } from "./refusal.ts";

export interface RateLimits {
  /** Requests of one API key in a minute. */
  readonly perKeyAMinute: number;
  /**
   * Refused credentials, and requests of routes that take no key, from one address in a minute; more are refused before they
   * are looked at.
   */
  readonly failuresPerAddressAMinute: number;
}

/** What is to be told of each request whose key was looked at, before it is judged what the key may. */
export interface RequestCounts {
  /** Throws when the key has no request left. */
  readonly letIn: (reply: FastifyReply, principal: Principal) => void;
  readonly refused: (request: FastifyRequest) => void;
}

const WINDOW_MS = 60_000;
/** Keys and addresses that are counted at a time. */
const COUNTED = 20_000;

/**
 * Counts requests by key, and guesses by address, in this process alone: no store stands in a request's way, and a limit is
 * a protection, not a quota. With several processes behind a balancer each gives its share.
 *
 * Every answer to a key that is let in carries RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-11, 2026),
 * also that it may not do this. Where no key is asked for, the request itself is the guess: it is counted before it is
 * answered, so that many at once are not more than the same one after the other.
 */
export function useRateLimits(app: FastifyInstance, limits: RateLimits): RequestCounts {
  const ofKeys = new WindowCounts();
  const guesses = new WindowCounts();

  app.addHook("onRequest", (request, reply, done) => {
    const shape = request.routeOptions.config?.contract;
    if (shape === undefined || isProbe(shape)) return done();
    const address = networkOf(request.ip);
    const window = guesses.of(address);
    if (window !== undefined && window.count >= limits.failuresPerAddressAMinute) {
      return done(refusal(reply, secondsOf(window), "Too many refused credentials from this address."));
    }
    if (shape.permission === "public") guesses.count(address);
    done();
  });

  const most = limits.perKeyAMinute;
  const policy = `"requests";q=${most};w=${WINDOW_MS / 1000}`;
  return {
    letIn: (reply, principal) => {
      const window = ofKeys.count(principal.apiKeyId);
      const seconds = secondsOf(window);
      reply.header("ratelimit-policy", policy);
      reply.header("ratelimit", `"requests";r=${Math.max(0, most - window.count)};t=${seconds}`);
      if (window.count > most) throw refusal(reply, seconds, `A key may ask ${most} times a minute.`);
    },
    refused: (request) => void guesses.count(networkOf(request.ip)),
  };
}

interface Window {
  count: number;
  readonly endsAt: number;
}

/** Counts by name, in windows that begin with a name's first count. */
class WindowCounts {
  /** In the order in which they began, and so will end. */
  readonly #windows = new Map<string, Window>();

  count(name: string): Window {
    const before = this.of(name);
    if (before !== undefined) {
      before.count += 1;
      return before;
    }
    this.#windows.delete(name);
    if (this.#windows.size >= COUNTED) this.#windows.delete(this.#windows.keys().next().value ?? "");
    const window = { count: 1, endsAt: performance.now() + WINDOW_MS };
    this.#windows.set(name, window);
    return window;
  }

  of(name: string): Window | undefined {
    const window = this.#windows.get(name);
    return window === undefined || window.endsAt <= performance.now() ? undefined : window;
  }
}

function secondsOf({ endsAt }: Window): number {
  return Math.max(1, Math.ceil((endsAt - performance.now()) / 1000));
}

function refusal(reply: FastifyReply, seconds: number, detail: string): RefusalError {
  reply.header("retry-after", String(seconds));
  return new RefusalError({ code: "rate_limited", detail: `${detail} Try again in ${seconds} s.` });
}
