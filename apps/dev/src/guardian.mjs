// Stands beside dev and ends what dev started when dev itself cannot: after kill -9 nobody else would.
//
// Its standard input is a pipe that only dev holds. Dev writes `+PID SIGNAL` and `-PID` lines; the end of the pipe, however
// it comes, means that dev is gone, and every process still on the list gets its signal, then SIGKILL after ten seconds.
import { createInterface } from "node:readline";

const charges = new Map();
// Ctrl-C reaches the whole foreground group: dev decides what it means.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});

const kill = (pid, signal) => {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
};

for await (const line of createInterface({ input: process.stdin })) {
  const [, sign, pid, signal] = /^([+-])(-?\d+)(?: (\w+))?$/.exec(line) ?? [];
  if (sign === "+") charges.set(Number(pid), signal ?? "SIGTERM");
  if (sign === "-") charges.delete(Number(pid));
}

for (const [pid, signal] of charges) kill(pid, signal);
const deadline = Date.now() + 10_000;
const end = setInterval(() => {
  const left = [...charges.keys()].filter((pid) => kill(pid, 0));
  if (left.length > 0 && Date.now() > deadline) for (const pid of left) kill(pid, "SIGKILL");
  if (left.length === 0 || Date.now() > deadline) clearInterval(end);
}, 50);
