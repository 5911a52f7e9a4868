import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Guardian, startGuardian } from "./guardian.ts";
import { startPostgres } from "./postgres.ts";
import { isAlive, waitForEnd } from "./processes.ts";

let folder: string;
let guardian: Guardian;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-postgres-"));
  guardian = startGuardian();
});
afterEach(() => {
  guardian.dismiss();
  rmSync(folder, { recursive: true });
});

const start = () => startPostgres({ folder, superuserPassword: "secret", guardian });
const serverPid = () => Number(readFileSync(join(folder, "data", "postmaster.pid"), "utf8").split("\n")[0]);

const answers = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });

test("it listens on loopback while it runs, leaves nothing, and starts again on the same files", async () => {
  const first = await start();
  expect(await answers(first.port)).toBe(true);
  const pid = serverPid();
  await first.stop();
  expect(isAlive(pid)).toBe(false);
  expect(await answers(first.port)).toBe(false);

  writeFileSync(join(folder, "data", "mark"), "");
  const second = await start();
  expect(existsSync(join(folder, "data", "mark"))).toBe(true);
  await second.stop();
});

test("a mark whose process id belongs to somebody else by now does not keep it from starting", async () => {
  await (await start()).stop();
  writeFileSync(join(folder, "data", "postmaster.pid"), `${process.pid}\n${join(folder, "data")}\n`);
  await (await start()).stop();
});

test("after kill -9 of its starter the guardian ends it", async () => {
  mkdirSync(join(folder, "inner"));
  const source = (name: string) => fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const script = `
    import { startGuardian } from ${JSON.stringify(source("guardian"))};
    import { startPostgres } from ${JSON.stringify(source("postgres"))};
    await startPostgres({ folder: ${JSON.stringify(join(folder, "inner"))}, superuserPassword: "x", guardian: startGuardian() });
    process.kill(process.pid, "SIGKILL");`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  expect(await new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)))).toBe("SIGKILL");
  const mark = join(folder, "inner", "data", "postmaster.pid");
  if (existsSync(mark)) {
    const pid = Number(readFileSync(mark, "utf8").split("\n")[0]);
    expect(await waitForEnd(pid, 15_000)).toBe(true);
  }
  expect(existsSync(mark)).toBe(false);
});
