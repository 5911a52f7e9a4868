import { type OpenQueue, openQueue, type QueueConfig } from "../open-queue.ts";
import { startRelay } from "../relay.ts";
import { waitFor } from "./servers.ts";

/** A server that a test may end as a crash would, and start again on the same files. */
export interface BreakableServer {
  kill(): Promise<void>;
  startAgain(): Promise<void>;
}

/** A queue's configuration, and how to lose everything in it. */
export type LosableQueue = QueueConfig & { readonly empty: () => Promise<unknown> };

export interface OutageCase {
  readonly name: string;
  run(config: LosableQueue, server: BreakableServer): Promise<void>;
}

const RECOVERY_MS = 30_000;

/** How the queue comes through the loss of its server, the same on both backends. */
export const outageCases: readonly OutageCase[] = [
  {
    name: "takes jobs again after its server was away for three seconds, without a restart of ours",
    run: (config, server) =>
      withQueue(config, async (queue, stuck) => {
        const seen = new Set<string>();
        await queue.consume("clusters", async (id) => void seen.add(id), { concurrency: 4 });
        await queue.producer.add("clusters", "cl_before");
        await waitFor(() => seen.has("cl_before"), { timeoutMs: 10_000, what: "a job before the outage" });
        const downSince = performance.now();
        await server.kill();
        await waitFor(() => performance.now() - downSince > 3000, { timeoutMs: 5000, what: "three seconds" });
        await server.startAgain();
        await waitFor(
          async () => {
            await queue.producer.add("clusters", "cl_after");
            return seen.has("cl_after");
          },
          { timeoutMs: RECOVERY_MS, what: "a job after the outage" },
        );
        if (stuck.length > 0) throw new Error("the self-check took an outage of the server for a fault of ours");
      }),
  },
  {
    name: "fails an add in time while its server is away, so that nobody waits for ever",
    run: (config, server) =>
      withQueue(config, async (queue) => {
        await queue.producer.add("clusters", "cl_1");
        await server.kill();
        try {
          let tookMs = 0;
          const fails = async () => {
            const startedAt = performance.now();
            const failed = await queue.producer.add("clusters", "cl_2").then(
              () => false,
              () => true,
            );
            tookMs = performance.now() - startedAt;
            return failed;
          };
          // Backends of PostgreSQL notice a moment later that their server is gone.
          await waitFor(fails, { timeoutMs: 10_000, what: "an add to fail" });
          if (tookMs > 10_000) throw new Error("it took more than ten seconds to fail");
        } finally {
          await server.startAgain();
        }
      }),
  },
  {
    name: "loses nothing of what is due, though every job in it is lost",
    run: (config) =>
      withQueue(config, async (queue) => {
        const due = new Set(Array.from({ length: 50 }, (_, index) => `cl_due_${index}`));
        const relay = startRelay({
          producer: queue.producer,
          sweepEveryMs: 200,
          onError: () => {},
          source: {
            findDue: async (loop) => (loop === "clusters" ? [...due] : []),
            listen: () => ({ close: async () => {} }),
          },
        });
        try {
          // All are queued, and lost before anybody took one.
          await queue.empty();
          await queue.consume("clusters", async (id) => void due.delete(id), { concurrency: 8 });
          await waitFor(() => due.size === 0, { timeoutMs: RECOVERY_MS, what: "all that was due" });
          // And once more under a consumer that is at work or waits.
          await queue.empty();
          for (let index = 0; index < 50; index++) due.add(`cl_later_${index}`);
          await queue.empty();
          await waitFor(() => due.size === 0, { timeoutMs: RECOVERY_MS, what: "all that was due later" });
        } finally {
          await relay.close();
        }
      }),
  },
];

async function withQueue(
  config: LosableQueue,
  use: (queue: OpenQueue & { empty(): Promise<void> }, stuck: readonly string[]) => Promise<void>,
): Promise<void> {
  const stuck: string[] = [];
  const queue = await openQueue(config, {
    onError: () => {},
    lockMs: 1500,
    stuckAfterMs: 10_000,
    onStuck: (loop) => stuck.push(loop),
  });
  const consumers: { close(graceMs: number): Promise<void> }[] = [];
  try {
    await use(
      {
        ...queue,
        empty: async () => {
          await config.empty();
        },
        consume: async (...args) => {
          const consumer = await queue.consume(...args);
          consumers.push(consumer);
          return consumer;
        },
      },
      stuck,
    );
  } finally {
    await Promise.all(consumers.map((consumer) => consumer.close(500)));
    await queue.close();
  }
}
