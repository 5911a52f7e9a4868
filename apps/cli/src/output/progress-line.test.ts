import { expect, test } from "vitest";
import type { Io } from "../io.ts";
import { openProgressLine } from "./progress-line.ts";

function drawn(terminal: boolean, env: Record<string, string> = {}): string {
  let text = "";
  const io = { err: (piece: string) => (text += piece), env, terminal: { err: terminal } } as unknown as Io;
  const line = openProgressLine(io);
  for (let n = 1; n <= 1000; n++) line.update(`${n} rows`);
  line.end();
  return text;
}

test("a progress line is drawn now and then, and taken away at the end", () => {
  const text = drawn(true);
  expect(text.startsWith("\r\u001b[2K1 rows")).toBe(true);
  expect(text.split("\r").length).toBeLessThan(20);
  expect(text.endsWith("\r\u001b[2K")).toBe(true);
});

test("nothing is drawn where stderr is no terminal, or a dumb one", () => {
  expect(drawn(false)).toBe("");
  expect(drawn(true, { TERM: "dumb" })).toBe("");
});
