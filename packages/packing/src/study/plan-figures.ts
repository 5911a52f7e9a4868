import type { PackingCase, PlanNode } from "../case/packing-case.ts";
import { machineTypeOf } from "./fleet-case.ts";

/** What a plan comes to. */
export interface PlanFigures {
  readonly priceMicroUsdPerHour: number;
  readonly machines: number;
  readonly instances: number;
  /** Most first. */
  readonly machinesByType: readonly { readonly machineType: string; readonly machines: number }[];
  /** Instances of a machine: mean, 0 of no machine; and most. */
  readonly densityMean: number;
  readonly densityMax: number;
  /** Largest share of all instances on one machine; of one tenant's, of those with two or more; in one zone. 0 of none. */
  readonly blastRadius: number;
  readonly tenantBlastRadius: number;
  readonly zones: readonly { readonly zone: string; readonly instances: number; readonly share: number }[];
}

/** Headroom, which is nobody's, counts for the price and not as instances. O(instances). */
export function planFigures(packing: PackingCase, plan: readonly PlanNode[]): PlanFigures {
  const tenantOf = new Map(
    packing.instances.map(({ name, tenant, cluster }) => [name, cluster && (tenant ?? cluster)]),
  );
  const byType = new Map<string, number>();
  const byZone = new Map<string, number>();
  const tenants = new Map<string, { all: number; most: number }>();
  let price = 0;
  let instances = 0;
  let most = 0;
  for (const node of plan) {
    const real = node.instances.flatMap((name) => tenantOf.get(name) ?? []);
    price += node.priceMicroUsdPerHour;
    instances += real.length;
    most = Math.max(most, real.length);
    add(byType, machineTypeOf(node.type), 1);
    add(byZone, node.zone, real.length);
    const here = new Map<string, number>();
    for (const tenant of real) add(here, tenant, 1);
    for (const [tenant, count] of here) {
      const known = tenants.get(tenant) ?? { all: 0, most: 0 };
      tenants.set(tenant, { all: known.all + count, most: Math.max(known.most, count) });
    }
  }
  const share = (part: number) => (instances === 0 ? 0 : part / instances);
  return {
    priceMicroUsdPerHour: price,
    machines: plan.length,
    instances,
    machinesByType: [...byType]
      .map(([machineType, machines]) => ({ machineType, machines }))
      .sort((a, b) => b.machines - a.machines || (a.machineType < b.machineType ? -1 : 1)),
    densityMean: plan.length === 0 ? 0 : instances / plan.length,
    densityMax: most,
    blastRadius: share(most),
    tenantBlastRadius: [...tenants.values()]
      .filter(({ all }) => all > 1)
      .reduce((largest, { all, most: held }) => Math.max(largest, held / all), 0),
    zones: [...byZone]
      .map(([zone, count]) => ({ zone, instances: count, share: share(count) }))
      .sort((a, b) => (a.zone < b.zone ? -1 : 1)),
  };
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}
