import { expect, it } from "vitest";
import { expand } from "./environment.ts";

it.each([
  ["a known name is filled in", "$(A)-$(B)", "1-2"],
  ["an unknown name stays as it is written", "$(NOBODY) $(id -u)", "$(NOBODY) $(id -u)"],
  ["two dollars stand for one, and keep a name from being filled in", "$$(A) $$$$ $$$(A)", "$(A) $$ $1"],
  ["a shell's own variables are left alone", "$A $5", "$A $5"],
])("%s", (_, text, expected) => {
  expect(expand(text, { A: "1", B: "2" })).toBe(expected);
});
