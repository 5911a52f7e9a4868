import pg from "pg";
import { connectionOptions, type DatabaseOptions } from "./database.ts";

export type Channel = "berth_due" | "berth_event";

export interface ListenOptions {
  readonly database: DatabaseOptions;
  readonly channels: readonly Channel[];
  readonly onNotification: (channel: Channel, payload: string) => void;
  /**
   * Listening (again). What was said before, also while the connection was away, was not heard: look for yourself now.
   * `isFirst` is false after a gap.
   */
  readonly onListening?: (isFirst: boolean) => void;
  readonly onError?: (error: unknown) => void;
}

export interface Listener {
  /** Resolves when the first LISTEN is in place. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;
/** A connection that died in silence is found by asking: TCP alone may take hours. */
const PROBE_EVERY_MS = 15_000;
const PROBE_TIMEOUT_MS = 5000;

/**
 * Listens on a connection of its own (LISTEN belongs to one connection, so not to a pool, and not through a pooler that
 * shares connections by transaction). Reconnects for ever, with full jitter up to five seconds.
 */
export function listen(options: ListenOptions): Listener {
  let closed = false;
  let current: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let pauseMs = FIRST_PAUSE_MS;
  let wasListening = false;
  let becomeReady: () => void = () => {};
  const ready = new Promise<void>((resolve) => {
    becomeReady = resolve;
  });

  const connect = async (): Promise<void> => {
    const { applicationName } = options.database;
    const client = new pg.Client({
      ...connectionOptions({ ...options.database, applicationName: `${applicationName ?? "berth"} listener` }),
    });
    current = client;
    let ended = false;
    const fail = (error: unknown) => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      client.end().catch(() => {});
      if (closed) return;
      options.onError?.(error);
      timer = setTimeout(() => void connect(), Math.random() * pauseMs);
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    };
    client.on("error", fail);
    client.on("end", () => fail(new Error("the connection ended")));
    client.on("notification", ({ channel, payload }) => options.onNotification(channel as Channel, payload ?? ""));
    try {
      await client.connect();
      for (const channel of options.channels) await client.query(`listen ${channel}`);
    } catch (error) {
      fail(error);
      return;
    }
    if (closed || ended) return;
    pauseMs = FIRST_PAUSE_MS;
    options.onListening?.(!wasListening);
    wasListening = true;
    becomeReady();
    const probe = () => {
      timer = setTimeout(() => {
        const late = setTimeout(() => fail(new Error("the connection does not answer")), PROBE_TIMEOUT_MS);
        client.query("select 1").then(
          () => {
            clearTimeout(late);
            if (!ended && !closed) probe();
          },
          (error: unknown) => {
            clearTimeout(late);
            fail(error);
          },
        );
      }, PROBE_EVERY_MS);
    };
    probe();
  };
  void connect();

  return {
    ready,
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await current?.end().catch(() => {});
    },
  };
}
