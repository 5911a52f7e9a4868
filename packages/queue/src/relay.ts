import { LOOP_NAMES, type LoopName, type QueueProducer } from "@berth/ports";

/** Where due rows come from. The queue knows neither tables nor SQL. */
export interface DueSource {
  /** Ids of rows that are due, in the order of ids, from the one after `after` on. */
  findDue(loop: LoopName, limit: number, after: string | undefined): Promise<readonly string[]>;
  /** Calls back for each row that is announced as due, and after each gap in which announcements may have been missed. */
  listen(onDue: (loop: LoopName, id: string) => void, onGap: () => void): { close(): Promise<void> };
}

export interface RelayOptions {
  readonly source: DueSource;
  readonly producer: QueueProducer;
  /** Pace of the sweep; 2 s when absent. */
  readonly sweepEveryMs?: number;
  readonly onError: (error: unknown) => void;
}

export interface Relay {
  close(): Promise<void>;
}

const SWEEP_EVERY_MS = 2_000;
/** Of one sweep and loop: a backlog does not flood the queue. */
const SWEEP_LIMIT = 500;
const LANES = 16;

/**
 * Turns due rows into jobs: at once for those that announce themselves, within a sweep for all others.
 *
 * The announcement is a hint and may be lost with its connection; the sweep reads the rows themselves, so an emptied queue
 * or a missed announcement costs a few seconds and never work.
 */
export function startRelay(options: RelayOptions): Relay {
  const { source, producer, onError } = options;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let sweeping: Promise<void> = Promise.resolve();

  // Where the last sweep of each loop ended: the next goes on from there, and begins anew after the last row. So a few
  // hundred rows that stay due, whatever is done about them, cannot keep the others from their turn.
  const sweptTo = new Map<LoopName, string>();
  const sweep = async () => {
    for (const loop of LOOP_NAMES) {
      if (closed) return;
      const due = await source.findDue(loop, SWEEP_LIMIT, sweptTo.get(loop));
      const last = due.at(-1);
      if (last === undefined || due.length < SWEEP_LIMIT) sweptTo.delete(loop);
      else sweptTo.set(loop, last);
      for (let start = 0; start < due.length; start += LANES) {
        await Promise.all(due.slice(start, start + LANES).map((id) => producer.add(loop, id)));
      }
    }
  };
  const schedule = (delayMs: number) => {
    clearTimeout(timer);
    if (closed) return;
    timer = setTimeout(() => {
      sweeping = sweep()
        .catch(onError)
        .finally(() => schedule(options.sweepEveryMs ?? SWEEP_EVERY_MS));
    }, delayMs);
  };
  const listener = source.listen(
    (loop, id) => producer.add(loop, id).catch(onError),
    () => schedule(0),
  );
  schedule(0);

  return {
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await listener.close();
      await sweeping;
    },
  };
}
