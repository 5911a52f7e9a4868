export const PORT_ERROR_KINDS = ["not_found", "conflict", "throttled", "unavailable", "denied", "invalid"] as const;
export type PortErrorKind = (typeof PORT_ERROR_KINDS)[number];

/**
 * A failure of the outside, in our words. Each adapter has one table from vendor codes to kinds; loops know only these.
 *
 * conflict: somebody else changed it, or a precondition failed: read again. throttled and unavailable are retryable;
 * denied is our credentials; invalid is a request that will never pass (an admission rule, a bad field).
 */
export class PortError extends Error {
  override readonly name = "PortError";
  readonly kind: PortErrorKind;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(kind: PortErrorKind, message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.retryable = kind === "conflict" || kind === "throttled" || kind === "unavailable";
    this.retryAfterMs = options.retryAfterMs;
  }
}

export function isPortError(error: unknown, kind?: PortErrorKind): error is PortError {
  return error instanceof PortError && (kind === undefined || error.kind === kind);
}
