import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDataFolder } from "./data-folder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-data-"));
});
afterEach(() => {
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true });
});

test("what is written is for its owner alone, and there again after a restart", () => {
  const first = openDataFolder(join(folder, "deep"));
  first.writeJson("keys.json", { a: 1 });
  first.release();
  expect(statSync(join(folder, "deep", "keys.json")).mode & 0o777).toBe(0o600);
  const second = openDataFolder(join(folder, "deep"));
  expect(second.readJson("keys.json")).toEqual({ a: 1 });
  expect(second.readJson("other.json")).toBeUndefined();
  second.release();
});

test("a file cannot be a folder: the message names the option", () => {
  writeFileSync(join(folder, "file"), "");
  expect(() => openDataFolder(join(folder, "file"))).toThrow("--data FOLDER");
});

test("the mark of a process that is gone, or that is no dev, is taken over", () => {
  for (const pid of ["4194304", String(process.ppid), "", "garbage"]) {
    writeFileSync(join(folder, "dev.pid"), pid);
    const taken = openDataFolder(folder);
    expect(readFileSync(join(folder, "dev.pid"), "utf8")).toBe(`${process.pid}\n`);
    taken.release();
  }
});
