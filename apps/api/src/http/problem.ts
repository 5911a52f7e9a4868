import { PROBLEM_MEDIA_TYPE, PROBLEMS, type Problem } from "@berth/contract";
import { CommitOutcomeUnknown, isUnavailable, TransactionContended } from "@berth/db";
import { isPortError } from "@berth/ports";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { RequestValidationError, ResponseSerializationError } from "fastify-zod-openapi";
import { faultsOfIssues } from "./faults.ts";
import { NOT_FOUND, type Refusal, RefusalError } from "./refusal.ts";

/** The body of a refusal. */
export function problemOf(refusal: Refusal, requestId: string): Problem {
  const { status, title, retryable } = PROBLEMS[refusal.code];
  return {
    type: `/problems/${refusal.code}`,
    title,
    status,
    code: refusal.code,
    detail: refusal.detail,
    instance: `urn:request:${requestId}`,
    request_id: requestId,
    retryable,
    ...(refusal.errors === undefined ? {} : { errors: [...refusal.errors] }),
    ...refusal.extra,
  };
}

/** Sends a refusal. */
export function sendProblem(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const problem = problemOf(refusal, reply.request.id);
  reply.header("x-request-id", reply.request.id); // Paths that the router refuses come here without any hook before.
  if (problem.status === 401) reply.header("www-authenticate", 'Bearer realm="berth"');
  const { retryAfterS } = PROBLEMS[refusal.code];
  if (retryAfterS !== undefined && !reply.hasHeader("retry-after")) reply.header("retry-after", String(retryAfterS));
  // Serialized here: the route's own schemas are about its answers.
  return reply
    .code(problem.status)
    .type(PROBLEM_MEDIA_TYPE)
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(problem);
}

/** Everything that was thrown while serving a request, as a refusal. What is not known here is our bug: 500, logged. */
export function handleError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = refusalOfError(error);
  if (refusal.code === "internal" || refusal.code === "overloaded") {
    request.log[refusal.code === "internal" ? "error" : "warn"]({ err: error }, refusal.code);
  }
  return sendProblem(reply, refusal);
}

/** Codes of Fastify (its errors.js) that are the caller's doing. */
const FASTIFY_CODES: Readonly<Record<string, Refusal>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: "payload_too_large", detail: "A body has at most 256 KiB." },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { code: "unsupported_media_type", detail: "Send the body as application/json." },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { code: "bad_request", detail: "Content-Length and the body differ." },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: "malformed_json", detail: "The body is empty." },
  FST_ERR_BAD_URL: NOT_FOUND,
  FST_ERR_MAX_PARAM_LENGTH: NOT_FOUND,
};

export function refusalOfError(error: FastifyError): Refusal {
  if (error instanceof RefusalError) return error.refusal;
  if (error instanceof ResponseSerializationError) return INTERNAL;
  if (error.validation !== undefined) return refusalOfValidation(error);
  const known = FASTIFY_CODES[error.code];
  if (known !== undefined) return known;
  return isOutage(error) ? OVERLOADED : INTERNAL;
}

const INTERNAL: Refusal = {
  code: "internal",
  detail: "Something failed on our side. It is logged under the request id.",
};
const OVERLOADED: Refusal = {
  code: "overloaded",
  detail: "The database cannot be reached, or did not answer in time. Try again.",
};

function refusalOfValidation(error: FastifyError): Refusal {
  const issues = (error.validation ?? []).flatMap((one) =>
    one instanceof RequestValidationError ? [one.params.issue] : [],
  );
  switch (error.validationContext) {
    case "params":
      return NOT_FOUND;
    case "headers":
      return { code: "invalid_header", detail: `The header ${String(issues[0]?.path[0])}: ${issues[0]?.message}` };
    default: {
      const errors = faultsOfIssues(issues, error.validationContext === "querystring" ? "?" : "/");
      return { code: "validation_failed", detail: summaryOf(errors), errors };
    }
  }
}

function summaryOf(errors: readonly { readonly pointer: string; readonly detail: string }[]): string {
  const first = errors[0];
  const more = errors.length > 1 ? ` And ${errors.length - 1} more.` : "";
  return first === undefined ? "The request is not valid." : `${first.pointer || "The body"}: ${first.detail}${more}`;
}

/** Whether something that we stand on is away or has no room: the request may pass later. */
function isOutage(error: unknown): boolean {
  if (isPortError(error)) return error.kind === "unavailable" || error.kind === "throttled";
  return isUnavailable(error) || error instanceof TransactionContended || error instanceof CommitOutcomeUnknown;
}
