import type { InstanceRequest, NodeState, RunningInstance, RunningNode } from "../../src/index.ts";

/** Gibibytes that an instance stores for each of its memory: Elasticsearch is commonly given thirty at most. */
const STORED_PER_MEMORY = 10;

/** Nodes as placing leaves them, as nodes that run: healthy, unless `condition` says otherwise. */
export function runningFleet(
  nodes: readonly NodeState[],
  condition: (instance: InstanceRequest) => Partial<RunningInstance> = () => ({}),
  readyAt: (node: NodeState) => Date = () => new Date(0),
): RunningNode[] {
  return nodes.map((node) => ({
    ...node,
    coming: false,
    readyAt: readyAt(node),
    instances: node.instances.map((instance) => ({
      ...instance,
      storedGib: (instance.memoryMib / 1024) * STORED_PER_MEMORY,
      clusterIsGreen: true,
      hasIndexWithoutReplicas: false,
      backupIsRunning: false,
      upgradeIsRunning: false,
      ...condition(instance),
    })),
  }));
}

export function priceOf(nodes: readonly { readonly priceMicroUsdPerHour: number }[]): number {
  return nodes.reduce((sum, node) => sum + node.priceMicroUsdPerHour, 0);
}
