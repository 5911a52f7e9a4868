/** SQLSTATEs after which the same transaction may pass when it is run again: serialization failure, deadlock. */
const CONFLICT_STATES = new Set(["40001", "40P01"]);

/**
 * Whether the transaction lost against another one and nothing of it was kept, so that it can simply be run again.
 *
 * A conflict comes in four shapes. From pg: an error whose `code` is the SQLSTATE. From Prisma 7: P2034 when a model call
 * found it, P2010 with `TransactionWriteConflict` two levels down in `meta` when a raw statement did, and a
 * DriverAdapterError without any code when COMMIT did (write skew). So the whole error is searched, not its `code`.
 */
export function isConflict(error: unknown): boolean {
  return anyOf(error, (one) => {
    const state = one.code ?? one.originalCode;
    return (
      (typeof state === "string" && CONFLICT_STATES.has(state)) ||
      one.code === "P2034" ||
      one.kind === "TransactionWriteConflict" ||
      one.originalCode === "40001" ||
      (one.name === "DriverAdapterError" && one.message === "TransactionWriteConflict")
    );
  });
}

/** SQLSTATE classes and codes of a server that cannot serve now: connection lost, out of room, shutting down. */
const UNAVAILABLE_STATE = /^(08...|53...|57P0.|58...|25006)$/;
const UNAVAILABLE_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ETIMEDOUT",
  "EPIPE",
  "ENOTFOUND",
  "EAI_AGAIN",
  // Prisma: cannot reach the server, timed out there, closed the connection, no transaction in time, pool timeout.
  "P1001",
  "P1002",
  "P1017",
  "P2024",
  "P2028",
  // Cancelled because it took too long (statement_timeout) or waited too long for a lock.
  "57014",
  "55P03",
]);
/** Said by pg itself, without any code: no connection in time, connection lost under way, pool closed. */
const UNAVAILABLE_MESSAGE =
  /timeout exceeded when trying to connect|Connection terminated|not queryable|Client was closed|connection error and is not queryable|Cannot use a pool after calling end/;

/** Whether the database cannot answer now, as opposed to refusing what was asked: worth a 503 and another try later. */
export function isUnavailable(error: unknown): boolean {
  return anyOf(error, (one) => {
    const code = one.code ?? one.originalCode;
    if (typeof code === "string" && (UNAVAILABLE_STATE.test(code) || UNAVAILABLE_CODES.has(code))) return true;
    return one.message !== undefined && UNAVAILABLE_MESSAGE.test(one.message);
  });
}

/** Whether a unique index refused the row; with a name, whether it was that one. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return anyOf(error, (one) => {
    if (one.code !== "23505" && one.code !== "P2002" && one.originalCode !== "23505") return false;
    return constraint === undefined || one.constraint === constraint || (one.message ?? "").includes(constraint);
  });
}

/** Whether the server answered with this SQLSTATE, wherever in the error it stands. */
export function hasState(error: unknown, state: string): boolean {
  return anyOf(error, (one) => one.code === state || one.originalCode === state);
}

interface Facts {
  readonly name?: string;
  readonly message?: string;
  readonly code?: unknown;
  readonly originalCode?: unknown;
  readonly kind?: unknown;
  readonly constraint?: unknown;
}

/** Looks at an error and at what it carries in `cause`, `meta` and the like, a few levels deep. */
function anyOf(error: unknown, holds: (one: Facts) => boolean, depth = 0): boolean {
  if (typeof error !== "object" || error === null || depth > 5) return false;
  const one = error as Facts & Readonly<Record<string, unknown>>;
  if (holds(one)) return true;
  const inner = [one.cause, one.meta, one.driverAdapterError, one.error];
  return [...inner, ...(Array.isArray(one.errors) ? one.errors : [])].some((next) => anyOf(next, holds, depth + 1));
}
