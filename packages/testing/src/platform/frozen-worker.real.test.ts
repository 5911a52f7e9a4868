import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { waitFor } from "../wait-for.ts";
import { createTestCluster, purgeCluster, untilSucceeded } from "./clusters.ts";
import { leftovers, untilNothingIsLeft } from "./leftovers.ts";
import type { Platform } from "./start-platform.ts";
import { withPlatform } from "./with-platform.ts";

const LONG_MS = 120_000;

/**
 * A worker is stopped (SIGSTOP) on the line before a call, as a machine that hangs would stop it, and another brings
 * everything to its end. What the first one was about to do comes too late then, and some of it could not be told from new:
 * the namespace of a cluster that is gone, a token by which a machine may join.
 */
const cases = [
  { frozenAt: "clusters.apply_Namespace", during: "create" },
  { frozenAt: "machines.put_bootstrap_token", during: "create" },
  { frozenAt: "clusters.delete_claim", during: "purge" },
] as const;

// Each on a database and a world of its own.
describe.concurrent("a worker that was frozen until another had finished", { timeout: 4 * LONG_MS }, () => {
  it.each(cases)("at $frozenAt, does nothing more of it, brings nothing back, and is of use again", (one) =>
    withPlatform({}, async (platform) => {
      const file = join(platform.folder, "effects");
      const point = `${one.frozenAt}:before`;
      const frozen = await platform.restartWorker({ BERTH_FREEZE_AT: point, BERTH_EFFECTS_FILE: file });
      const answers = () => linesOf(file).filter((line) => line === `${one.frozenAt}:answered`).length;
      const takeOver = async () => {
        const isFrozen = () => linesOf(file).includes(point);
        await waitFor(isFrozen, { timeoutMs: LONG_MS, what: `the worker to freeze at ${point}`, intervalMs: 20 });
        return platform.addWorker();
      };

      await createAndPurge(platform, { [one.during]: takeOver });
      const answered = answers();
      process.kill(frozen.pid, "SIGCONT");
      const sawIt = () => readFileSync(frozen.logFile, "utf8").includes("lease lost");
      await frozen.ready(sawIt, { timeoutMs: LONG_MS, what: "the thawed worker to see that it is too late" });
      expect(answers()).toBe(answered);
      expect(await leftovers(platform)).toEqual([]);

      await platform.worker().kill();
      await createAndPurge(platform, {});
    }),
  );
});

/** A cluster's whole life; `create` and `purge` are called when these are under way. */
async function createAndPurge(
  platform: Platform,
  under: { readonly create?: () => Promise<unknown>; readonly purge?: () => Promise<unknown> },
): Promise<void> {
  const cluster = await createTestCluster(platform, "frozen");
  await under.create?.();
  await untilSucceeded(platform, cluster.current_operation?.id ?? "", LONG_MS);
  const purge = await purgeCluster(platform, cluster);
  await under.purge?.();
  await untilSucceeded(platform, purge, LONG_MS);
  await untilNothingIsLeft(platform, LONG_MS);
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
}
