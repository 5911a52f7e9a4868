import { EXIT_CODES } from "../exit-codes.ts";
import { Failure } from "../failure.ts";
import { contextFilePath, readContextFile } from "./context-file.ts";

export interface ResolvedContext {
  /** The context's name, or `environment`. */
  readonly name: string;
  readonly apiUrl: string;
  readonly apiKey: string;
}

/**
 * Which API to talk to, and as whom: a context asked for by name, else BERTH_API_URL and BERTH_API_KEY, else the current
 * context of the file. One variable alone replaces its half of the context.
 */
export async function resolveContext(
  env: Readonly<Record<string, string | undefined>>,
  wanted: string | undefined,
): Promise<ResolvedContext> {
  const url = env.BERTH_API_URL || undefined;
  const key = env.BERTH_API_KEY || undefined;
  if (wanted === undefined && url !== undefined && key !== undefined) {
    return { name: "environment", apiUrl: url, apiKey: key };
  }

  const { name, context } = await findContext(env, wanted);
  const apiUrl = (wanted === undefined ? url : undefined) ?? context?.apiUrl;
  const apiKey = (wanted === undefined ? key : undefined) ?? context?.apiKey;
  if (apiUrl === undefined || apiKey === undefined) {
    const missing = apiUrl === undefined ? "API URL" : "API key";
    throw new Failure(EXIT_CODES.authentication, `no ${missing}: nothing is logged in`, {
      hint: "Set BERTH_API_URL and BERTH_API_KEY, or run `berth login`. `npm run dev` prints both for a local Berth.",
    });
  }
  return { name: name ?? "environment", apiUrl, apiKey };
}

/** The address alone, for a request that takes no key: found in the same places. */
export async function resolveApiUrl(
  env: Readonly<Record<string, string | undefined>>,
  wanted: string | undefined,
): Promise<string> {
  const fromEnvironment = wanted === undefined ? env.BERTH_API_URL || undefined : undefined;
  const apiUrl = fromEnvironment ?? (await findContext(env, wanted)).context?.apiUrl;
  if (apiUrl !== undefined) return apiUrl;
  throw new Failure(EXIT_CODES.usage, "no API URL", { hint: "Add --api-url URL, or set BERTH_API_URL." });
}

async function findContext(env: Readonly<Record<string, string | undefined>>, wanted: string | undefined) {
  const path = await contextFilePath(env);
  const file = await readContextFile(path);
  const name = wanted ?? file.current;
  const context = name === undefined ? undefined : file.contexts.get(name);
  if (wanted !== undefined && context === undefined) {
    const known = [...file.contexts.keys()].join(", ") || "none";
    throw new Failure(EXIT_CODES.notFound, `no context named ${wanted} in ${path}`, { hint: `Known: ${known}.` });
  }
  return { name, context };
}
