import { hash } from "node:crypto";
import { isConditional } from "@berth/contract";
import type { FastifyInstance } from "fastify";
import { isUnchanged } from "./etag.ts";

/**
 * Gives every answer to a GET an ETag, and 304 to who has it already: polling a list costs a line. Where a resource has a
 * version of its own its handler sets that; everything else is known by its bytes.
 */
export function useConditionalReads(app: FastifyInstance): void {
  app.addHook("onSend", (request, reply, payload, done) => {
    const shape = request.routeOptions.config?.contract;
    if (shape === undefined || !isConditional(shape) || reply.statusCode !== 200 || typeof payload !== "string") {
      return done();
    }
    const etag = reply.getHeader("etag") ?? `"${hash("sha256", payload, "base64url").slice(0, 27)}"`;
    reply.header("etag", etag);
    if (!isUnchanged(request.headers["if-none-match"], String(etag))) return done();
    reply.code(304);
    reply.removeHeader("content-length");
    reply.removeHeader("content-type");
    done(null, "");
  });
}
