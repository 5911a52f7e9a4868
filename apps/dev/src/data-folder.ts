import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DevFailure } from "./dev-failure.ts";
import { commandLineOf, isAlive } from "./processes.ts";

/** The folder that a development Berth lives in, held by this process until `release`. */
export interface DataFolder {
  readonly path: string;
  /** Reads a JSON file of the folder, or undefined when it is not there. */
  readJson(name: string): unknown;
  /** Writes a JSON file whole, readable by its owner alone: keys and passwords lie here. */
  writeJson(name: string, value: unknown): void;
  release(): void;
}

const LOCK = "dev.pid";

/**
 * Makes the folder, proves that it can be written, and takes it for this process.
 *
 * Refuses a folder that a living dev holds. The mark that a killed one left behind is taken over: a process id that no
 * longer runs `dev` proves nothing.
 */
export function openDataFolder(path: string): DataFolder {
  try {
    // Others may pass through, as PostgreSQL runs as another user when we are root; what lies in it is 0600 or 0700.
    makeFolder(path);
    const probe = join(path, `.probe-${randomBytes(4).toString("hex")}`);
    writeFileSync(probe, "");
    rmSync(probe);
  } catch (error) {
    throw new DevFailure(
      `the data folder ${path} cannot be written (${(error as NodeJS.ErrnoException).code ?? error}). ` +
        "Choose another: npm run dev -- --data FOLDER",
    );
  }

  const lock = join(path, LOCK);
  takeLock(lock, path);
  return {
    path,
    readJson: (name) => readJson(join(path, name)),
    writeJson: (name, value) => {
      const draft = join(path, `${name}.new`);
      writeFileSync(draft, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
      chmodSync(draft, 0o600);
      renameSync(draft, join(path, name));
    },
    release: () => rmSync(lock, { force: true }),
  };
}

/** Not mkdirSync's `recursive`, which never comes back where a folder exists and takes no other (/proc; Node 20, 22). */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o755 });
}

function takeLock(lock: string, path: string): void {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      writeFileSync(lock, `${process.pid}\n`, { flag: "wx", mode: 0o644 });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = Number(readText(lock));
    if (Number.isInteger(holder) && holder > 0 && holder !== process.pid && isAlive(holder) && runsDev(holder)) {
      throw new DevFailure(
        `another dev (process ${holder}) already runs on ${path}. Stop it, or choose another folder and port: ` +
          "npm run dev -- --data FOLDER --port PORT",
      );
    }
    rmSync(lock, { force: true });
  }
  throw new DevFailure(`${lock} keeps coming back: is another dev starting on ${path}?`);
}

/** Process ids are used again: only a Node process with dev or demo in its command line is one of ours. */
function runsDev(pid: number): boolean {
  const commandLine = commandLineOf(pid);
  return commandLine === undefined || /\b(dev|demo)\.mjs\b/.test(commandLine);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new DevFailure(
      `${path} cannot be read (${(error as Error).message}). Start anew with another --data FOLDER.`,
    );
  }
}
