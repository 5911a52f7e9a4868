import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";

/**
 * Compares passwords with bcrypt hashes on a thread of its own.
 *
 * bcrypt in JavaScript holds its thread for some 100 ms; when a hundred clusters are asked for the first time at once, even
 * its sliced version kept the event loop from everything else for eight seconds (measured, 2026-11).
 */
export interface BcryptWorker {
  /** Undefined when the thread failed: then nothing was found out. */
  compare(password: string, hash: string): Promise<boolean | undefined>;
}

/** Plain JavaScript, as Node 20 starts no TypeScript file as a worker. */
const SOURCE = `
const { parentPort, workerData } = require("node:worker_threads");
const bcrypt = require(workerData.bcryptPath);
parentPort.on("message", ({ id, password, hash }) => {
  let matches = false;
  try {
    matches = bcrypt.compareSync(password, hash);
  } catch {}
  parentPort.postMessage({ id, matches });
});
`;

/** The thread starts with the first question and never keeps the process alive. */
export function createBcryptWorker(): BcryptWorker {
  const waiting = new Map<number, (matches: boolean | undefined) => void>();
  let worker: Worker | undefined;
  let questions = 0;

  const start = (): Worker => {
    const bcryptPath = createRequire(import.meta.url).resolve("bcryptjs");
    const started = new Worker(SOURCE, { eval: true, workerData: { bcryptPath } });
    started.on("message", ({ id, matches }: { id: number; matches: boolean }) => {
      waiting.get(id)?.(matches);
      waiting.delete(id);
      if (waiting.size === 0) started.unref();
    });
    started.on("error", () => {
      worker = undefined;
      for (const answer of waiting.values()) answer(undefined);
      waiting.clear();
    });
    started.unref();
    return started;
  };

  return {
    compare: (password, hash) =>
      new Promise((resolve) => {
        worker ??= start();
        worker.ref();
        const id = ++questions;
        waiting.set(id, resolve);
        worker.postMessage({ id, password, hash });
      }),
  };
}
