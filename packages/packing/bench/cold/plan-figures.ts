import type { PackingCase, PlanNode } from "../../src/index.ts";

/** What docs/packing.md calls each. */
export interface PlanFigures {
  /** Instances a node. */
  readonly meanDensity: number;
  readonly mostOnANode: number;
  readonly dominantUtilizationPercent: number;
  /** The largest share of all instances on one node. */
  readonly blastRadiusPercent: number;
  /** Nodes that hold more of a tenant than the larger of one and 2 % of the tenant's instances. */
  readonly nodesOverTenantShare: number;
}

const TENANT_SHARE = 0.02;

export function planFigures({ types, instances }: PackingCase, plan: readonly PlanNode[]): PlanFigures {
  const typeOf = new Map(types.map((type) => [type.name, type]));
  const instanceOf = new Map(instances.map((instance) => [instance.name, instance]));
  const ofTenant = new Map<string, number>();
  for (const { tenant = "" } of instances) ofTenant.set(tenant, (ofTenant.get(tenant) ?? 0) + 1);
  let price = 0;
  let used = 0;
  let mostOnANode = 0;
  let nodesOverTenantShare = 0;
  for (const node of plan) {
    const type = typeOf.get(node.type);
    if (type === undefined) throw new Error(`the plan has ${node.type}, which the case does not`);
    const load = { cpuMilli: 0, memoryMib: 0, volumes: 0 };
    const here = new Map<string, number>();
    for (const name of node.instances) {
      const instance = instanceOf.get(name);
      if (instance === undefined) throw new Error(`the plan has ${name}, which the case does not`);
      load.cpuMilli += instance.cpuMilli;
      load.memoryMib += instance.memoryMib;
      load.volumes += instance.volumes;
      const { tenant } = instance;
      if (tenant !== undefined) here.set(tenant, (here.get(tenant) ?? 0) + 1);
    }
    const shares = (["cpuMilli", "memoryMib", "volumes"] as const).map((d) => load[d] / type[d]);
    price += node.priceMicroUsdPerHour;
    used += node.priceMicroUsdPerHour * Math.max(...shares);
    mostOnANode = Math.max(mostOnANode, node.instances.length);
    const isOver = ([tenant, count]: [string, number]) =>
      count > Math.max(1, TENANT_SHARE * (ofTenant.get(tenant) ?? 0));
    if ([...here].some(isOver)) nodesOverTenantShare += 1;
  }
  return {
    meanDensity: instances.length / plan.length,
    mostOnANode,
    dominantUtilizationPercent: (100 * used) / price,
    blastRadiusPercent: (100 * mostOnANode) / instances.length,
    nodesOverTenantShare,
  };
}
