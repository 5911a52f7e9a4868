import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { announcement } from "./announce.ts";
import { openDataFolder } from "./data-folder.ts";
import { DevFailure } from "./dev-failure.ts";
import { type DevOptions, readOptions } from "./options.ts";
import { portTaken, startBerth } from "./start-berth.ts";
import { untilStopped } from "./until-stopped.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** `npm run dev`: everything, until Ctrl-C. Gives the exit code. */
export async function runDev(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  try {
    const options = readOptions(args, { root: ROOT, base: env.INIT_CWD ?? process.cwd() });
    if ("help" in options) {
      process.stdout.write(`${options.help}\n`);
      return 0;
    }
    await run(options, env);
    return 0;
  } catch (error) {
    if (!(error instanceof DevFailure)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    return 1;
  }
}

async function run(options: DevOptions, env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const startedAt = performance.now();
  const tell = (text: string) => void process.stderr.write(`${text}\n`);
  const stopped = untilStopped(env);
  // A folder or port that cannot be had is said before anything is started.
  const folder = openDataFolder(options.data);
  try {
    if (options.port !== 0 && !(await isFree(options.port))) throw portTaken(options.port);
    const berth = await startBerth({ options, folder, tell, stopped: stopped.signal });
    try {
      if (!stopped.signal.aborted) {
        folder.writeJson("ready.json", { ...berth.line, pid: process.pid });
        const seconds = (performance.now() - startedAt) / 1000;
        process.stdout.write(
          options.json ? `${JSON.stringify(berth.line)}\n` : announcement(berth.line, options, seconds),
        );
        await stopped.promise;
      }
      tell("Stopping.");
    } finally {
      await berth.close();
    }
  } finally {
    folder.release();
    stopped.release();
  }
  tell("Stopped: nothing of it runs any more.");
}

/** Whether the port can be had: better said now than after everything else has started. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
