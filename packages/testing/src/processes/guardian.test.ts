import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { waitFor } from "../wait-for.ts";
import { startProcess } from "./start-process.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-processes-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe("startProcess", () => {
  it("stops in order, and by force what does not listen", async () => {
    const log = join(folder, "log");
    const polite = await startProcess({ name: "polite", command: "sleep", args: ["600"], logFile: log });
    await polite.stop();
    expect(polite.ended()).toBe("signal SIGTERM");

    const script = "trap '' TERM; echo deaf; while :; do sleep 0.1; done";
    const deaf = await startProcess({ name: "deaf", command: "sh", args: ["-c", script], logFile: log });
    await deaf.ready(async () => (await import("node:fs")).readFileSync(log, "utf8").includes("deaf"), {
      timeoutMs: 5000,
      what: "its trap",
    });
    await deaf.stop(50);
    expect(deaf.ended()).toBe("signal SIGKILL");
    await deaf.stop(); // Harmless.
  });

  it("names a command that is missing", async () => {
    const starting = startProcess({
      name: "ghost",
      command: "no-such-command",
      args: [],
      logFile: join(folder, "log"),
    });
    await expect(starting).rejects.toThrow("ghost cannot be started: spawn no-such-command ENOENT");
  });

  it("refuses to wait for a process that ended, and shows its log", async () => {
    const spec = {
      name: "broken",
      command: "sh",
      args: ["-c", "echo no such flag; exit 3"],
      logFile: join(folder, "log"),
    };
    const broken = await startProcess(spec);
    const ready = broken.ready(() => false, { timeoutMs: 60_000, what: "readiness" });
    await expect(ready).rejects.toThrow(/broken ended with exit code 3; the end of .*\nno such flag/);
  });
});

describe("guardian", () => {
  it.each(["SIGINT", "SIGTERM", "SIGKILL", "exit"] as const)(
    "ends what we started when we end by %s",
    async (end) => {
      const program = `
      const { startProcess } = await import(${JSON.stringify(new URL("./start-process.ts", import.meta.url).href)});
      // A group: the signal must reach the grandchild too.
      const spec = { name: "x", command: "sh", args: ["-c", "sleep 600 & echo $!; wait"], logFile: ${JSON.stringify(join(folder, "log"))} };
      const started = await startProcess(spec);
      process.stdout.write(String(started.pid));
      ${end === "exit" ? "process.exit(0);" : "setInterval(() => undefined, 1000);"}
    `;
      const parent = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [chunk] = (await once(parent.stdout, "data")) as [Buffer];
      const pid = Number(chunk.toString());
      if (end !== "exit") {
        expect(isAlive(pid)).toBe(true);
        parent.kill(end);
      }
      await waitFor(() => !isAlive(pid), { timeoutMs: 15_000, what: "the child to end" });
    },
    30_000,
  );
});
