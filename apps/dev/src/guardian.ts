import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Ends processes that outlive dev: see guardian.mjs. */
export interface Guardian {
  /** From now on the process (a negative id: its whole group) gets the signal when dev is gone. */
  watch(pid: number, signal: NodeJS.Signals): void;
  forget(pid: number): void;
  /** Sends it home; what it still watches is ended. */
  dismiss(): void;
}

export function startGuardian(): Guardian {
  const script = fileURLToPath(new URL("./guardian.mjs", import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  const { stdin } = child;
  // A guardian that was killed by somebody is no reason to fall: it matters only when dev dies too.
  stdin.on("error", () => {});
  child.on("error", () => {});
  child.unref();
  return {
    watch: (pid, signal) => void stdin.write(`+${pid} ${signal}\n`),
    forget: (pid) => void stdin.write(`-${pid}\n`),
    dismiss: () => void stdin.end(),
  };
}
