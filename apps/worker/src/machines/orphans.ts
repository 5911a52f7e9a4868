import type { Leases, LiveLease, MachineStore } from "@berth/db";
import { isId, type MachineId } from "@berth/domain";
import type { Clock } from "@berth/ports";
import { type EffectObserver, type ReadOnlyCloud, runEffect } from "../effects.ts";

export interface OrphanDeps {
  readonly leases: Leases;
  readonly store: MachineStore;
  readonly cloudOf: (region: string) => ReadOnlyCloud;
  readonly clock: Clock;
  readonly effects: EffectObserver;
  readonly environment: string;
  readonly wake: (id: MachineId) => void;
  readonly onOrphan: (instanceId: string, because: string) => void;
}

/** Younger instances may belong to a row that this read did not see yet. */
const MIN_AGE_MS = 120_000;
/** More orphans than this, and than a tenth of what runs, are no leftovers: our rows are wrong. */
const FEW = 3;

export class TooManyOrphans extends Error {
  override readonly name = "TooManyOrphans";

  constructor(region: string, orphans: number, running: number) {
    super(
      `${orphans} of ${running} instances in ${region} have no live machine: none is terminated. Was the database ` +
        "restored, or do two installations share BERTH_ENVIRONMENT?",
    );
  }
}

/**
 * Finds machines without a row and rows without a machine.
 *
 * The cloud is read first, the rows after it: an instance launched in between has a row already when rows are read, so it
 * is never taken for an orphan. An instance of ours without a live row, or that its row does not know as its own, is
 * terminated; an empty answer of the cloud ends nothing. Nor does an emptied table: when many instances at once seem to be
 * orphans, none is touched, and TooManyOrphans is thrown after the other regions had their turn. Rows whose instance the cloud does not show are only looked at
 * by their own loop, which knows what an unseen instance means.
 */
export async function sweepOrphans(deps: OrphanDeps): Promise<void> {
  await deps.leases.withLease("sweep/orphans", async (lease) => {
    const now = deps.clock.now().getTime();
    const failures: unknown[] = [];
    const seen = new Set<string>();
    for (const region of await deps.store.listRegions()) {
      await sweepRegion(deps, lease, region, now, seen).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
    for (const row of await deps.store.listAlive()) {
      if (row.cloudInstanceId !== undefined && !seen.has(row.cloudInstanceId)) deps.wake(row.id);
    }
  });
}

/** Adds the instances of the region to `seen`. */
async function sweepRegion(
  deps: OrphanDeps,
  lease: LiveLease,
  region: string,
  now: number,
  seen: Set<string>,
): Promise<void> {
  const context = { effects: deps.effects, lease };
  const cloud = deps.cloudOf(region);
  const instances = await cloud.describe({ tags: { "berth.dev/environment": deps.environment }, alive: true });
  for (const { instanceId } of instances) seen.add(instanceId);
  const alive = new Map((await deps.store.listAlive()).map((row) => [row.id as string, row]));
  const orphans = instances.flatMap((instance) => {
    const row = alive.get(instance.tags["berth.dev/machine"] ?? "");
    const because =
      row === undefined
        ? "no live machine has its tag"
        : row.cloudInstanceId !== undefined && row.cloudInstanceId !== instance.instanceId
          ? `its machine runs as ${row.cloudInstanceId}`
          : undefined;
    const isOld = now - instance.launchedAt.getTime() >= MIN_AGE_MS;
    const { instanceId, tags } = instance;
    return because !== undefined && isOld ? [{ instanceId, machineId: tags["berth.dev/machine"] ?? "", because }] : [];
  });
  if (orphans.length > Math.max(FEW, instances.length / 10)) {
    throw new TooManyOrphans(region, orphans.length, instances.length);
  }
  for (const { instanceId, machineId, because } of orphans) {
    deps.onOrphan(instanceId, because);
    await runEffect(context, "machines.terminate_orphan", cloud, (cloud) => cloud.terminate(instanceId));
    // If it had joined, its Node is still there, and only its machine's loop removes that.
    if (isId("machine", machineId)) deps.wake(machineId);
  }
}
