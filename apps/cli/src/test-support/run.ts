import { PassThrough } from "node:stream";
import type { Io } from "../io.ts";
import { runBerth } from "../main.ts";
import type { fakeTerminal } from "./fake-terminal.ts";

export interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly interrupt?: AbortSignal;
  /** Stands for stdin and stderr; there is none when absent. */
  readonly terminal?: ReturnType<typeof fakeTerminal>;
  /** The terminal stands for stdout too. */
  readonly isOnScreen?: boolean;
  /** Called with all of stderr so far at each piece of it. */
  readonly onErr?: (text: string) => void;
  /** Called with each piece of stdout. */
  readonly onOut?: (text: string) => void;
}

/** Runs one command line in this process. */
export async function run(words: readonly string[], options: RunOptions = {}): Promise<Run> {
  let out = "";
  let err = "";
  const { terminal } = options;
  const isTerminal = terminal !== undefined;
  const io: Io = {
    out: (text) => {
      out += text;
      if (options.isOnScreen === true) terminal?.show(text);
      options.onOut?.(text);
    },
    err: (text) => {
      err += text;
      terminal?.show(text);
      options.onErr?.(err);
    },
    drained: async () => {},
    env: options.env ?? {},
    terminal: {
      in: isTerminal,
      out: isTerminal && options.isOnScreen === true,
      err: isTerminal,
      errColumns: 0,
      outSize: () => ({ columns: terminal?.output.columns ?? 0, rows: terminal?.output.rows ?? 0 }),
    },
    prompts: terminal ?? { input: new PassThrough(), output: new PassThrough() },
    readStdin: async () => options.stdin ?? "",
    interrupted: options.interrupt ?? new AbortController().signal,
  };
  const code = await runBerth(words, io);
  return { code, out, err };
}
