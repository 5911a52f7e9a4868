import { PassThrough } from "node:stream";

/** What a person types once they have read something new on the screen. */
export interface Reply {
  readonly to: string;
  readonly type: string;
}

export const ENTER = "\r";
export const DOWN = "\u001b[B";
export const CTRL_C = "\u0003";

/** A terminal with somebody in front of it, who answers in that order and otherwise waits. */
export function fakeTerminal(replies: readonly Reply[]) {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} });
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 200, rows: 50 });
  const waiting = [...replies];
  let screen = "";
  let read = 0;
  const show = (text: string) => {
    screen += text;
    const [next] = waiting;
    const at = next === undefined ? -1 : screen.indexOf(next.to, read);
    if (next === undefined || at < 0) return;
    waiting.shift();
    read = screen.length;
    // The question listens when it has been drawn.
    setImmediate(() => input.write(next.type));
  };
  output.on("data", (chunk: Buffer) => show(chunk.toString()));
  return { input, output, show, screen: () => screen, waiting };
}
