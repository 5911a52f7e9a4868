import { ConfigError } from "@berth/runtime";
import closeWithGrace from "close-with-grace";
import { workerConfig } from "./config.ts";
import { startWorker } from "./start-worker.ts";

try {
  const worker = await startWorker(workerConfig(process.env));
  closeWithGrace({ delay: 25_000 }, async ({ err }) => {
    if (err !== undefined) process.stderr.write(`${err.stack ?? err.message}\n`);
    await worker.close();
  });
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
