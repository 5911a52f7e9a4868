import { isProbe } from "@berth/contract";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { networkOf } from "./client-address.ts";
import { RefusalError } from "./refusal.ts";

export interface InFlightLimits {
  /** Requests of one organization that are being answered at a time. */
  readonly requests: number;
  /** Streams and long polls of one organization that are open at a time: they wait, and cost little. */
  readonly waits: number;
  /** Files of one organization that are being sent at a time: each reads the database as fast as its reader takes it. */
  readonly files: number;
}

/**
 * Keeps one organization from taking all there is: what it asks beyond its share is refused at once, and the others' requests
 * go on finding connections. A share is given back when the answer is sent or the caller has gone.
 */
export function useInFlightLimits(app: FastifyInstance, limits: InFlightLimits): void {
  const counts = {
    requests: new Map<string, number>(),
    waits: new Map<string, number>(),
    files: new Map<string, number>(),
  };

  // After authentication, before the body is read.
  app.addHook("preParsing", (request, reply, _payload, done) => {
    const holder = holderOf(request);
    if (holder === undefined) return done();
    // Gone while its key was looked up: the end that gives a share back has been, and would never come again.
    if (reply.raw.destroyed) return done(new RefusalError({ code: "overloaded", detail: "The caller has gone." }));
    const kind = kindOf(request);
    const count = counts[kind].get(holder) ?? 0;
    if (count >= limits[kind]) {
      const whose = request.principal === undefined ? "Your address" : "The organization";
      const detail = `${whose} has ${limits[kind]} ${kind} open already. Try again when one has ended.`;
      return done(new RefusalError({ code: "rate_limited", detail }));
    }
    counts[kind].set(holder, count + 1);
    reply.raw.once("close", () => {
      const left = (counts[kind].get(holder) ?? 1) - 1;
      if (left > 0) counts[kind].set(holder, left);
      else counts[kind].delete(holder);
    });
    done();
  });
}

/** Whose share a request takes: its organization's, or where no key is asked for its address's; probes take none. */
function holderOf(request: FastifyRequest): string | undefined {
  if (request.principal !== undefined) return request.principal.organizationId;
  const shape = request.routeOptions.config?.contract;
  return shape === undefined || isProbe(shape) ? undefined : networkOf(request.ip);
}

function kindOf(request: FastifyRequest): keyof InFlightLimits {
  const shape = request.routeOptions.config?.contract;
  if (shape?.file !== undefined) return "files";
  const streams = shape?.stream !== undefined && (request.headers.accept ?? "").includes("text/event-stream");
  return streams || shape?.longPoll === true ? "waits" : "requests";
}
