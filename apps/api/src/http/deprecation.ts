import type { Deprecation } from "@berth/contract";
import type { FastifyInstance } from "fastify";

/** Says of a route that will go since when (RFC 9745), until when (RFC 8594), and what to use instead. */
export function useDeprecations(app: FastifyInstance): void {
  app.addHook("onRequest", (request, reply, done) => {
    const deprecated = request.routeOptions.config?.contract?.deprecated;
    if (deprecated !== undefined) reply.headers(deprecationHeaders(deprecated));
    done();
  });
}

export function deprecationHeaders({ since, sunset, successor }: Deprecation): Record<string, string> {
  return {
    deprecation: `@${Date.parse(since) / 1000}`,
    ...(sunset === undefined ? {} : { sunset: new Date(sunset).toUTCString() }),
    ...(successor === undefined ? {} : { link: `<${successor}>; rel="successor-version"` }),
  };
}
