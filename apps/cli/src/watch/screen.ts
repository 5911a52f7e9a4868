import type { Readable } from "node:stream";
import type { Io } from "../io.ts";

/** A terminal's whole screen, drawn again and again, until somebody presses q. */
export interface Screen {
  /** One for each key that is pressed. */
  readonly keys: AsyncIterable<unknown>;
  hasQuit(): boolean;
  size(): { readonly columns: number; readonly rows: number };
  draw(lines: readonly string[]): void;
  /** Gives the terminal back as it was. */
  close(): void;
}

interface Keyboard extends Readable {
  setRawMode?(raw: boolean): unknown;
}

const ENTER = "\u001b[?1049h\u001b[?25l";
const LEAVE = "\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const REST_OF_LINE = "\u001b[K";
const REST_OF_SCREEN = "\u001b[J";
const CTRL_C = "\u0003";

/**
 * Draws on stdout, beside what was there, which comes back at the end. Keys are read one by one; Ctrl-C, which a terminal in
 * that mode does not turn into a signal, ends it as q does.
 */
export function openScreen({ out, prompts, terminal }: Pick<Io, "out" | "prompts" | "terminal">): Screen {
  const keyboard: Keyboard = prompts.input;
  let quit = false;
  const waiting: (() => void)[] = [];
  let pressed = 0;
  const onData = (chunk: Buffer | string) => {
    const text = chunk.toString();
    if (text.includes("q") || text.includes(CTRL_C)) quit = true;
    pressed += 1;
    for (const wake of waiting.splice(0)) wake();
  };
  let closed = false;
  async function* keys(): AsyncGenerator<true> {
    for (let seen = 0; !closed; seen = pressed) {
      if (pressed === seen) await new Promise<void>((resolve) => waiting.push(resolve));
      if (!closed) yield true;
    }
  }
  keyboard.setRawMode?.(true);
  keyboard.on("data", onData);
  keyboard.resume();
  out(ENTER);
  return {
    keys: keys(),
    hasQuit: () => quit,
    size: () => {
      const { columns, rows } = terminal.outSize();
      return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24 };
    },
    // A line at a time over what was there: clearing the screen first would flicker. The last line ends without a break.
    draw: (lines) => out(HOME + lines.map((line) => line + REST_OF_LINE).join("\r\n") + REST_OF_SCREEN),
    close: () => {
      closed = true;
      for (const wake of waiting.splice(0)) wake();
      keyboard.off("data", onData);
      keyboard.setRawMode?.(false);
      keyboard.pause();
      out(LEAVE);
    },
  };
}
