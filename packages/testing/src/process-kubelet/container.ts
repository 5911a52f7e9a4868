import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { constants } from "node:os";
import { type Guarded, guard, release } from "../processes/guardian.ts";
import { waitFor } from "../wait-for.ts";
import { type ContainerSpec, containerScript, programWords } from "./container-script.ts";

export interface Exit {
  /** 128 and the signal's number when a signal ended it. */
  readonly exitCode: number;
  readonly finishedAt: Date;
}

/** The processes of one run of a container. They end with us at the latest. */
export interface RunningContainer {
  /** Of the container's first process, as this machine numbers it. */
  readonly pid: number;
  readonly logFile: string;
  readonly startedAt: Date;
  readonly ended: Promise<Exit>;
  /** Asks the first process to end. */
  terminate(): void;
  /** Ends all of its processes at once. */
  kill(): void;
  /** All processes stand still, and go on by thaw: what a machine that hangs looks like from outside. */
  freeze(): void;
  thaw(): void;
  /** Runs a command inside, as a probe or hook does. Gives 124 or 137 when it takes longer. */
  exec(command: readonly string[], timeoutMs: number): Promise<{ readonly exitCode: number; readonly output: string }>;
}

const NAMESPACES = ["--mount", "--pid", "--uts"];

/**
 * Stands outside of the new process namespace, makes the container's first process and passes on how it ended. `unshare
 * --fork` would do, but up to util-linux 2.38 it says 1 for a child that a signal ended. Signals to the group reach the
 * container by themselves and must not end the wait.
 */
const WAIT_OUTSIDE = `trap : TERM INT
bash -c "$1" &
child=$!
while :; do
  wait $child
  code=$?
  if [ $code -le 128 ] || ! kill -0 $child 2>/dev/null; then exit $code; fi
done`;

/**
 * Starts a container: its script (container-script.ts) as the first process of new namespaces. When that process ends, the
 * kernel ends all others in there, so nothing outlives a container.
 */
export async function startContainer(spec: ContainerSpec, logFile: string): Promise<RunningContainer> {
  mkdirSync(spec.stage, { recursive: true });
  const log = openSync(logFile, "a");
  const args = [...NAMESPACES, "--", "bash", "-c", WAIT_OUTSIDE, "bash", containerScript(spec)];
  const child = spawn("unshare", args, { detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  if (child.pid === undefined) {
    const [error] = (await once(child, "error")) as [Error];
    throw new Error(`a container needs \`unshare\` of util-linux: ${error.message}`, { cause: error });
  }
  const startedAt = new Date();
  const guarded: Guarded = { pid: child.pid, signal: "TERM", group: true };
  guard(guarded);
  child.unref();

  let isOver = false;
  const ended = new Promise<Exit>((resolve) => {
    child.once("exit", (code, signalName) => {
      isOver = true;
      release(guarded);
      const exitCode = signalName === null ? (code ?? 1) : 128 + constants.signals[signalName];
      resolve({ exitCode, finishedAt: new Date() });
    });
  });
  const pid = await firstProcess(child, () => isOver);

  const send = (target: number, signal: NodeJS.Signals): void => {
    if (isOver) return; // Its number may be somebody else's by now.
    try {
      process.kill(target, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  const sendAll = (signal: NodeJS.Signals): void => {
    for (const inside of isOver ? [] : processesLike(pid)) send(inside, signal);
  };

  return {
    pid,
    logFile,
    startedAt,
    ended,
    terminate: () => send(pid, "SIGTERM"),
    kill: () => send(pid, "SIGKILL"),
    freeze: () => sendAll("SIGSTOP"),
    thaw: () => sendAll("SIGCONT"),
    exec: (command, timeoutMs) => execInside(pid, spec, command, timeoutMs),
  };
}

/** The process that was made inside; the number of the one outside when both ended before we looked. */
async function firstProcess(outside: ChildProcess, isOver: () => boolean): Promise<number> {
  const parent = outside.pid ?? 0;
  const find = (): number | undefined => {
    if (isOver()) return parent;
    const children = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim();
    return children === "" ? undefined : Number(children.split(" ")[0]);
  };
  return waitFor(find, { timeoutMs: 30_000, intervalMs: 5, what: "a container's first process" });
}

/** All processes in the same process namespace. */
function processesLike(pid: number): number[] {
  const namespaceOf = (one: string | number): string | undefined => {
    try {
      return readlinkSync(`/proc/${one}/ns/pid`);
    } catch {
      return undefined; // Ended in this moment.
    }
  };
  const wanted = namespaceOf(pid);
  if (wanted === undefined || wanted === namespaceOf("self")) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && namespaceOf(name) === wanted)
    .map(Number);
}

function execInside(pid: number, spec: ContainerSpec, command: readonly string[], timeoutMs: number) {
  // The timeout runs inside: killing nsenter would leave the command behind.
  const limited = ["timeout", "-k", "1", String(timeoutMs / 1000), ...command];
  const args = ["--target", String(pid), ...NAMESPACES, "--root", "--", ...programWords(spec, limited)];
  return new Promise<{ exitCode: number; output: string }>((resolve) => {
    execFile("nsenter", args, { timeout: timeoutMs + 5000, maxBuffer: 1 << 20 }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === "number" ? error.code : 137;
      resolve({ exitCode, output: `${stdout}${stderr}`.slice(0, 4000) });
    });
  });
}
