import type { Leases, MachineStore } from "@berth/db";
import { isId, type MachineId } from "@berth/domain";
import type { Clock, Cloud } from "@berth/ports";
import { type EffectObserver, runEffect } from "../effects.ts";

export interface OrphanDeps {
  readonly leases: Leases;
  readonly store: MachineStore;
  readonly cloudOf: (region: string) => Cloud;
  readonly clock: Clock;
  readonly effects: EffectObserver;
  readonly environment: string;
  readonly wake: (id: MachineId) => void;
  readonly onOrphan: (instanceId: string, because: string) => void;
}

/** Younger instances may belong to a row that this read did not see yet. */
const MIN_AGE_MS = 120_000;

/**
 * Finds machines without a row and rows without a machine.
 *
 * The cloud is read first, the rows after it: an instance launched in between has a row already when rows are read, so it
 * is never taken for an orphan. An instance of ours without a live row, or that its row does not know as its own, is
 * terminated; an empty answer of the cloud ends nothing. Rows whose instance the cloud does not show are only looked at
 * by their own loop, which knows what an unseen instance means.
 */
export async function sweepOrphans(deps: OrphanDeps): Promise<void> {
  await deps.leases.withLease("sweep/orphans", async () => {
    const now = deps.clock.now().getTime();
    for (const region of await deps.store.listRegions()) {
      const cloud = deps.cloudOf(region);
      const instances = await cloud.describe({ tags: { "berth.dev/environment": deps.environment }, alive: true });
      const alive = new Map((await deps.store.listAlive()).map((row) => [row.id as string, row]));
      const seen = new Set<string>();
      for (const instance of instances) {
        seen.add(instance.instanceId);
        const machineId = instance.tags["berth.dev/machine"] ?? "";
        const row = alive.get(machineId);
        const because =
          row === undefined
            ? "no live machine has its tag"
            : row.cloudInstanceId !== undefined && row.cloudInstanceId !== instance.instanceId
              ? `its machine runs as ${row.cloudInstanceId}`
              : undefined;
        if (because === undefined || now - instance.launchedAt.getTime() < MIN_AGE_MS) continue;
        deps.onOrphan(instance.instanceId, because);
        await runEffect(deps.effects, "machines.terminate_orphan", () => cloud.terminate(instance.instanceId));
      }
      for (const row of alive.values()) {
        if (row.cloudInstanceId !== undefined && !seen.has(row.cloudInstanceId) && isId("machine", row.id))
          deps.wake(row.id);
      }
    }
  });
}
