import { type OpenQueue, openQueue, type QueueConfig } from "@berth/queue";
import { waitFor } from "../wait-for.ts";

export interface QueueCase {
  readonly name: string;
  readonly run: (config: QueueConfig) => Promise<void>;
}

/** What Berth relies on in its queue, the same on both backends. Each case opens the queue anew on an empty backend. */
export const queueConformance: readonly QueueCase[] = [
  {
    name: "runs a job once, with its id",
    run: (config) =>
      withQueue(config, async (queue) => {
        const seen: string[] = [];
        await queue.consume("clusters", async (id) => void seen.push(id), { concurrency: 4 });
        await queue.producer.add("clusters", "cl_1");
        await waitFor(() => seen.length === 1, { timeoutMs: 10_000, what: "the job to run" });
      }),
  },
  {
    name: "takes in further hints for an id that waits, and runs once more after hints for one that runs",
    run: (config) =>
      withQueue(config, async (queue) => {
        let runs = 0;
        let release: () => void = () => {};
        const held = new Promise<void>((resolve) => {
          release = resolve;
        });
        const run = async () => {
          runs += 1;
          if (runs === 1) await held;
        };
        await queue.consume("machines", run, { concurrency: 4 });
        await queue.producer.add("machines", "mac_1");
        await waitFor(() => runs === 1, { timeoutMs: 10_000, what: "the first run" });
        await Promise.all(Array.from({ length: 5 }, () => queue.producer.add("machines", "mac_1")));
        release();
        await waitFor(() => runs === 2, { timeoutMs: 10_000, what: "the run after the hints" });
        await queue.producer.add("machines", "mac_2");
        await waitFor(() => runs === 3, { timeoutMs: 10_000, what: "another id" });
      }),
  },
  {
    name: "runs an id again after its run failed: a failed job is no tombstone",
    run: (config) =>
      withQueue(config, async (queue) => {
        let runs = 0;
        const run = async () => {
          runs += 1;
          if (runs === 1) throw new Error("the first run fails");
        };
        await queue.consume("placement", run, { concurrency: 1 });
        await queue.producer.add("placement", "kub_1");
        await waitFor(() => runs === 1, { timeoutMs: 10_000, what: "the failing run" });
        await waitFor(
          async () => {
            await queue.producer.add("placement", "kub_1");
            return runs >= 2;
          },
          { timeoutMs: 10_000, what: "the run after the failure" },
        );
      }),
  },
  {
    name: "runs a job again when its worker died with it, however often that happens",
    run: async (config) => {
      for (let death = 0; death < 3; death++) {
        await withQueue(config, async (queue) => {
          let running = false;
          const run = () =>
            new Promise<void>(() => {
              running = true;
            });
          const consumer = await queue.consume("clusters", run, { concurrency: 1 });
          if (death === 0) await queue.producer.add("clusters", "cl_1");
          await waitFor(() => running, { timeoutMs: 10_000, what: `the job to run after ${death} deaths` });
          // A hint that came while it ran must not keep it from being run again.
          await queue.producer.add("clusters", "cl_1");
          await consumer.close(0);
        });
      }
      await withQueue(config, async (queue) => {
        let runs = 0;
        await queue.consume("clusters", async () => void runs++, { concurrency: 1 });
        await waitFor(() => runs >= 1, { timeoutMs: 10_000, what: "the job to run in the end" });
        // And the id is not stuck: later hints run it again.
        const before = runs;
        await waitFor(
          async () => {
            await queue.producer.add("clusters", "cl_1");
            return runs > before;
          },
          { timeoutMs: 10_000, what: "a later hint to run it" },
        );
      });
    },
  },
  {
    name: "keeps what waits while nobody consumes",
    run: async (config) => {
      await withQueue(config, async (queue) => {
        for (let index = 0; index < 20; index++) await queue.producer.add("clusters", `cl_kept_${index}`);
      });
      await withQueue(config, async (queue) => {
        const seen = new Set<string>();
        await queue.consume("clusters", async (id) => void seen.add(id), { concurrency: 8 });
        await waitFor(() => seen.size === 20, { timeoutMs: 10_000, what: "all jobs that waited" });
      });
    },
  },
];

async function withQueue(
  config: QueueConfig,
  use: (queue: OpenQueue & Pick<OpenQueue, "consume">) => Promise<void>,
): Promise<void> {
  const queue = await openQueue(config, { onError: () => {}, lockMs: 900 });
  const consumers: { close(graceMs: number): Promise<void> }[] = [];
  try {
    await use({
      ...queue,
      consume: async (loop, run, options) => {
        const consumer = await queue.consume(loop, run, options);
        consumers.push(consumer);
        return consumer;
      },
    });
  } finally {
    await Promise.all(consumers.map((consumer) => consumer.close(200)));
    await queue.close();
  }
}
