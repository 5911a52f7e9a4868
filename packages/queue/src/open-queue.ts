import { type JobRunner, LOOP_NAMES, type LoopName, type QueueConsumer, type QueueProducer } from "@berth/ports";
import { createPostgresBackend, DEFAULT_SCHEMA, type PgPool, Queue, runMigrations, Worker, withBackend } from "bullmq";
import { Redis } from "ioredis";
import pg from "pg";
import { QUEUES } from "./catalog.ts";
import { startSelfCheck, watchPolls } from "./self-check.ts";

/** Where jobs wait: Redis in production, Postgres where there is nothing else. */
export type QueueConfig =
  /** `role` is taken on by each connection (berth_worker may make the queue's schema); the login's own rights without. */
  | { readonly kind: "postgres"; readonly url: string; readonly role?: string }
  | { readonly kind: "redis"; readonly url: string };

export interface QueueOptions {
  readonly onError: (error: unknown) => void;
  /**
   * How long a job outlives the worker that died with it, before another takes it up: no sooner than that worker's leases
   * have run out, or it finds them held. 30 s when absent.
   */
  readonly lockMs?: number;
  /**
   * A consumer has not asked for jobs for `stuckAfterMs` (60 s when absent) although the backend answers: it will not come
   * back by itself, so the process should end and be started anew. Called once a consumer.
   */
  readonly onStuck?: (loop: LoopName) => void;
  readonly stuckAfterMs?: number;
}

export interface OpenQueue {
  readonly producer: QueueProducer;
  /** Runs jobs of one loop, `concurrency` at a time in this process. */
  consume(loop: LoopName, run: JobRunner, options: { readonly concurrency: number }): Promise<QueueConsumer>;
  close(): Promise<void>;
}

interface Job {
  readonly id: string;
}

type AnyQueue = Pick<Queue<Job>, "add" | "close" | "waitUntilReady">;
type AnyWorker = Pick<Worker<Job>, "close" | "pause" | "waitUntilReady">;

/** What differs between the two backends; everything else is the same code and the same tests. */
interface Backend {
  queue(name: string): AnyQueue;
  worker(name: string, run: (id: string) => Promise<void>, concurrency: number): AnyWorker;
  /** Whether it answers at all, asked on a connection that no consumer blocks. */
  answers(): Promise<boolean>;
  close(): Promise<void>;
}

const PREFIX = "berth";

/**
 * Opens the queue on either backend, behind one interface that knows ids and nothing else.
 *
 * Jobs are hints: a waiting one takes in further ones for the same id, an active one is followed by one more run, so that
 * nothing that happened during a run is missed. Refuses a Redis that may evict keys: hints would vanish unseen.
 */
export async function openQueue(config: QueueConfig, options: QueueOptions): Promise<OpenQueue> {
  const backend =
    config.kind === "postgres" ? await postgresBackend(config, options) : await redisBackend(config.url, options);
  const queues = new Map<LoopName, AnyQueue>();
  for (const loop of LOOP_NAMES) {
    const queue = backend.queue(QUEUES[loop].queue);
    await queue.waitUntilReady();
    queues.set(loop, queue);
  }
  return {
    producer: {
      add: async (loop, id) => {
        await queues.get(loop)?.add(loop, { id }, { deduplication: { id, keepLastIfActive: true } });
      },
      close: async () => {},
    },
    consume: async (loop, run, { concurrency }) => {
      const stopping = { aborted: false };
      const running = new Set<Promise<void>>();
      const tracked = (id: string) => {
        const one = Promise.resolve(run(id, stopping)).finally(() => running.delete(one));
        running.add(one);
        return one;
      };
      const worker = backend.worker(QUEUES[loop].queue, tracked, concurrency);
      const selfCheck = startSelfCheck({
        lastPollAt: watchPolls(worker),
        isFull: () => running.size >= concurrency,
        answers: backend.answers,
        stuckAfterMs: options.stuckAfterMs ?? 60_000,
        onStuck: () => options.onStuck?.(loop),
      });
      await worker.waitUntilReady();
      return {
        close: async (graceMs) => {
          selfCheck.stop();
          stopping.aborted = true;
          // BullMQ knows one close alone: one that waits cannot be turned into one by force any more.
          await worker.pause(true);
          const idle = await endWithin([...running], graceMs);
          await worker.close(!idle);
        },
      };
    },
    close: async () => {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
      await backend.close();
    },
  };
}

/**
 * Locks are renewed at half of their life, and those of the dead are looked for three times in it. However often a job's
 * worker dies, the job is run again: whether that makes sense is for the row to say.
 */
