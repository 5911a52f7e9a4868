import { type ChildProcess, spawn } from "node:child_process";
import { chownSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { DevFailure } from "./dev-failure.ts";
import type { Guardian } from "./guardian.ts";
import { findPostgresBinaries, type PostgresBinaries } from "./postgres-binaries.ts";
import { launchAs, postgresUser, type UserIds } from "./postgres-user.ts";
import { commandLineOf, isAlive, waitForEnd } from "./processes.ts";

export interface PostgresOptions {
  /** Folder of the cluster's files; made when it is not there. */
  readonly folder: string;
  readonly superuserPassword: string;
  readonly guardian: Guardian;
}

export interface RunningPostgres {
  readonly port: number;
  /** As the superuser, to the database `berth`, which is made by whoever migrates. */
  urlOf(user: string, password: string, database: string): string;
  stop(): Promise<void>;
}

const SUPERUSER = "postgres";
const START_TIMEOUT_MS = 60_000;

/**
 * Starts a real PostgreSQL on loopback, in a session of its own: Ctrl-C in the terminal must reach dev alone, which stops
 * the database last. Listens on a free port; nothing outlives dev, not even when it is killed.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const binaries = await findPostgresBinaries();
  const user = postgresUser();
  const files = join(options.folder, "data");
  if (!existsSync(join(files, "PG_VERSION"))) await initialise(binaries, user, files, options);
  await endLeftOver(files);

  const port = await freePort();
  const logPath = join(options.folder, "postgres.log");
  const log = openSync(logPath, "a", 0o600);
  const settings = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
    "shared_buffers=128MB",
    "log_min_messages=warning",
  ].flatMap((setting) => ["-c", setting]);
  const launch = launchAs(user, binaries.postgres, ["-D", files, "-p", String(port), ...settings], files);
  const child = spawn(launch.command, launch.args, {
    ...launch.ids,
    cwd: "/",
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  const { pid } = child;
  if (pid !== undefined) options.guardian.watch(pid, "SIGINT");
  await waitUntilReady(child, files, logPath);
  return {
    port,
    urlOf: (name, password, database) =>
      `postgresql://${encodeURIComponent(name)}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`,
    stop: () => stop(child, options.guardian),
  };
}

async function initialise(
  binaries: PostgresBinaries,
  user: UserIds | undefined,
  files: string,
  { folder, superuserPassword }: PostgresOptions,
): Promise<void> {
  // What an initdb that was killed left behind is not a cluster: it is made anew.
  rmSync(files, { recursive: true, force: true });
  mkdirSync(files, { recursive: true, mode: 0o700 });
  const passwordFile = join(folder, "superuser.password");
  writeFileSync(passwordFile, `${superuserPassword}\n`, { mode: 0o600 });
  if (user !== undefined) for (const path of [folder, files, passwordFile]) chownSync(path, user.uid, user.gid);
  try {
    await run(binaries.initdb, user, files, [
      `--pgdata=${files}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      // The same order of strings on every machine: nothing depends on which locales are installed.
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--locale=C",
      "--no-sync",
      "--no-instructions",
    ]);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

function run(program: string, user: UserIds | undefined, files: string, programArgs: readonly string[]): Promise<void> {
  const { command, args, ids } = launchAs(user, program, programArgs, files);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...ids, stdio: ["ignore", "pipe", "pipe"], cwd: "/" });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve();
      else
        reject(new DevFailure(`PostgreSQL could not make its files: ${output.trim() || `initdb ended with ${code}`}`));
    });
  });
}

/**
 * Ends the server of a dev that was killed before its guardian could, and takes away a mark without a server: a process
 * id that was used again since would keep PostgreSQL from starting for ever.
 */
async function endLeftOver(files: string): Promise<void> {
  const mark = join(files, "postmaster.pid");
  if (!existsSync(mark)) return;
  const pid = Number(readFileSync(mark, "utf8").split("\n")[0]);
  const isServer = pid > 0 && isAlive(pid) && (commandLineOf(pid) ?? files).includes(files);
  if (isServer) {
    process.kill(pid, "SIGINT");
    if (!(await waitForEnd(pid, 15_000))) {
      throw new DevFailure(
        `the PostgreSQL of an earlier dev (process ${pid}) does not stop. End it, then start again.`,
      );
    }
  }
  rmSync(mark, { force: true });
}

/** PostgreSQL writes `ready` into the eighth line of its mark once it takes connections. */
async function waitUntilReady(child: ChildProcess, files: string, logPath: string): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  let spawnError: Error | undefined;
  child.once("error", (error) => {
    spawnError = error;
  });
  for (;;) {
    if (spawnError !== undefined || child.exitCode !== null || child.signalCode !== null) {
      const lines = existsSync(logPath) ? readFileSync(logPath, "utf8").trim().split("\n").slice(-5).join("\n") : "";
      throw new DevFailure(`PostgreSQL did not start. ${spawnError?.message ?? ""}\n${lines}`);
    }
    const lines = readOrEmpty(join(files, "postmaster.pid")).split("\n");
    if (Number(lines[0]) === child.pid && lines[7]?.trim() === "ready") return;
    if (performance.now() > deadline) throw new DevFailure(`PostgreSQL was not ready in time; see ${logPath}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Fast shutdown; an immediate one when clients hold it up for long. */
async function stop(child: ChildProcess, guardian: Guardian): Promise<void> {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const impatient = setTimeout(() => child.kill("SIGQUIT"), 10_000);
  child.kill("SIGINT");
  await ended;
  clearTimeout(impatient);
  guardian.forget(pid);
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** A port of loopback that nothing listens on at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === "string") reject(new Error("no port"));
        else resolve(address.port);
      });
    });
  });
}
