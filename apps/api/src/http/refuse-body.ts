import type { Fault } from "@berth/contract";
import type { FastifyRequest } from "fastify";
import { pointerOf } from "./faults.ts";
import { RefusalError } from "./refusal.ts";

/**
 * Of a route that declares no body, before it does anything: what is sent all the same would be ignored, and with it what
 * its sender meant, a `dry_run` for example. An empty object says nothing, so it passes, as some clients send one.
 */
export function refuseBody(request: FastifyRequest, _: unknown, done: (error?: Error) => void): void {
  const [first, ...more] = faultsOfBody(request);
  if (first === undefined) {
    done();
  } else {
    const detail = `${first.pointer || "The body"}: ${first.detail}`;
    done(new RefusalError({ code: "validation_failed", detail, errors: [first, ...more] }));
  }
}

function faultsOfBody({ body, headers }: FastifyRequest): Fault[] {
  // The body of a GET is not read: that there is one is all that is known of it.
  if (body === undefined) return isAnnounced(headers) ? [UNEXPECTED] : [];
  if (typeof body !== "object" || body === null || Array.isArray(body)) return [UNEXPECTED];
  return Object.keys(body)
    .slice(0, 100)
    .map((key) => ({ pointer: pointerOf([key]), code: "unknown_field", detail: "There is no such field." }));
}

const UNEXPECTED: Fault = { pointer: "", code: "unexpected_body", detail: "This request takes none." };

/** Whether the headers say that content comes (RFC 9112, section 6.3). */
function isAnnounced(headers: FastifyRequest["headers"]): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
