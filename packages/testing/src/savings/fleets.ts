import { ColdPlan, type PackingCase, type PlanNode, runColdPlan, STANDARD_POLICY } from "@berth/packing";
import type { FleetLine } from "@berth/planner";
import { openSolver } from "@berth/solver";

const GAP = 1e-3;

/** The plan of packing's engine after so many seconds of CPU, of all threads. */
export async function packedPlan(packing: PackingCase, cpuSeconds: number): Promise<readonly PlanNode[]> {
  const solver = await openSolver();
  try {
    const before = process.cpuUsage();
    const plan = await ColdPlan.open(packing, STANDARD_POLICY, solver, { seed: 1, gap: GAP });
    await runColdPlan(plan, () => {
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1e6 / cpuSeconds;
    });
    const nodes = plan.plan();
    await plan.close();
    return nodes;
  } finally {
    await solver.close();
  }
}

/** How many machines of each type a plan has in each zone, by zone and type. */
export function fleetLines(plan: readonly PlanNode[], region: string): FleetLine[] {
  const lines = new Map<string, FleetLine>();
  for (const { zone, type } of plan) {
    const key = `${zone} ${type}`;
    lines.set(key, { region, zone, machineType: type, count: (lines.get(key)?.count ?? 0) + 1 });
  }
  return [...lines].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
}

/** Instances of a machine: mean. */
export function density(plan: readonly PlanNode[]): number {
  return plan.reduce((sum, { instances }) => sum + instances.length, 0) / plan.length;
}
