import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** Whether a process of that id exists, whoever owns it. A zombie counts as gone: it holds nothing any more. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  const state = /^State:\s+(\S)/m.exec(readOrEmpty(`/proc/${pid}/status`))?.[1];
  return state !== "Z";
}

/** The words of its command line with blanks between, or undefined where the system does not tell. */
export function commandLineOf(pid: number): string | undefined {
  const text = readOrEmpty(`/proc/${pid}/cmdline`);
  return text === "" ? undefined : text.replaceAll("\0", " ").trim();
}

/** The process that started it, or that took it over since; undefined where the system does not tell. */
export function parentOf(pid: number): number | undefined {
  const parent = /^PPid:\s+(\d+)/m.exec(readOrEmpty(`/proc/${pid}/status`))?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/** Resolves with true when the process is gone, with false when `timeoutMs` passed first. */
export async function waitForEnd(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isAlive(pid)) {
    if (performance.now() > deadline) return false;
    await delay(20);
  }
  return true;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
