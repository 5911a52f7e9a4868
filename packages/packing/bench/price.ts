import type { PackingCase, PlanNode } from "../src/index.ts";

/** Something that plans a whole fleet: ours, a policy of reference, somebody else's. */
export type Planner = (packing: PackingCase) => readonly PlanNode[] | Promise<readonly PlanNode[]>;

export interface Planned {
  readonly plan: readonly PlanNode[];
  readonly usdPerHour: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

export async function timePlanner(planner: Planner, packing: PackingCase): Promise<Planned> {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  const plan = await planner(packing);
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - startedAt) / 1000;
  return { plan, usdPerHour: usdPerHour(plan), seconds, cpuSeconds: (user + system) / 1e6 };
}

export function usdPerHour(plan: readonly PlanNode[]): number {
  return plan.reduce((sum, node) => sum + node.priceMicroUsdPerHour, 0) / 1e6;
}

/** How much less than `other` it costs, in percent of that. */
export function savingPercent(ours: number, other: number): number {
  return 100 * (1 - ours / other);
}

/** For people: what a fleet costs and took to plan. */
export function plannedLine(name: string, { plan, usdPerHour: price, seconds, cpuSeconds }: Planned): string {
  const mostInstances = plan.reduce((most, node) => Math.max(most, node.instances.length), 0);
  const instances = plan.reduce((sum, node) => sum + node.instances.length, 0);
  return (
    `${name}: ${price.toFixed(2)} $/h, ${plan.length} nodes, density ${(instances / plan.length).toFixed(2)} ` +
    `(at most ${mostInstances}), ${seconds.toFixed(2)} s (CPU ${cpuSeconds.toFixed(2)} s)`
  );
}