function workerOptions({ lockMs = 30_000 }: QueueOptions) {
  return {
    lockDuration: lockMs,
    stalledInterval: Math.ceil(lockMs / 3),
    maxStalledCount: 2 ** 31 - 1, // An int4 in Postgres.
    // After an outage the next question waits this long: BullMQ's own 15 s would be most of our time to recover.
    runRetryDelay: 1000,
    removeOnComplete: { count: 0 },
  };
}

const JOB_DEFAULTS = { attempts: 1, removeOnComplete: true, removeOnFail: { count: 100 } } as const;

/** Of all queues of the process together; each consumer keeps one of them for LISTEN. */
const POSTGRES_CONNECTIONS = 12;

async function postgresBackend(
  config: Extract<QueueConfig, { kind: "postgres" }>,
  options: QueueOptions,
): Promise<Backend> {
  const role = config.role === undefined ? "" : ` -c role=${config.role}`;
  // One pool for all, as each queue and consumer would open one of its own. BullMQ's tables are in a schema of their own.
  const pool = new pg.Pool({
    connectionString: config.url,
    options: `-c search_path=${DEFAULT_SCHEMA}${role}`,
    max: POSTGRES_CONNECTIONS,
    application_name: "berth-queue",
    connectionTimeoutMillis: 5000,
    keepAlive: true,
  });
  // Every queue and consumer listens to it as well: a few for each loop, more than Node takes for a leak.
  pool.setMaxListeners(100);
  pool.on("error", options.onError);
  // BullMQ does not listen on connections in use: one that the server ends would end the process.
  pool.on("connect", (client) => client.on("error", options.onError));
  try {
    const client = await pool.connect();
    await runMigrations(client).finally(() => client.release());
  } catch (error) {
    await pool.end();
    throw error;
  }
  const classes = withBackend(createPostgresBackend);
  const connection = pool as unknown as PgPool;
  return {
    queue: (name) => {
      const queue = new classes.Queue<Job>(name, { connection, defaultJobOptions: JOB_DEFAULTS });
      queue.on("error", options.onError);
      return queue as unknown as AnyQueue;
    },
    worker: (name, run, concurrency) => {
      const worker = new classes.Worker<Job>(name, (job) => run(job.data.id), {
        ...workerOptions(options),
        connection,
        concurrency,
      });
      worker.on("error", options.onError);
      return worker as unknown as AnyWorker;
    },
    answers: () =>
      pool.query("select 1").then(
        () => true,
        () => false,
      ),
    close: () => pool.end(),
  };
}

async function redisBackend(url: string, options: QueueOptions): Promise<Backend> {
  // A producer fails fast while Redis is away: the row stays due. Workers wait for it for ever.
  const producer = new Redis(url, { enableOfflineQueue: true, maxRetriesPerRequest: 3 });
  const consumer = new Redis(url, { maxRetriesPerRequest: null });
  producer.on("error", options.onError);
  consumer.on("error", options.onError);
  const close = async () => {
    producer.disconnect();
    consumer.disconnect();
  };
  try {
    await refuseEviction(producer);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    queue: (name) => {
      const queue = new Queue<Job>(name, { connection: producer, prefix: PREFIX, defaultJobOptions: JOB_DEFAULTS });
      queue.on("error", options.onError);
      return queue;
    },
    worker: (name, run, concurrency) => {
      const worker = new Worker<Job>(name, (job) => run(job.data.id), {
        ...workerOptions(options),
        connection: consumer,
        prefix: PREFIX,
        concurrency,
      });
      worker.on("error", options.onError);
      return worker;
    },
    answers: () =>
      producer.ping().then(
        () => true,
        () => false,
      ),
    close,
  };
}

export class EvictingRedis extends Error {
  override readonly name = "EvictingRedis";
}

/** A Redis that evicts keys when it is full would drop jobs in silence. Managed ones hide CONFIG: those are taken as they are. */
async function refuseEviction(redis: Redis): Promise<void> {
  const answer = await redis.config("GET", "maxmemory-policy").catch(() => undefined);
  const policy = Array.isArray(answer) ? answer[1] : undefined;
  if (policy !== undefined && policy !== "noeviction") {
    throw new EvictingRedis(`Redis has maxmemory-policy ${policy}; set it to noeviction, or jobs may vanish.`);
  }
}

/** Whether all of them ended in time. */
async function endWithin(runs: readonly Promise<void>[], graceMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), graceMs);
  });
  const ended = Promise.allSettled(runs).then(() => true);
  try {
    return await Promise.race([ended, late]);
  } finally {
    clearTimeout(timer);
  }
}
