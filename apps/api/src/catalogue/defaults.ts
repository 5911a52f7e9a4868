import { ENGINE_VERSIONS, type EngineName } from "@berth/domain";

/** Taken when a new cluster names no engine. */
export const DEFAULT_ENGINE: EngineName = "elasticsearch";

/**
 * Taken when a new cluster names no version: the newest of the line that most clients speak (Elasticsearch 8), else the
 * newest of the engine.
 */
export function defaultVersion(engine: EngineName): string {
  const offered = ENGINE_VERSIONS.filter((entry) => entry.engine === engine).map((entry) => entry.version);
  const preferred = engine === "elasticsearch" ? offered.find((version) => version.startsWith("8.")) : undefined;
  const version = preferred ?? offered[0];
  if (version === undefined) throw new Error(`the catalogue has no version of ${engine}`);
  return version;
}
