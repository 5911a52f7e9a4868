import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../free-port.ts";
import { ensureCommand } from "../processes/ensure-command.ts";
import { type RunningProcess, startProcess } from "../processes/start-process.ts";

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** Ends it as a crash would. Its files stay until stop(). */
  kill(): Promise<void>;
  /** Starts it again on the same files and port, after kill(). */
  startAgain(): Promise<void>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

export interface RedisOptions {
  /** Append-only file, as in production: what was acknowledged survives a kill. Off, it starts again empty. */
  readonly appendOnly?: boolean;
}

/** Starts a real Redis of its own on a free port of loopback, never evicting (as BullMQ needs it). */
export async function startRedis(options: RedisOptions = {}): Promise<TestRedis> {
  await ensureCommand({ command: "redis-server", package: "redis-server", service: "redis-server" });
  const folder = mkdtempSync(join(tmpdir(), "berth-redis-"));
  const port = await freePort();
  const settings = {
    bind: "127.0.0.1",
    port,
    dir: folder,
    save: "",
    appendonly: options.appendOnly === true ? "yes" : "no",
    "maxmemory-policy": "noeviction",
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);

  const start = async (): Promise<RunningProcess> => {
    const started = await startProcess({ name: "Redis", command: "redis-server", args, logFile: join(folder, "log") });
    try {
      // While it reads its file it answers -LOADING.
      await started.ready(async () => (await ping(port)) === "+PONG", { timeoutMs: 30_000, what: "Redis to answer" });
    } catch (error) {
      await started.kill();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
    return started;
  };

  let server = await start();
  return {
    url: `redis://127.0.0.1:${port}`,
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

function ping(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    socket.once("error", reject);
    socket.once("data", (answer) => {
      socket.destroy();
      resolve(answer.toString().trim());
    });
  });
}
