import type { RebalancePlan } from "@berth/contract";
import { LABELS } from "@berth/domain";
import { waitFor } from "../wait-for.ts";
import type { Platform } from "./start-platform.ts";
import type { SimulatedPlatformWorld } from "./world.ts";

/** Nodes look as if they had been there for an hour: young ones are left alone. */
export async function ageNodes(platform: Platform): Promise<void> {
  await platform.database.query("update machine set ready_at = ready_at - interval '1 hour'");
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
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Looks at the world's pods again and again until stopped: gives what rules it saw broken, and how often it looked. */
export function watchMoves({ simulated }: SimulatedPlatformWorld, instancesPerMachine: number) {
  const broken = new Set<string>();
  let looks = 0;
  const look = () => {
    looks += 1;
    const away = new Map<string, number>();
    const onNode = new Map<string, string[]>();
    for (const pod of simulated.world.kubernetes.objects("Pod") as unknown as readonly SeenPod[]) {
      const cluster = pod.metadata.labels?.[LABELS.cluster];
      if (cluster === undefined) continue;
      if (!isReady(pod)) away.set(cluster, (away.get(cluster) ?? 0) + 1);
      const node = pod.spec.nodeName;
      if (node !== undefined) onNode.set(node, [...(onNode.get(node) ?? []), cluster]);
    }
    for (const [cluster, count] of away) if (count > 1) broken.add(`${count} instances of ${cluster} are away at once`);
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

function isReady({ metadata, status }: SeenPod): boolean {
  const ready = status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") === true;
  return ready && metadata.deletionTimestamp === undefined;
}
