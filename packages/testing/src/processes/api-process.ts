import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../free-port.ts";
import { type RunningProcess, startProcess } from "./start-process.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

/** An API in a process of its own. */
export interface ApiProcess {
  readonly url: string;
  readonly process: RunningProcess;
}

/** Starts the API as production does; `env` is all that it is told. Ready when it answers. */
export async function startApiProcess(spec: {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}): Promise<ApiProcess> {
  mkdirSync(spec.folder, { recursive: true });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { PATH, HOME, TMPDIR } = process.env;
  const started = await startProcess({
    name: "api",
    command: process.execPath,
    args: ["--max-semi-space-size=32", "--import", "tsx", join(ROOT, "apps/api/src/main.ts")],
    cwd: ROOT,
    logFile: join(spec.folder, "api.log"),
    env: { PATH, HOME, TMPDIR, BERTH_API_PORT: String(port), BERTH_METRICS_PORT: "0", ...spec.env },
  });
  await started.ready(async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok === true, {
    timeoutMs: 60_000,
    what: "the API to answer",
  });
  return { url, process: started };
}
