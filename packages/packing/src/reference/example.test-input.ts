import type { CaseInstance, CaseType, PackingCase, PlanNode } from "../case/packing-case.ts";

/** A type of one zone with room for anything that is not said. */
export function type(name: string, price: number, over: Partial<CaseType> = {}): CaseType {
  return {
    name,
    priceMicroUsdPerHour: price,
    cpuMilli: 100_000,
    memoryMib: 100_000,
    volumes: 20,
    instances: 16,
    zones: ["a"],
    ...over,
  };
}

/** An instance of a cluster of its own. */
export function instance(name: string, memoryMib: number, over: Partial<CaseInstance> = {}): CaseInstance {
  return { name, cluster: undefined, tenant: undefined, cpuMilli: 1000, memoryMib, volumes: 1, zones: ["a"], ...over };
}

/** One line a node: its type, and what is on it. */
export function lines(plan: readonly PlanNode[]): string[] {
  return plan.map((node) => `${node.type}: ${node.instances.join(" ")}`);
}

export function packingCase(types: readonly CaseType[], instances: readonly CaseInstance[]): PackingCase {
  return { types, instances };
}
