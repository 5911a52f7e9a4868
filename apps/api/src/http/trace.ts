import type { FastifyInstance } from "fastify";

/**
 * W3C Trace Context: `<version>-<trace id>-<parent id>-<flags>`; a trace or parent of zeros alone is none, and ff no version.
 * A later version than 00 may say more after these, behind a hyphen, and is read as if it were 00.
 */
const TRACEPARENT = /^(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;

export function traceIdOf(traceparent: string | undefined): string | undefined {
  return TRACEPARENT.exec(traceparent ?? "")?.[1];
}

/** Puts the caller's trace id on every line that is logged of the request, beside its request id. */
export function useTraces(app: FastifyInstance): void {
  app.addHook("onRequest", (request, _reply, done) => {
    const { traceparent } = request.headers;
    const traceId = traceIdOf(typeof traceparent === "string" ? traceparent : undefined);
    if (traceId !== undefined) request.log = request.log.child({ traceId });
    done();
  });
}
