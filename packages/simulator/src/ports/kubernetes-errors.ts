import { PortError, type PortErrorKind } from "@berth/ports";
import type { ApiResponse } from "../kubernetes/request.ts";

/** What is read of a Status answer. */
export interface StatusBody {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly causes: readonly { readonly reason: string; readonly message: string }[];
  readonly retryAfterMs: number | undefined;
}

const KINDS: Readonly<Record<number, PortErrorKind>> = {
  401: "denied",
  403: "denied",
  404: "not_found",
  408: "unavailable",
  409: "conflict",
  410: "conflict",
  429: "throttled",
};

/** Admission refuses with 403 as missing rights do; the words tell them apart. */
const ADMISSION = /violates PodSecurity|exceeded quota|failed quota|ValidatingAdmissionPolicy|admission webhook/;

export function statusBodyOf({ status, body, headers }: ApiResponse): StatusBody {
  const parsed = (body ?? {}) as {
    reason?: string;
    message?: string;
    details?: { causes?: { reason?: string; message?: string }[]; retryAfterSeconds?: number };
  };
  const header = headers["Retry-After"] ?? headers["retry-after"];
  const seconds = parsed.details?.retryAfterSeconds ?? (header === undefined ? undefined : Number(header));
  return {
    code: status,
    reason: parsed.reason ?? "",
    message: parsed.message ?? "",
    causes: (parsed.details?.causes ?? []).map(({ reason = "", message = "" }) => ({ reason, message })),
    retryAfterMs: seconds === undefined ? undefined : seconds * 1000,
  };
}

export function portErrorOfStatus(status: StatusBody, action: string): PortError {
  const { code, reason, message, causes, retryAfterMs } = status;
  return new PortError(kindOf(code, message, causes), `${action}: ${code} ${reason}: ${message}`, {
    cause: status,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function kindOf(code: number, message: string, causes: StatusBody["causes"]): PortErrorKind {
  if (causes.some(({ reason }) => reason === "NamespaceTerminating")) return "conflict";
  if (code === 403 && ADMISSION.test(message)) return "invalid";
  if (code === 500 && message.startsWith("failed to create typed patch object")) return "invalid";
  return KINDS[code] ?? (code >= 400 && code < 500 ? "invalid" : "unavailable");
}
