import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isAlive } from "../processes.ts";
import type { ReadyLine } from "../ready-line.ts";

/** The Berth that the demo plays on. */
export interface Target extends ReadyLine {
  /** Whether the demo started it. */
  readonly own: boolean;
  stop(): Promise<void>;
}

const DEV = fileURLToPath(new URL("../../bin/dev.mjs", import.meta.url));
const START_TIMEOUT_MS = 120_000;

/** A dev that runs on the default folder, or one of our own on a folder that goes with it. */
export async function findTarget(defaultFolder: string, signal: AbortSignal): Promise<Target> {
  return runningDev(defaultFolder) ?? startDev(signal);
}

function runningDev(folder: string): Target | undefined {
  try {
    const pid = Number(readFileSync(join(folder, "dev.pid"), "utf8"));
    const line = JSON.parse(readFileSync(join(folder, "ready.json"), "utf8")) as ReadyLine & { pid: number };
    if (pid !== line.pid || !isAlive(pid)) return undefined;
    return { ...line, own: false, stop: async () => {} };
  } catch {
    return undefined;
  }
}

async function startDev(signal: AbortSignal): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), "berth-demo-"));
  const child = spawn(process.execPath, [DEV, "--json", "--port", "0", "--data", folder], {
    stdio: ["ignore", "pipe", "inherit"],
    // Ctrl-C reaches the demo alone, which stops dev in its turn; and dev goes when its parent is gone.
    detached: true,
    env: { ...process.env, npm_lifecycle_event: "demo" },
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async () => {
    child.kill("SIGINT");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  let out = "";
  try {
    const line = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("dev was not ready in time")), START_TIMEOUT_MS);
      child.stdout.on("data", (chunk) => {
        out += String(chunk);
        const end = out.indexOf("\n");
        if (end >= 0) {
          clearTimeout(timer);
          resolve(out.slice(0, end));
        }
      });
      signal.addEventListener("abort", () => reject(new Error("interrupted")), { once: true });
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`dev ended with ${code} before it was ready`)));
    });
    return { ...(JSON.parse(line) as ReadyLine), own: true, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
