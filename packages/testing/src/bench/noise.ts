import { cpus, loadavg } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { p99 } from "./figure.ts";

/** What else the machine does, seen by a process that sleeps. */
export interface Noise {
  /** Of the last minute, so what this run did itself is in it. */
  readonly loadAverage: number;
  /** Cores that others kept busy meanwhile. */
  readonly busyCores: number;
  /** How much later than asked a timer rings, in milliseconds. */
  readonly idleTimerP99: number;
}

const SAMPLES = 200;
const PAUSE_MS = 5;

/** Looks for a second or more, doing nothing: figures of a busy machine say more of the machine than of us. */
export async function measureNoise(): Promise<Noise> {
  const before = busyMs();
  const startedAt = performance.now();
  const lateMs: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const dueAt = performance.now() + PAUSE_MS;
    await pause(PAUSE_MS);
    lateMs.push(Math.max(0, performance.now() - dueAt));
  }
  const busyCores = (busyMs() - before) / (performance.now() - startedAt);
  return { loadAverage: loadavg()[0] ?? 0, busyCores, idleTimerP99: p99(lateMs) };
}

/** What all cores together have worked since the machine started. */
function busyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}
