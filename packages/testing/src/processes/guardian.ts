/**
 * Ends the processes that we started when we are gone, however we went: return, process.exit, Ctrl-C, SIGKILL.
 *
 * Handlers for exit and signals cannot do that (SIGKILL runs none, and vitest kills a worker that hangs), and a library
 * that installs them changes how its host ends. So a shell of a megabyte sits beside us and reads our pipe: the kernel
 * closes it when we die, in any way, and the shell then signals what is still on its list.
 *
 * It signals by id only, and only ids still on the list: a process is taken off when it is seen to end, so that a number
 * which the kernel gave to somebody else is never hit.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";

const SCRIPT = `
list=""
while read -r word signal target; do
  rest=""
  for entry in $list; do [ "\${entry#*:}" = "$target" ] || rest="$rest $entry"; done
  list="$rest"
  [ "$word" = watch ] && list="$list $signal:$target"
done
for entry in $list; do kill -s "\${entry%%:*}" -- "\${entry#*:}" 2>/dev/null; done
tries=0
while [ -n "$list" ] && [ $tries -lt 30 ]; do
  rest=""
  for entry in $list; do kill -s 0 -- "\${entry#*:}" 2>/dev/null && rest="$rest $entry"; done
  list="$rest"
  tries=$((tries + 1))
  [ -n "$list" ] && sleep 0.1
done
for entry in $list; do kill -s KILL -- "\${entry#*:}" 2>/dev/null; done
`;

let guardian: ChildProcess | undefined;

/** How a process ends in order: which signal, and to the process alone or to its whole group. */
export interface Guarded {
  readonly pid: number;
  readonly signal: "TERM" | "INT";
  readonly group: boolean;
}

/** Puts a process on the list: it gets its signal when this process is gone, and SIGKILL three seconds later. */
export function guard(guarded: Guarded): void {
  tell(`watch ${guarded.signal} ${target(guarded)}`);
}

/** Takes a process off the list, once it has ended. */
export function release(guarded: Guarded): void {
  tell(`release ${guarded.signal} ${target(guarded)}`);
}

const target = (guarded: Guarded): string => `${guarded.group ? "-" : ""}${guarded.pid}`;

function tell(line: string): void {
  guardian ??= startGuardian();
  guardian.stdin?.write(`${line}\n`);
}

function startGuardian(): ChildProcess {
  // Detached: Ctrl-C in a terminal goes to the whole foreground group, and must not take the guardian along.
  const child = spawn("sh", ["-c", SCRIPT], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  // A guardian that somebody killed is replaced by nobody; writing to it must not end its owner.
  child.on("error", () => undefined);
  child.stdin.on("error", () => undefined);
  child.unref();
  (child.stdin as Socket).unref();
  return child;
}
