import type { CreateClusterBody, CreatedCluster } from "@berth/contract";
import { type ClusterHome, createTestCluster, untilSucceeded } from "../clusters.ts";

/** One create, from its request to the end of its operation, in seconds. */
export interface TimedCreate {
  readonly cluster: CreatedCluster;
  /** When it was asked for, in milliseconds since 1970. */
  readonly askedAt: number;
  readonly total: number;
  /** By step, as the operation itself tells; steps overlap. */
  readonly steps: Readonly<Record<string, number>>;
}

/** Creates a cluster and waits until it can be used. */
export async function timedCreate(
  home: ClusterHome,
  name: string,
  options: { readonly longestMs: number; readonly over?: Partial<CreateClusterBody> },
): Promise<TimedCreate> {
  const askedAt = Date.now();
  const cluster = await createTestCluster(home, name, options.over);
  const { progress, finished_at } = await untilSucceeded(home, cluster.current_operation?.id ?? "", options.longestMs);
  const steps = progress.steps.map(({ name, started_at, finished_at }) => [
    name,
    (Date.parse(finished_at ?? "") - Date.parse(started_at ?? "")) / 1000,
  ]);
  const total = (Date.parse(finished_at ?? "") - askedAt) / 1000;
  return { cluster, askedAt, total, steps: Object.fromEntries(steps) };
}
