import { PortError, type PortErrorKind } from "@berth/ports";

/** The parts of a Kubernetes Status answer that we read. */
export interface KubernetesStatus {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly causes: readonly { readonly reason: string; readonly message: string; readonly field: string }[];
  readonly retryAfterMs: number | undefined;
}

/** HTTP status -> kind. Statuses that are not here: 4xx are invalid, the rest unavailable. */
const KIND_BY_CODE: Readonly<Record<number, PortErrorKind>> = {
  401: "denied",
  403: "denied",
  404: "not_found",
  408: "unavailable",
  409: "conflict",
  // Gone and Expired: the resourceVersion or page that was asked for is no longer kept. Read again.
  410: "conflict",
  429: "throttled",
};

/**
 * Admission refusals answer 403 as missing rights do, yet mean the opposite: our credentials are fine and this object will
 * never pass. Told apart by their words, as the API has no field for it (seen on 1.37: Pod Security, quota, policies).
 */
const ADMISSION = /violates PodSecurity|exceeded quota|failed quota|ValidatingAdmissionPolicy|admission webhook/;

/** One table from what the API server answered to a kind that loops know. The Status is the error's cause. */
export function portErrorOf(status: KubernetesStatus, action: string): PortError {
  const options = {
    cause: status,
    ...(status.retryAfterMs === undefined ? {} : { retryAfterMs: status.retryAfterMs }),
  };
  return new PortError(kindOf(status), `${action}: ${status.code} ${status.reason}: ${status.message}`, options);
}

/** An apply with a field that the schema does not have answers 500 without a reason (seen on 1.37), yet will never pass. */
const BAD_APPLY = /^failed to create typed patch object/;

function kindOf(status: KubernetesStatus): PortErrorKind {
  // The namespace goes away: somebody changed the world under us, and reading again tells what to do.
  if (status.causes.some((cause) => cause.reason === "NamespaceTerminating")) return "conflict";
  if (status.code === 403 && ADMISSION.test(status.message)) return "invalid";
  if (status.code === 500 && BAD_APPLY.test(status.message)) return "invalid";
  return KIND_BY_CODE[status.code] ?? (status.code >= 400 && status.code < 500 ? "invalid" : "unavailable");
}

/** The Status behind a thrown PortError, when it came from an answer and not from a broken connection. */
export function statusOf(error: unknown): KubernetesStatus | undefined {
  if (!(error instanceof PortError)) return undefined;
  const cause = error.cause;
  return typeof cause === "object" && cause !== null && "causes" in cause ? (cause as KubernetesStatus) : undefined;
}

/** Reads a Status from an answer's body; anything else (a proxy's page) keeps the HTTP code and its first characters. */
export function readStatus(code: number, body: string, retryAfter: string | undefined): KubernetesStatus {
  const headerMs = retryAfter !== undefined && /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : undefined;
  const plain = { code, reason: "", message: body.slice(0, 300), causes: [], retryAfterMs: headerMs };
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return plain;
  }
  if (typeof parsed !== "object" || parsed === null || (parsed as { kind?: unknown }).kind !== "Status") return plain;
  return statusFrom(parsed as Record<string, unknown>, code, headerMs);
}

/** The same from an object that is known to be a Status: also what an ERROR event of a watch carries. */
export function statusFrom(
  parsed: Readonly<Record<string, unknown>>,
  code: number,
  retryAfterMs?: number,
): KubernetesStatus {
  const details = (parsed.details ?? {}) as { causes?: unknown; retryAfterSeconds?: unknown };
  const causes = Array.isArray(details.causes) ? (details.causes as Record<string, unknown>[]) : [];
  const seconds = typeof details.retryAfterSeconds === "number" ? details.retryAfterSeconds * 1000 : undefined;
  return {
    code: typeof parsed.code === "number" ? parsed.code : code,
    reason: String(parsed.reason ?? ""),
    message: String(parsed.message ?? ""),
    causes: causes.map((cause) => ({
      reason: String(cause.reason ?? ""),
      message: String(cause.message ?? ""),
      field: String(cause.field ?? ""),
    })),
    retryAfterMs: retryAfterMs ?? seconds,
  };
}
