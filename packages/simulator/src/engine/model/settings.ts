import { basename } from "node:path";
import { parse } from "yaml";
import type { PodToRun } from "../../pod-runtime.ts";

/** Settings with dotted names; a list stays a list. */
export type Settings = Readonly<Record<string, string | readonly string[]>>;

/** A process that refuses its configuration, with the reason that its log would give. */
export class StartRefused extends Error {}

/** Content of the first mounted file of this name. Configured paths are compared by their last part alone. */
export function findFile(files: PodToRun["files"], path: string): Uint8Array | undefined {
  const name = basename(path);
  for (const mount of Object.keys(files).sort()) {
    const content = files[mount]?.[name];
    if (content !== undefined) return content;
  }
  return undefined;
}

export function findText(files: PodToRun["files"], path: string): string | undefined {
  const content = findFile(files, path);
  return content === undefined ? undefined : Buffer.from(content).toString("utf8");
}

/**
 * Reads a node's YAML the way both engines do: nested or dotted keys, `${NAME}` and `${NAME:default}` from the
 * environment, and settings given as environment variables with a dot in their name (their container images' rule).
 *
 * Refuses YAML that does not parse and a placeholder that the environment lacks.
 */
export function readSettings(yamlText: string, env: Readonly<Record<string, string>>): Settings {
  let document: unknown;
  try {
    document = parse(yamlText);
  } catch (error) {
    throw new StartRefused(`failed to load settings: ${error instanceof Error ? error.message : String(error)}`);
  }
  const settings: Record<string, string | readonly string[]> = {};
  flatten(document ?? {}, "", settings, env);
  for (const [name, value] of Object.entries(env)) {
    if (/^[a-z][a-z0-9_]*(\.[a-z0-9_*-]+)+$/.test(name)) settings[name] = value;
  }
  return settings;
}

function flatten(
  value: unknown,
  path: string,
  into: Record<string, string | readonly string[]>,
  env: Readonly<Record<string, string>>,
): void {
  if (Array.isArray(value)) {
    into[path] = value.map((item) => expand(String(item), env));
  } else if (typeof value === "object" && value !== null) {
    for (const [key, child] of Object.entries(value)) flatten(child, path === "" ? key : `${path}.${key}`, into, env);
  } else if (path === "") {
    throw new StartRefused("failed to load settings: malformed, expected settings to start with 'object'");
  } else {
    into[path] = expand(String(value ?? ""), env);
  }
}

function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{([^}:]+)(?::([^}]*))?\}/g, (_whole, name: string, fallback: string | undefined) => {
    const value = env[name] ?? fallback;
    if (value === undefined) throw new StartRefused(`Could not resolve placeholder '${name}'`);
    return value;
  });
}

export function settingText(settings: Settings, name: string): string | undefined {
  const value = settings[name];
  return typeof value === "string" ? value : value?.join(",");
}

/** A list may also be written as one text with commas. */
export function settingList(settings: Settings, name: string): readonly string[] | undefined {
  const value = settings[name];
  if (value === undefined) return undefined;
  const parts = typeof value === "string" ? value.split(",") : value;
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}

export function settingFlag(settings: Settings, name: string, fallback: boolean): boolean {
  const value = settingText(settings, name);
  return value === undefined ? fallback : value === "true";
}
