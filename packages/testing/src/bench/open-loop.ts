import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import { median, p99 } from "./figure.ts";

/** One request of a load. */
export interface Sent {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface OpenLoop {
  /** As `http://127.0.0.1:7070`. */
  readonly url: string;
  readonly perSecond: number;
  readonly seconds: number;
  /** Sent first, 32 at a time and not counted: connections, prepared statements, the compiler's second thoughts. */
  readonly warmUp: number;
  /** The n-th request. */
  make(n: number): Sent;
}

/** Milliseconds, counted from when a request was due. */
export interface Latencies {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  /** Answered with 400 or more, or not at all. */
  readonly failed: number;
  /** How much later than due the generator itself sent, of 99 in 100: what a busy machine adds. */
  readonly lateP99: number;
}

const CONNECTIONS = 100;
const WARM_UP_LANES = 32;

/**
 * Sends requests when they are due, whether the earlier ones were answered or not: a server that stalls shows it, where a
 * generator that waits for answers would just ask less.
 */
export async function openLoop({ url, perSecond, seconds, warmUp, make }: OpenLoop): Promise<Latencies> {
  const pool = new Pool(url, { connections: CONNECTIONS, pipelining: 1 });
  try {
    let warm = 0;
    const lane = async () => {
      while (warm < warmUp) await send(pool, make(warm++));
    };
    await Promise.all(Array.from({ length: WARM_UP_LANES }, lane));

    const latencies: number[] = [];
    const late: number[] = [];
    let failed = 0;
    const all: Promise<void>[] = [];
    const startedAt = performance.now();
    for (let n = 0; n < perSecond * seconds; n++) {
      const dueAt = startedAt + (n * 1000) / perSecond;
      const early = dueAt - performance.now();
      if (early > 1) await sleep(early);
      late.push(Math.max(0, performance.now() - dueAt));
      all.push(
        send(pool, make(warmUp + n)).then((status) => {
          latencies.push(performance.now() - dueAt);
          if (status >= 400) failed += 1;
        }),
      );
    }
    await Promise.all(all);
    const longest = latencies.reduce((most, one) => Math.max(most, one), 0);
    return { perSecond, p50: median(latencies), p99: p99(latencies), longest, failed, lateP99: p99(late) };
  } finally {
    await pool.destroy();
  }
}

/** Gives the status, 599 when there was none. The body is read and thrown away. */
function send(pool: Pool, { method, path, headers, body }: Sent): Promise<number> {
  return new Promise((resolve) => {
    let status = 599;
    pool.dispatch(
      { method, path, headers: { ...headers }, body: body ?? null },
      {
        onRequestStart: () => {},
        onResponseStart: (_controller, statusCode) => {
          status = statusCode;
        },
        onResponseData: () => {},
        onResponseEnd: () => resolve(status),
        onResponseError: () => resolve(599),
      },
    );
  });
}

/** For people. */
export function latenciesLine({ perSecond, p50, p99: slow, longest, failed, lateP99 }: Latencies): string {
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  return `${perSecond}/s: p50 ${ms(p50)}, p99 ${ms(slow)}, longest ${ms(longest)}, ${failed} failed; sent late p99 ${ms(lateP99)}`;
}
