import { expect, test } from "vitest";
import { DevFailure } from "./dev-failure.ts";
import { readOptions } from "./options.ts";

const folders = { root: "/repository", base: "/somewhere" };

test("without options: the usual port, and a folder in the repository", () => {
  expect(readOptions([], folders)).toEqual({
    port: 7070,
    data: "/repository/.berth",
    json: false,
    seedFleet: false,
    real: false,
  });
});

test("a relative folder starts where the command was typed", () => {
  expect(readOptions(["--data", "x", "--port", "0"], folders)).toMatchObject({ data: "/somewhere/x", port: 0 });
});

test.each([
  [["--port", "65536"], "--port 65536"],
  [["--port", "http"], "--port http"],
  [["--prot", "1"], "--port"],
  [["extra"], "extra"],
])("%j is refused, and the message says how it is written", (args, words) => {
  expect(() => readOptions(args, folders)).toThrow(DevFailure);
  expect(() => readOptions(args, folders)).toThrow(words);
});
