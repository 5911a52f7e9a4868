import { pino } from "pino";

export type Logger = pino.Logger;

export interface LoggerOptions {
  /** Process that writes, as `api`. */
  readonly name: string;
  readonly level: string;
  /** Where lines go; standard output when absent, written in the background: a crash by force may lose the last ones. */
  readonly destination?: pino.DestinationStream;
}

/** Fields that never reach a log, at the top or one level down. */
const SECRET_FIELDS = [
  "authorization",
  "password",
  "apiKey",
  "api_key",
  "kubeconfig",
  "secret",
  "token",
  "userData",
  "bootstrapToken",
  "keyPem",
  "idempotency-key",
  "cookie",
];

/** Lines of JSON, times in RFC 3339, secrets cut out by the name of their field. */
export function createLogger(options: LoggerOptions): Logger {
  const settings: pino.LoggerOptions = {
    name: options.name,
    level: options.level,
    timestamp: pino.stdTimeFunctions.isoTime,
    base: { process: options.name },
    redact: {
      paths: SECRET_FIELDS.flatMap((field) => [`["${field}"]`, `*["${field}"]`, `req.headers["${field}"]`]),
      censor: "[removed]",
    },
    serializers: { err: errorFacts },
  };
  return pino(settings, options.destination ?? pino.destination({ dest: 1, sync: false }));
}

/**
 * What a log says of an error: named facts, a few causes deep. Not all of its fields: drivers hang whole connections on their
 * errors, with what is in them.
 */
function errorFacts(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return depth === 0 ? String(error) : undefined;
  const { code, kind } = error as { readonly code?: unknown; readonly kind?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === "string" ? { code } : {}),
    ...(typeof kind === "string" ? { kind } : {}),
    stack: error.stack,
    ...(error.cause === undefined || depth >= 3 ? {} : { cause: errorFacts(error.cause, depth + 1) }),
  };
}
