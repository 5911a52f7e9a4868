import { PortError, type PortErrorKind } from "@berth/ports";

/** HTTP status -> kind. Not here: 4xx is invalid, all else (3xx too: we follow no redirect) unavailable. */
const KIND_BY_CODE: Readonly<Record<number, PortErrorKind>> = {
  401: "denied",
  403: "denied",
  404: "not_found",
  408: "unavailable",
  409: "conflict",
  429: "throttled",
};

/** One table from what an engine answered to a kind that loops know. */
export function portErrorOf(code: number, body: string, action: string): PortError {
  const kind = KIND_BY_CODE[code] ?? (code >= 400 && code < 500 ? "invalid" : "unavailable");
  return new PortError(kind, `${action}: ${code} ${reasonOf(body)}`, { cause: { code } });
}

/** `type: reason` of an engine's error body; the first characters of anything else. */
function reasonOf(body: string): string {
  try {
    const { error, message } = JSON.parse(body) as { error?: unknown; message?: unknown };
    if (typeof error === "object" && error !== null) {
      const { type, reason } = error as { type?: unknown; reason?: unknown };
      return `${String(type)}: ${String(reason)}`.slice(0, 300);
    }
    if (typeof error === "string" || typeof message === "string") return String(error ?? message).slice(0, 300);
  } catch {
    // Not JSON: OpenSearch's security plugin answers some failures in plain text.
  }
  return body.slice(0, 200);
}
