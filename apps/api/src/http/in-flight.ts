import type { FastifyInstance, FastifyRequest } from "fastify";
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
    const organizationId = request.principal?.organizationId;
    if (organizationId === undefined) return done();
    // Gone while its key was looked up: the end that gives a share back has been, and would never come again.
    if (reply.raw.destroyed) return done(new RefusalError({ code: "overloaded", detail: "The caller has gone." }));
    const kind = kindOf(request);
    const count = counts[kind].get(organizationId) ?? 0;
    if (count >= limits[kind]) {
      reply.header("retry-after", "1");
      const detail = `The organization has ${limits[kind]} ${kind} open already. Try again when one has ended.`;
      return done(new RefusalError({ code: "rate_limited", detail }));
    }
    counts[kind].set(organizationId, count + 1);
    reply.raw.once("close", () => {
      const left = (counts[kind].get(organizationId) ?? 1) - 1;
      if (left > 0) counts[kind].set(organizationId, left);
      else counts[kind].delete(organizationId);
    });
    done();
  });
}

function kindOf(request: FastifyRequest): keyof InFlightLimits {
  const shape = request.routeOptions.config?.contract;
  if (shape?.file !== undefined) return "files";
  const streams = shape?.stream !== undefined && (request.headers.accept ?? "").includes("text/event-stream");
  return streams || shape?.longPoll === true ? "waits" : "requests";
}
