import { spawn } from "node:child_process";
import { createWriteStream, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { waitFor } from "../wait-for.ts";

const DEV = fileURLToPath(new URL("../../../../apps/dev/bin/dev.mjs", import.meta.url));

export interface RunningDev {
  readonly apiUrl: string;
  readonly operatorKey: string;
  readonly customerKey: string;
  readonly data: string;
  /** Ctrl-C, and wait for its end. Gives the exit code. */
  stop(): Promise<number>;
}

/** `npm run dev -- --json …` as a child process, ready. What it says goes to `<data>.log`. */
export async function startDev(data: string, args: readonly string[], timeoutMs: number): Promise<RunningDev> {
  const child = spawn(process.execPath, [DEV, "--json", "--data", data, "--port", "0", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = createWriteStream(`${data}.log`);
  child.stderr.pipe(log);
  let stdout = "";
  child.stdout.on("data", (chunk) => (stdout += chunk));
  const ended = new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? -1)));
  await waitFor(
    () => {
      if (child.exitCode !== null) throw new Error(`dev ended with ${child.exitCode}`);
      return stdout.includes("\n");
    },
    { timeoutMs, what: `dev to be ready (see ${data}.log)` },
  );
  const line = JSON.parse(stdout) as { api_url: string; operator_key: string; customer_key: string };
  return {
    apiUrl: line.api_url,
    operatorKey: line.operator_key,
    customerKey: line.customer_key,
    data,
    stop: () => {
      child.kill("SIGINT");
      return ended;
    },
  };
}

/** Where `dev --real` keeps what belongs to one machine: the data folder of its process kubelet. */
export function machineFolderOf(dev: RunningDev, nodeName: string): string {
  return join(dev.data, "real", "machines", nodeName);
}

/** The admin kubeconfig that `dev --real` leaves in its data folder. */
export function kubeconfigOf(dev: RunningDev): string {
  const file = join(dev.data, "kubeconfig");
  if (!existsSync(file)) throw new Error(`${file} is missing`);
  return readFileSync(file, "utf8");
}
