import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { createLogger, type Logger } from "@berth/runtime";
import type { Cleanup } from "./cleanup.ts";

/** The log of API and worker: a file in the data folder, so that the terminal stays readable. */
export function openLogFile(folder: string, cleanup: Cleanup): Logger {
  const file = createWriteStream(join(folder, "dev.log"), { flags: "a", mode: 0o600 });
  // A full disk must not end a process that can still stop in order.
  file.on("error", () => {});
  cleanup.add(() => new Promise<void>((resolve) => file.end(resolve)));
  return createLogger({ name: "dev", level: "info", destination: file });
}
