import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { EXIT_CODES } from "./exit-codes.ts";

/**
 * Everything that a command may touch of the process around it. Tests hand in their own.
 *
 * Data goes to `out` and everything else to `err`, so that `berth … | jq` and `berth … > file` see data alone.
 */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** Resolves when stdout takes more: for what is longer than memory should hold. */
  drained(): Promise<void>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether each stream is a terminal: prompts need stdin and stderr, the step tree stderr, colours their own stream. */
  readonly terminal: {
    readonly in: boolean;
    readonly out: boolean;
    readonly err: boolean;
    /** Width of stderr; 0 when it is no terminal, or one without a size. */
    readonly errColumns: number;
    /** Size of stdout now, as a window may be drawn larger; zeros when it has none. */
    outSize(): { readonly columns: number; readonly rows: number };
  };
  /** Where people are asked. */
  readonly prompts: { readonly input: Readable; readonly output: Writable };
  readStdin(): Promise<string>;
  /** Aborts at the first Ctrl-C; a second one ends the process at once. */
  readonly interrupted: AbortSignal;
}

export function processIo(): Io {
  const interruption = new AbortController();
  const interrupt = () => {
    if (interruption.signal.aborted) process.exit(EXIT_CODES.interrupted);
    interruption.abort();
  };
  // Not `once`: what draws the step tree sends the signal again when it finds nobody else listening.
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  // A reader that went away (`berth … | head`) is no fault of ours.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    drained: async () => {
      if (process.stdout.writableNeedDrain) await once(process.stdout, "drain");
    },
    env: process.env,
    terminal: {
      in: process.stdin.isTTY === true,
      out: process.stdout.isTTY === true,
      err: process.stderr.isTTY === true,
      errColumns: process.stderr.columns ?? 0,
      outSize: () => ({ columns: process.stdout.columns ?? 0, rows: process.stdout.rows ?? 0 }),
    },
    prompts: { input: process.stdin, output: process.stderr },
    readStdin: async () => {
      let text = "";
      for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk;
      return text;
    },
    interrupted: interruption.signal,
  };
}
