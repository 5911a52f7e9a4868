import { z } from "zod";

/** The environment does not make a configuration. Says every fault at once. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * Reads a configuration from the environment. Only a process's config.ts calls this: nothing else looks at the environment.
 *
 * Throws ConfigError with a line a fault; values are not repeated, as they may be secrets.
 */
export function readConfig<S extends z.ZodObject>(
  schema: S,
  environment: Readonly<Record<string, string | undefined>>,
): z.output<S> {
  const given = Object.fromEntries(
    Object.keys(schema.shape).flatMap((name) => {
      const value = environment[name];
      return value === undefined || value === "" ? [] : [[name, value]];
    }),
  );
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => {
    const name = issue.path.join(".");
    return given[String(issue.path[0])] === undefined ? `${name} is not set` : `${name}: ${issue.message}`;
  });
  throw new ConfigError(`The configuration is not complete:\n  ${lines.join("\n  ")}`);
}

/** A port number in the environment; 0 takes any free one. */
export const portVariable = z.coerce.number().int().min(0).max(65_535);

/** A whole number in the environment. */
export function integerVariable(min: number, max: number) {
  return z.coerce.number().int().min(min).max(max);
}

/** A secret of at least 32 bytes, written in base64. */
export const secretVariable = z
  .string()
  .regex(/^[A-Za-z0-9+/_-]{43,}={0,2}$/, "at least 32 bytes, written in base64")
  .transform((text) => new Uint8Array(Buffer.from(text, "base64")));
