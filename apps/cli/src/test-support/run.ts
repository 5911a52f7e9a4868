import type { Io } from "../io.ts";
import { runBerth } from "../main.ts";

export interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly interrupt?: AbortSignal;
  /** Called with all of stderr so far at each piece of it. */
  readonly onErr?: (text: string) => void;
}

/** Runs one command line in this process, without a terminal. */
export async function run(words: readonly string[], options: RunOptions = {}): Promise<Run> {
  let out = "";
  let err = "";
  const io: Io = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
      options.onErr?.(err);
    },
    drained: async () => {},
    env: options.env ?? {},
    terminal: { in: false, out: false, err: false, errColumns: 0 },
    readStdin: async () => options.stdin ?? "",
    interrupted: options.interrupt ?? new AbortController().signal,
  };
  const code = await runBerth(words, io);
  return { code, out, err };
}
