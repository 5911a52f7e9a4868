import { z } from "zod";
import { money, timestamp } from "./fields.ts";

/** One kind of refusal: its status, what it is called, and whether the same request may pass later unchanged. */
export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  readonly retryable: boolean;
  /** What Retry-After says of it when nothing better is known; it is not sent when absent. */
  readonly retryAfterS?: number;
}

const fixed = (status: number, title: string): ProblemKind => ({ status, title, retryable: false });
const passing = (status: number, title: string): ProblemKind => ({ status, title, retryable: true });
/** Passes by itself, and soon: the answer says when to ask again. */
const soon = (status: number, title: string, retryAfterS: number): ProblemKind => ({
  ...passing(status, title),
  retryAfterS,
});

/** Every code that the API answers with (RFC 9457, `code`). The only such table: the server has no other way to refuse. */
export const PROBLEMS = {
  malformed_json: fixed(400, "The body is not well-formed JSON"),
  bad_request: fixed(400, "The request is not well-formed HTTP"),
  invalid_header: fixed(400, "A header has a value that it cannot have"),
  invalid_page_token: fixed(400, "The page token is not one that this list gave out"),
  idempotency_key_required: fixed(400, "This request needs the header Idempotency-Key"),

  missing_credentials: fixed(401, "No API key was given"),
  invalid_credentials: fixed(401, "The API key is not valid"),
  expired_credentials: fixed(401, "The API key has expired"),
  insufficient_scope: fixed(403, "The API key lacks a permission"),
  ip_not_allowed: fixed(403, "The API key cannot be used from this address"),
  organization_suspended: fixed(403, "The organization is suspended"),

  not_found: fixed(404, "There is no such thing"),
  method_not_allowed: fixed(405, "This path does not have that method"),
  not_acceptable: fixed(406, "The answer has no form that the request accepts"),
  request_timeout: passing(408, "The request did not arrive in time"),
  payload_too_large: fixed(413, "The body is too large"),
  unsupported_media_type: fixed(415, "The body's media type is not application/json"),
  header_fields_too_large: fixed(431, "The headers are too large"),

  operation_in_progress: soon(409, "Another operation is changing this cluster", 2),
  idempotency_in_flight: soon(409, "The first request with this Idempotency-Key is still running", 1),
  name_taken: fixed(409, "The name is taken"),
  already_member: fixed(409, "Somebody with this address is in the organization"),
  already_invited: fixed(409, "Somebody with this address is invited already"),
  already_registered: fixed(409, "The purchase is registered already"),
  last_owner: fixed(409, "An organization keeps an owner"),
  invalid_state: fixed(409, "Its state does not allow this"),
  deletion_protected: fixed(409, "It is protected against deletion"),
  precondition_failed: fixed(412, "It has changed since it was read"),

  validation_failed: fixed(422, "Some fields have values that they cannot have"),
  topology_invalid: fixed(422, "The cluster's topology cannot work"),
  rate_limited: soon(429, "Too many requests", 1),
  quota_exceeded: fixed(422, "The organization's quota does not allow this"),
  spend_cap_exceeded: fixed(422, "The organization's spend cap does not allow this"),
  invalid_invitation: fixed(422, "The invitation is not valid, or not any more"),
  idempotency_mismatch: fixed(422, "The Idempotency-Key was used with another request"),

  internal: passing(500, "Something failed on our side"),
  overloaded: soon(503, "The service cannot answer just now", 1),
} as const satisfies Readonly<Record<string, ProblemKind>>;

export type ProblemCode = keyof typeof PROBLEMS;
export const PROBLEM_CODES = Object.keys(PROBLEMS) as readonly ProblemCode[];

/** Media type of every refusal. */
export const PROBLEM_MEDIA_TYPE = "application/problem+json";

/** One fault of a request: where it is, which rule it breaks, and a sentence for people. */
export const faultSchema = z
  .object({
    pointer: z.string().meta({
      description: "JSON pointer (RFC 6901) into the body; into the query when it begins with `?`.",
      examples: ["/components/0/instances"],
    }),
    code: z.string().meta({ examples: ["unknown_size"] }),
    detail: z.string(),
  })
  .meta({ id: "Fault" });
export type Fault = z.infer<typeof faultSchema>;

/** The body of every refusal (RFC 9457). Unknown members may be added; clients ignore them. */
export const problemSchema = z
  .object({
    type: z.string().meta({ description: "URI of the kind of problem.", examples: ["/problems/validation_failed"] }),
    title: z.string(),
    status: z.int(),
    code: z.enum(PROBLEM_CODES as [ProblemCode, ...ProblemCode[]]),
    detail: z.string(),
    instance: z.string().meta({ description: "This occurrence: `urn:request:<request id>`." }),
    request_id: z.string(),
    retryable: z.boolean().meta({ description: "The same request, unchanged, may pass later." }),
    errors: z.array(faultSchema).optional().meta({ description: "Every fault found, not the first alone." }),
    required_permissions: z.array(z.string()).optional(),
    operation_id: z.string().optional().meta({ description: "The operation that is in the way." }),
    quota: z
      .string()
      .optional()
      .meta({ description: "The quota that it is too much for.", examples: ["instances"] }),
    limit: z.int().optional().meta({ description: "Of the quota; bytes where its name ends so." }),
    used: z.int().optional(),
    requested: z.int().optional(),
    spend: z
      .object({ cap: money, used: money, requested: money })
      .optional()
      .meta({ description: "What all clusters may cost an hour, cost now, and what this would add." }),
  })
  .meta({ id: "Problem" });
export type Problem = z.infer<typeof problemSchema>;

/** Why an operation failed, or why the last look at something did. Not an answer to a request, so no request id. */
export const failureSchema = z
  .object({
    code: z.string(),
    message: z.string(),
    retryable: z.boolean(),
    at: timestamp.nullable(),
  })
  .meta({ id: "Failure" });
export type Failure = z.infer<typeof failureSchema>;
