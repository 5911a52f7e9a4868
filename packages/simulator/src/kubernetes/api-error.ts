import { qualifiedKind, qualifiedName, type Resource } from "./resources.ts";

export interface StatusCause {
  reason: string;
  message: string;
  field?: string;
}

export interface Status {
  kind: "Status";
  apiVersion: "v1";
  metadata: object;
  status: "Failure" | "Success";
  message?: string;
  reason?: string;
  details?: {
    name?: string;
    group?: string;
    kind?: string;
    uid?: string;
    causes?: StatusCause[];
    retryAfterSeconds?: number;
  };
  code?: number;
}

/**
 * A refusal of the API server, with the Status object that it sends.
 *
 * Reasons, codes and messages follow apimachinery's pkg/api/errors (Kubernetes 1.37).
 */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: Status & { readonly code: number };

  constructor(code: number, reason: string, message: string, details?: Status["details"]) {
    super(message);
    this.status = {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      ...(reason === "" ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    };
  }

  get code(): number {
    return this.status.code;
  }

  get reason(): string {
    return this.status.reason ?? "";
  }
}

export function isApiError(error: unknown, reason?: string): error is ApiError {
  return error instanceof ApiError && (reason === undefined || error.reason === reason);
}

function detailsOf(resource: Pick<Resource, "group" | "plural">, name: string): NonNullable<Status["details"]> {
  return {
    ...(name === "" ? {} : { name }),
    ...(resource.group === "" ? {} : { group: resource.group }),
    kind: resource.plural,
  };
}

export function notFound(resource: Pick<Resource, "group" | "plural">, name: string): ApiError {
  return new ApiError(404, "NotFound", `${qualifiedName(resource)} "${name}" not found`, detailsOf(resource, name));
}

/** The answer for a path that nothing serves. */
export function noSuchPath(): ApiError {
  return new ApiError(404, "NotFound", "the server could not find the requested resource", {});
}

export function alreadyExists(resource: Resource, name: string): ApiError {
  const message = `${qualifiedName(resource)} "${name}" already exists`;
  return new ApiError(409, "AlreadyExists", message, detailsOf(resource, name));
}

export function conflict(resource: Resource, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualifiedName(resource)} "${name}": ${why}`;
  return new ApiError(409, "Conflict", message, detailsOf(resource, name));
}

export const MODIFIED = "the object has been modified; please apply your changes to the latest version and try again";

export function forbidden(resource: Resource, name: string, why: string, causes: StatusCause[] = []): ApiError {
  const subject = name === "" ? qualifiedName(resource) : `${qualifiedName(resource)} "${name}"`;
  return new ApiError(403, "Forbidden", `${subject} is forbidden: ${why}`, {
    ...detailsOf(resource, name),
    ...(causes.length === 0 ? {} : { causes }),
  });
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, "BadRequest", message);
}

export function unauthorized(): ApiError {
  return new ApiError(401, "Unauthorized", "Unauthorized");
}

export function methodNotAllowed(): ApiError {
  return new ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
}

export function expired(message: string): ApiError {
  return new ApiError(410, "Expired", message);
}

export function tooManyRequests(message: string, retryAfterSeconds: number, causes: StatusCause[] = []): ApiError {
  return new ApiError(429, "TooManyRequests", message, {
    ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}),
    ...(causes.length === 0 ? {} : { causes }),
  });
}

/** What the server makes of an error that has no Status of its own: 500 without a reason. */
export function unexpected(message: string): ApiError {
  return new ApiError(500, "", message);
}

/** One fault of a field, in the words of apimachinery's field errors. */
export interface FieldFault {
  readonly kind: "Required" | "Invalid" | "Forbidden" | "NotSupported" | "Duplicate" | "TooLong" | "NotFound";
  readonly field: string;
  readonly detail: string;
  readonly value?: unknown;
}

const FAULT_REASONS: Readonly<Record<FieldFault["kind"], string>> = {
  Required: "FieldValueRequired",
  Invalid: "FieldValueInvalid",
  Forbidden: "FieldValueForbidden",
  NotSupported: "FieldValueNotSupported",
  Duplicate: "FieldValueDuplicate",
  TooLong: "FieldValueTooLong",
  NotFound: "FieldValueNotFound",
};

const FAULT_WORDS: Readonly<Record<FieldFault["kind"], string>> = {
  Required: "Required value",
  Invalid: "Invalid value",
  Forbidden: "Forbidden",
  NotSupported: "Unsupported value",
  Duplicate: "Duplicate value",
  TooLong: "Too long",
  NotFound: "Not found",
};

function describeFault(fault: FieldFault): string {
  const shown =
    fault.kind === "Required" || fault.kind === "Forbidden" || fault.kind === "TooLong" || fault.value === undefined;
  const value = shown ? "" : `: ${JSON.stringify(fault.value)}`;
  return `${FAULT_WORDS[fault.kind]}${value}${fault.detail === "" ? "" : `: ${fault.detail}`}`;
}

/** 422 with one cause for each fault. */
export function invalid(resource: Resource, name: string, faults: readonly FieldFault[]): ApiError {
  const lines = faults.map((fault) => `${fault.field}: ${describeFault(fault)}`);
  const joined = lines.length === 1 ? lines[0] : `[${lines.join(", ")}]`;
  return new ApiError(422, "Invalid", `${qualifiedKind(resource)} "${name}" is invalid: ${joined}`, {
    ...(name === "" ? {} : { name }),
    ...(resource.group === "" ? {} : { group: resource.group }),
    kind: resource.kind,
    causes: faults.map((fault) => ({
      reason: FAULT_REASONS[fault.kind],
      message: describeFault(fault),
      field: fault.field,
    })),
  });
}
