import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { waitFor } from "../wait-for.ts";
import { startContainer } from "./container.ts";
import type { ContainerSpec } from "./container-script.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-container-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const specOf = (script: string, over: Partial<ContainerSpec> = {}): ContainerSpec => ({
  hostname: "box",
  podIp: "127.63.0.1",
  stage: join(folder, "stage"),
  distribution: undefined,
  mounts: [],
  readOnlyRoot: false,
  identity: { user: 1000, group: 1000, groups: [], mayGainPrivileges: false },
  env: { PATH: "/usr/bin:/bin" },
  workingDir: "/",
  command: ["bash", "-c", script],
  ...over,
});

async function run(spec: ContainerSpec): Promise<{ exitCode: number; output: string }> {
  const logFile = join(folder, `log-${Math.random()}`);
  const { exitCode } = await (await startContainer(spec, logFile)).ended;
  return { exitCode, output: readFileSync(logFile, "utf8") };
}

it("sees only its own processes, and its words are not read by any shell", async () => {
  const value = `it's "$HOME" \\ $(id) \n;`;
  const script = `ls -d /proc/[0-9]* | wc -l; printf %s "$VALUE"`;
  const { exitCode, output } = await run(specOf(script, { env: { PATH: "/usr/bin:/bin", VALUE: value } }));
  expect(exitCode).toBe(0);
  expect(output.split("\n").slice(1).join("\n")).toBe(value);
  expect(Number(output.split("\n")[0])).toBeLessThan(6);
});

it("leaves nothing on this machine of what it writes outside of its volumes", async () => {
  const source = mkdtempSync(join(folder, "volume-"));
  const mounts = [
    { source, target: "/deep/below/volume", readOnly: false, isFile: false },
    { source: folder, target: "/tmp", readOnly: true, isFile: false },
  ];
  const identity = { user: 0, group: 0, groups: [], mayGainPrivileges: true };
  const script = "touch /root-was-here /deep/below/volume/mine; touch /tmp/x || echo refused";
  const { output } = await run(specOf(script, { mounts, identity }));
  expect(output).toContain("refused");
  expect(existsSync("/root-was-here")).toBe(false);
  expect(existsSync("/deep")).toBe(false);
  expect(existsSync(join(source, "mine"))).toBe(true);
});

it("tells how it ended: an exit code, or the signal", async () => {
  expect((await run(specOf("exit 5"))).exitCode).toBe(5);
  const deaf = await startContainer(specOf("trap '' TERM; sleep 600 & wait"), join(folder, "deaf"));
  deaf.terminate();
  deaf.kill();
  expect((await deaf.ended).exitCode).toBe(137);
  expect(existsSync(`/proc/${deaf.pid}`)).toBe(false);
});

it("ends with the process that started it, even when that one is killed", async () => {
  const program = join(folder, "program.mts");
  writeFileSync(
    program,
    `import { startContainer } from ${JSON.stringify(new URL("./container.ts", import.meta.url).href)};
     const spec = ${JSON.stringify(specOf("trap 'exit 0' TERM; while :; do sleep 0.1; done"))};
     const { pid } = await startContainer(spec, ${JSON.stringify(join(folder, "orphan"))});
     process.stdout.write(String(pid));
     setInterval(() => undefined, 1000);`,
  );
  const parent = spawn(process.execPath, ["--import", "tsx", program], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: import.meta.dirname,
  });
  const [chunk] = (await once(parent.stdout, "data")) as [Buffer];
  const pid = Number(chunk.toString());
  expect(existsSync(`/proc/${pid}`)).toBe(true);
  parent.kill("SIGKILL");
  await waitFor(() => !existsSync(`/proc/${pid}`), { timeoutMs: 20_000, what: "the container to end" });
});
