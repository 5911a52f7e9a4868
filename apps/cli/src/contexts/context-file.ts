import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { EXIT_CODES } from "../exit-codes.ts";
import { Failure } from "../failure.ts";
import { writePrivateFile } from "../private-file.ts";

/** A named place to talk to. */
export interface Context {
  readonly apiUrl: string;
  readonly apiKey: string;
}

export interface ContextFile {
  readonly current: string | undefined;
  readonly contexts: ReadonlyMap<string, Context>;
}

/** Where contexts live: the platform's configuration folder (XDG on Linux), or BERTH_CONFIG. */
export async function contextFilePath(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  if (env.BERTH_CONFIG !== undefined && env.BERTH_CONFIG !== "") return env.BERTH_CONFIG;
  // env-paths reads the environment when it is imported; the variable is honoured here too, so that tests can set it.
  if (env.XDG_CONFIG_HOME !== undefined && env.XDG_CONFIG_HOME !== "") {
    return join(env.XDG_CONFIG_HOME, "berth", "contexts.yaml");
  }
  const { default: envPaths } = await import("env-paths");
  return join(envPaths("berth", { suffix: "" }).config, "contexts.yaml");
}

/** The file's contexts; an absent file has none. Refuses a file that others can read: it holds keys. */
export async function readContextFile(path: string): Promise<ContextFile> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { current: undefined, contexts: new Map() };
    throw new Failure(EXIT_CODES.failure, `cannot read ${path}: ${(error as Error).message}`);
  }
  if (process.platform !== "win32" && ((await stat(path)).mode & 0o077) !== 0) {
    throw new Failure(EXIT_CODES.authentication, `${path} holds API keys and others can read it`, {
      hint: `Run: chmod 600 ${path}`,
    });
  }
  const { parse } = await import("yaml");
  return toContextFile(parse(text), path);
}

/** Writes the file whole and only readable by its owner; a reader sees the old or the new one, never half of it. */
export async function writeContextFile(path: string, file: ContextFile): Promise<void> {
  const { stringify } = await import("yaml");
  const contexts = Object.fromEntries(
    [...file.contexts].map(([name, context]) => [name, { api_url: context.apiUrl, api_key: context.apiKey }]),
  );
  try {
    await writePrivateFile(path, stringify({ current: file.current ?? null, contexts }));
  } catch (error) {
    throw new Failure(EXIT_CODES.failure, `cannot write ${path}: ${(error as Error).message}`, {
      hint: "Set BERTH_CONFIG to a file that can be written, or BERTH_API_URL and BERTH_API_KEY instead of a login.",
    });
  }
}

function toContextFile(parsed: unknown, path: string): ContextFile {
  const contexts = new Map<string, Context>();
  const { current, contexts: entries } = (parsed ?? {}) as { current?: unknown; contexts?: unknown };
  for (const [name, entry] of Object.entries((entries ?? {}) as Record<string, unknown>)) {
    const { api_url: apiUrl, api_key: apiKey } = (entry ?? {}) as Record<string, unknown>;
    if (typeof apiUrl !== "string" || typeof apiKey !== "string") {
      throw new Failure(EXIT_CODES.failure, `${path}: the context ${name} lacks api_url or api_key`, {
        hint: `Run \`berth login --name ${name}\` to write it anew.`,
      });
    }
    contexts.set(name, { apiUrl, apiKey });
  }
  return { current: typeof current === "string" ? current : undefined, contexts };
}
