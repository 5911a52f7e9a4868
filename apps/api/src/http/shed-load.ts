import { isProbe } from "@berth/contract";
import fastifyUnderPressure from "@fastify/under-pressure";
import type { FastifyInstance } from "fastify";
import { sendProblem } from "./problem.ts";

/**
 * Refuses requests while this process is behind: an answer that comes too late is worse than a quick 503, as callers repeat
 * what they wait for. Probes are answered still: a busy process is not a dead one.
 */
export async function shedLoad(app: FastifyInstance, maxEventLoopDelayMs: number): Promise<void> {
  await app.register(fastifyUnderPressure, {
    maxEventLoopDelay: maxEventLoopDelayMs,
    sampleInterval: 500,
    pressureHandler: (request, reply) => {
      const shape = request.routeOptions.config?.contract;
      if (shape !== undefined && isProbe(shape)) return;
      sendProblem(reply, { code: "overloaded", detail: "The service is busy just now. Try again." });
    },
  });
}
