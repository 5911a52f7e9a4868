import { describe, expect, it } from "vitest";
import { waitFor } from "../wait-for.ts";
import { createTestCluster, deleteForGrace, purgeCluster, restoreCluster, untilSucceeded } from "./clusters.ts";
import { untilNothingIsLeft } from "./leftovers.ts";
import { withPlatform } from "./with-platform.ts";

const LONG_MS = 120_000;

describe("the end of a grace period", { timeout: 3 * LONG_MS }, () => {
  it("is that of a cluster which nobody restored, and of no other", () =>
    withPlatform({}, async (platform) => {
      const make = async (name: string) => {
        const cluster = await createTestCluster(platform, name, { instances: 1 });
        await untilSucceeded(platform, cluster.current_operation?.id ?? "", LONG_MS);
        await untilSucceeded(platform, await deleteForGrace(platform, cluster), LONG_MS);
        return cluster;
      };
      const [goes, stays] = await Promise.all([make("goes"), make("stays")]);
      // Twice: what came back can be deleted, and come back, as well as any.
      await untilSucceeded(platform, await restoreCluster(platform, stays), LONG_MS);
      await untilSucceeded(platform, await deleteForGrace(platform, stays), LONG_MS);
      await untilSucceeded(platform, await restoreCluster(platform, stays), LONG_MS);

      await platform.database.query(
        "update cluster set purge_at = now(), next_check_at = now(), wakes = wakes + 1 where purge_at is not null",
      );
      const stateOf = async ({ id }: { id: string }) =>
        (await platform.customer.getCluster({ params: { cluster_id: id } })).body?.status.state;
      await waitFor(async () => (await stateOf(goes)) === "deleted", { timeoutMs: LONG_MS, what: "the purge to end" });
      const late = platform.customer.restoreCluster({ params: { cluster_id: goes.id } });
      await expect(late).rejects.toMatchObject({ problem: { code: "invalid_state" } });
      expect(await stateOf(stays)).toBe("running");

      await untilSucceeded(platform, await purgeCluster(platform, stays), LONG_MS);
      await untilNothingIsLeft(platform, LONG_MS);
    }));
});
