import { homedir } from "node:os";
import { join } from "node:path";

/** Where what was built or downloaded stays between runs, outside the work tree: one folder per thing and version. */
export function cacheFolder(what: string, version: string): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(base, "berth", what, version);
}
