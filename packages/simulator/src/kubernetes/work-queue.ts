import type { SimulationClock } from "../clock.ts";
import { isApiError } from "./api-error.ts";

interface Entry {
  readonly key: string;
  readonly dueAt: number;
  readonly sequence: number;
}

const MAX_RETRY_MS = 30_000;

/**
 * Keys to look at, each at its time, on one timer of the clock.
 *
 * A key that is added again keeps its earlier time. A run that the API refuses is tried again, later each time; any other
 * error is a bug of the model and goes up. One timer for all keys keeps the virtual clock quick.
 */
export class WorkQueue {
  private readonly clock: SimulationClock;
  private readonly run: (key: string) => void;
  private readonly delayMs: number;
  private readonly retryMs: number;
  private readonly due = new Map<string, Entry>();
  private readonly failures = new Map<string, number>();
  private heap: Entry[] = [];
  private sequence = 0;
  private cancel: (() => void) | undefined;
  private timerAt = Number.POSITIVE_INFINITY;

  constructor(clock: SimulationClock, delayMs: number, run: (key: string) => void) {
    this.clock = clock;
    this.run = run;
    this.delayMs = delayMs;
    this.retryMs = Math.max(20, delayMs * 4);
  }

  add(key: string, delayMs = this.delayMs): void {
    const dueAt = this.clock.now() + delayMs;
    const present = this.due.get(key);
    if (present !== undefined && present.dueAt <= dueAt) return;
    const entry = { key, dueAt, sequence: this.sequence };
    this.sequence += 1;
    this.due.set(key, entry);
    push(this.heap, entry);
    this.arm();
  }

  /** Whether the key waits for its turn. */
  has(key: string): boolean {
    return this.due.has(key);
  }

  drop(key: string): void {
    this.due.delete(key);
    this.failures.delete(key);
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
    this.timerAt = Number.POSITIVE_INFINITY;
    this.due.clear();
    this.failures.clear();
    this.heap = [];
  }

  private arm(): void {
    const first = this.heap[0];
    if (first === undefined || first.dueAt >= this.timerAt) return;
    this.cancel?.();
    this.timerAt = first.dueAt;
    this.cancel = this.clock.schedule(Math.max(0, first.dueAt - this.clock.now()), () => this.fire());
  }

  private fire(): void {
    this.cancel = undefined;
    this.timerAt = Number.POSITIVE_INFINITY;
    const now = this.clock.now();
    // Keys that are added while this round runs wait for the next one, so a round always ends.
    const round: Entry[] = [];
    for (let first = this.heap[0]; first !== undefined && first.dueAt <= now; first = this.heap[0]) {
      pop(this.heap);
      if (this.due.get(first.key) === first) {
        this.due.delete(first.key);
        round.push(first);
      }
    }
    for (const entry of round) this.runOne(entry.key);
    this.arm();
  }

  private runOne(key: string): void {
    try {
      this.run(key);
      this.failures.delete(key);
    } catch (error) {
      if (!isApiError(error)) throw error;
      const failures = (this.failures.get(key) ?? 0) + 1;
      this.failures.set(key, failures);
      this.add(key, Math.min(MAX_RETRY_MS, this.retryMs * 2 ** Math.min(failures - 1, 20)));
    }
  }
}

const before = (a: Entry, b: Entry): boolean => a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.sequence < b.sequence);

function push(heap: Entry[], entry: Entry): void {
  let index = heap.length;
  heap.push(entry);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || !before(entry, above)) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = index * 2 + 1;
    const left = heap[child];
    if (left === undefined) break;
    const right = heap[child + 1];
    let smaller = left;
    if (right !== undefined && before(right, left)) {
      child += 1;
      smaller = right;
    }
    if (!before(smaller, last)) break;
    heap[index] = smaller;
    index = child;
  }
  heap[index] = last;
}
