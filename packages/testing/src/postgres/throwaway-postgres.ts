import { execFile } from "node:child_process";
import { chownSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../free-port.ts";
import { type RunningProcess, startProcess } from "../processes/start-process.ts";
import { findPostgresBinaries, type PostgresBinaries, postgresUser } from "./binaries.ts";

export interface ThrowawayPostgres {
  /** As the superuser, to the maintenance database. Any password is taken: loopback is trusted. */
  readonly url: string;
  readonly port: number;
  /** Ends it as a crash would. The files stay until stop(). */
  kill(): Promise<void>;
  /** Starts it again on the same files and port, after kill(). */
  startAgain(): Promise<void>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

export interface ThrowawayPostgresOptions {
  /**
   * True writes through to the disk as production does: only where a test crashes the machine's or the server's process
   * and asks what survived. It is about ten times slower at commits.
   */
  readonly fsync?: boolean;
  readonly maxConnections?: number;
}

/** Starts a real PostgreSQL of its own, with its files in a temporary folder, on a free port of loopback. */
export async function startThrowawayPostgres(options: ThrowawayPostgresOptions = {}): Promise<ThrowawayPostgres> {
  const binaries = await findPostgresBinaries();
  const user = postgresUser();
  const folder = mkdtempSync(join(tmpdir(), "berth-postgres-"));
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const files = join(folder, "data");
  const port = await freePort();
  const start = () => startServer(binaries, { files, folder, port, ...options, ...user });

  let server: RunningProcess;
  try {
    await initialise(binaries, files, user);
    server = await start();
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    url: `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`,
    port,
    kill: () => server.kill(),
    startAgain: async () => {
      server = await start();
    },
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function initialise(binaries: PostgresBinaries, files: string, user: ReturnType<typeof postgresUser>) {
  // Strings sort by code point in UTF-8, whatever locales the machine has: the same order in every test.
  const locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  const args = [
    `--pgdata=${files}`,
    "--username=postgres",
    "--auth=trust",
    "--no-sync",
    "--no-instructions",
    ...locale,
  ];
  await promisify(execFile)(binaries.initdb, args, { ...user, cwd: tmpdir() });
}

interface ServerSpec extends ThrowawayPostgresOptions {
  readonly files: string;
  readonly folder: string;
  readonly port: number;
  readonly uid?: number;
  readonly gid?: number;
}

async function startServer(binaries: PostgresBinaries, spec: ServerSpec): Promise<RunningProcess> {
  const settings = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: spec.maxConnections ?? 200,
    shared_buffers: "64MB",
    fsync: spec.fsync ?? false,
    synchronous_commit: spec.fsync ?? false,
    full_page_writes: spec.fsync ?? false,
    log_min_messages: "warning",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const server = await startProcess({
    name: "PostgreSQL",
    command: binaries.postgres,
    args: ["-D", spec.files, "-p", String(spec.port), ...flags],
    logFile: join(spec.folder, "log"),
    cwd: spec.folder,
    stopSignal: "INT",
    ...(spec.uid !== undefined && { uid: spec.uid }),
    ...(spec.gid !== undefined && { gid: spec.gid }),
  });
  // The server writes its state into the eighth line of its mark; asking by connection would log failures first.
  const isReady = () => {
    const lines = readFileSync(join(spec.files, "postmaster.pid"), "utf8").split("\n");
    return Number(lines[0]) === server.pid && lines[7]?.trim() === "ready";
  };
  try {
    await server.ready(isReady, { timeoutMs: 60_000, what: "PostgreSQL to take connections", intervalMs: 20 });
  } catch (error) {
    await server.kill();
    throw error;
  }
  return server;
}
