import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { waitFor } from "@berth/testing";
import type { ReadyLine } from "../ready-line.ts";

export const BERTH = fileURLToPath(new URL("../../../cli/bin/berth.mjs", import.meta.url));
const READY_MS = 120_000;

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly child: ChildProcess;
  /** What it printed so far. */
  readonly seen: { out: string; err: string };
  readonly ended: Promise<Ended>;
}

/** A folder of its own for a test, and programs that run as in a fresh home. */
export function openHome() {
  const home = mkdtempSync(join(tmpdir(), "berth-dev-"));
  const data = join(home, "data");
  const children: ChildProcess[] = [];

  const start = (command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Started => {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env.PATH, HOME: home, NO_COLOR: "1", ...env },
    });
    children.push(child);
    const seen = { out: "", err: "" };
    child.stdout.on("data", (chunk) => (seen.out += String(chunk)));
    child.stderr.on("data", (chunk) => (seen.err += String(chunk)));
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve({ code, ...seen }));
    });
    return { child, seen, ended };
  };
  const run = (name: "dev" | "demo", args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
    start(process.execPath, [fileURLToPath(new URL(`../../bin/${name}.mjs`, import.meta.url)), ...args], env);

  return {
    home,
    data,
    start,
    run,
    startDev: async () => {
      const dev = run("dev", ["--json", "--port", "0", "--data", data]);
      await waitFor(
        () => {
          if (dev.child.exitCode !== null) throw new Error(`dev ended with ${dev.child.exitCode}: ${dev.seen.err}`);
          return dev.seen.out.includes("\n");
        },
        { timeoutMs: READY_MS, what: "dev to be ready" },
      );
      return { ...dev, line: JSON.parse(dev.seen.out) as ReadyLine };
    },
    berth: (line: ReadyLine, words: readonly string[], key = line.customer_key) =>
      start(process.execPath, [BERTH, ...words], { BERTH_API_URL: line.api_url, BERTH_API_KEY: key }).ended,
    /** Processes that have the folder in their command line. */
    leftBehind: (): string[] => {
      const lines = execFileSync("ps", ["-eo", "pid,args", "-ww"], { encoding: "utf8", maxBuffer: 32 << 20 }).split(
        "\n",
      );
      return lines.filter((line) => line.includes(home));
    },
    /** Also ends what a test that failed left running: dev's guardian ends the rest. */
    remove: () => {
      for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      rmSync(home, { recursive: true, force: true });
    },
  };
}
