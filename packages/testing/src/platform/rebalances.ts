import type { RebalancePlan } from "@berth/contract";
import { LABELS } from "@berth/domain";
import { waitFor } from "../wait-for.ts";
import { createTestCluster, purgeCluster, untilSucceeded } from "./clusters.ts";
import { placementsOf } from "./placements.ts";
import type { Platform } from "./start-platform.ts";
import type { SimulatedPlatformWorld } from "./world.ts";

/** A worker that carries plans out. */
export const REBALANCING = { BERTH_REBALANCE: "simulated" } as const;

/** What rebalancing goes by is as if an hour had passed: since when nodes are there, and when others were emptied. */
export async function passAnHour(platform: Platform): Promise<void> {
  await platform.database.query("update machine set ready_at = ready_at - interval '1 hour'");
  await platform.database.query("update rebalance_move set finished_at = finished_at - interval '1 hour'");
}

/**
 * Four clusters of three on machines that take two instances each, of which two leave, so that what stays of one does not
 * stand beside what stays of the other everywhere. Gives how many moves put that in order.
 */
export async function halfEmptyFleet(platform: Platform, timeoutMs: number): Promise<number> {
  const clusters = await Promise.all(["one", "two", "three", "four"].map((name) => createTestCluster(platform, name)));
  await Promise.all(
    clusters.map(({ current_operation }) => untilSucceeded(platform, current_operation?.id ?? "", timeoutMs)),
  );
  const nodes = await Promise.all(
    clusters.map(async ({ id }) => (await placementsOf(platform, id)).map(({ pod }) => pod.spec.nodeName ?? "")),
  );
  // Of the first machine's two clusters one leaves, and one of the other two.
  const beside = nodes.findIndex((one, index) => index > 0 && one.some((node) => nodes[0]?.includes(node)));
  const leaves = [1, 2, 3].find((index) => index !== beside) ?? 0;
  const leaving = clusters.filter((_, index) => index === 0 || index === leaves);
  const [some = [], others = []] = nodes.filter((_, index) => index !== 0 && index !== leaves);
  await Promise.all(
    leaving.map(async (cluster) => untilSucceeded(platform, await purgeCluster(platform, cluster), timeoutMs)),
  );
  await passAnHour(platform);
  return some.filter((node) => !others.includes(node)).length;
}

/** What the machines that are there cost, in micro-dollars an hour. */
export async function fleetPrice(platform: Platform): Promise<number> {
  const [row] = await platform.database.query<{ price: number }>(
    `select coalesce(sum(price_micro_usd_per_hour), 0)::float8 as price from machine
      where state not in ('terminating', 'terminated', 'failed')`,
  );
  return row?.price ?? 0;
}

/** Asks for a look at the kube, and waits until one was taken. */
export async function lookForMoves(platform: Platform, timeoutMs: number) {
  const params = { kube_id: platform.kubeId };
  const { body: before } = await platform.operator.createRebalancePlan({ body: params });
  return waitFor(
    async () => {
      const { body } = await platform.operator.getRebalanceLook({ params });
      return body.looked_at === before.looked_at ? undefined : body;
    },
    { timeoutMs, what: "a look for moves" },
  );
}

/** Waits until a plan is in a state; the error says what it waits for. */
export function untilPlan(
  platform: Platform,
  id: string,
  state: RebalancePlan["state"],
  timeoutMs: number,
): Promise<RebalancePlan> {
  return waitFor(
    async () => {
      const { body } = await platform.operator.getRebalancePlan({ params: { rebalance_plan_id: id } });
      if (body.state === state) return body;
      throw new Error(JSON.stringify(body));
    },
    { timeoutMs, what: `plan ${id} to be ${state}`, intervalMs: 100 },
  );
}

interface SeenPod {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>>; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
  readonly status?: { readonly phase?: string };
}

/** Of each cluster in the tests of moves. */
const INSTANCES = 3;

/**
 * Looks at the world's pods again and again until stopped: gives what rules it saw broken, and how often it looked.
 *
 * An instance is away while its pod is not there, ends, or does not run. One that runs and is not ready is not: where the
 * master was moved, none of the others is until they have another.
 */
export function watchMoves({ simulated }: SimulatedPlatformWorld, instancesPerMachine: number) {
  const broken = new Set<string>();
  let looks = 0;
  const look = () => {
    looks += 1;
    const running = new Map<string, number>();
    const onNode = new Map<string, string[]>();
    for (const { metadata, spec, status } of simulated.world.kubernetes.objects("Pod") as unknown as SeenPod[]) {
      const cluster = metadata.labels?.[LABELS.cluster];
      if (cluster === undefined) continue;
      const runs = status?.phase === "Running" && metadata.deletionTimestamp === undefined;
      running.set(cluster, (running.get(cluster) ?? 0) + (runs ? 1 : 0));
      const node = spec.nodeName;
      if (node !== undefined) onNode.set(node, [...(onNode.get(node) ?? []), cluster]);
    }
    for (const [cluster, count] of running) {
      if (count < INSTANCES - 1) broken.add(`${INSTANCES - count} instances of ${cluster} are away at once`);
    }
    for (const [node, clusters] of onNode) {
      if (clusters.length > instancesPerMachine) broken.add(`${clusters.length} instances on ${node}`);
      if (new Set(clusters).size < clusters.length) broken.add(`two instances of one cluster on ${node}`);
    }
  };
  const timer = setInterval(look, 20);
  return {
    stop: () => {
      clearInterval(timer);
      return { broken: [...broken], looks };
    },
  };
}
