import { Histogram, type Registry } from "@berth/runtime";
import type { FastifyInstance } from "fastify";

/** Counts and times requests by route and status. The route's pattern, never the path: ids would be labels without end. */
export function countRequests(app: FastifyInstance, registry: Registry): void {
  const seconds = new Histogram({
    name: "berth_api_request_seconds",
    help: "Time until the answer was sent, by operation, method and status.",
    labelNames: ["operation", "method", "status"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
    registers: [registry],
  });
  app.addHook("onResponse", (request, reply, done) => {
    const operation = request.routeOptions.config?.contract?.operationId ?? "none";
    seconds.observe({ operation, method: request.method, status: reply.statusCode }, reply.elapsedTime / 1000);
    done();
  });
}
