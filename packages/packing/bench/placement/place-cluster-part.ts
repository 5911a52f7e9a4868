import { type BenchPart, type Figure, median, p99 } from "@berth/testing";
import { openFleet, placeInstances } from "../../src/index.ts";
import { referenceFleet } from "./reference-fleet.ts";

const MEASURED = 3000;
const WARM_UP = 500;

/**
 * How long a cluster of at most twelve instances takes into a fleet of 10,000, with its explanation as the product stores
 * it. Each cluster leaves again, and the machines that were planned for it, so that all meet the same fleet.
 *
 * On a machine that others work on, the longest waits are theirs: p99 is also given of the placements that the kernel did not
 * interrupt for somebody else.
 */
export function placeClusterPart(): BenchPart {
  return { name: "place_cluster", measure };
}

async function measure(tell: (line: string) => void): Promise<Figure[]> {
  const { options, clusters } = referenceFleet(1, { instances: 10_000, volumes: "1" });
  const others = referenceFleet(2, { instances: 15_000, volumes: "1" }).clusters;
  const residents = clusters.flat();
  const cold = placeInstances(residents, [], options, { explains: false });
  const nodes = cold.machines.map(({ alternatives: _, ...machine }) => ({ ...machine, coming: false }));
  const fleet = openFleet(nodes, options);
  const wallMs: number[] = [];
  const cpuMs: number[] = [];
  const undisturbedMs: number[] = [];
  const interruptions = () => process.resourceUsage().involuntaryContextSwitches;
  for (const [index, cluster] of others.slice(0, WARM_UP + MEASURED).entries()) {
    const requests = cluster.map((one) => ({
      ...one,
      instanceId: `new ${one.instanceId}`,
      clusterId: `new ${one.clusterId}`,
    }));
    const interruptedBefore = interruptions();
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    const plan = fleet.place(requests);
    const wall = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpuBefore);
    const undisturbed = interruptions() === interruptedBefore;
    for (const { name } of plan.machines) fleet.removeNode(name);
    const onNodes = plan.assignments.filter(({ outcome }) => outcome === "placed");
    fleet.release(onNodes.map(({ instanceId }) => instanceId));
    if (index < WARM_UP) continue;
    wallMs.push(wall);
    if (undisturbed) undisturbedMs.push(wall);
    cpuMs.push((user + system) / 1000);
  }
  const round = (value: number) => value.toFixed(3);
  const longest = wallMs.reduce((most, one) => Math.max(most, one), 0);
  tell(
    `place_cluster: ${nodes.length} nodes, p50 ${round(median(wallMs))} ms, longest ${round(longest)} ms; ` +
      `CPU p50 ${round(median(cpuMs))} ms, p99 ${round(p99(cpuMs))} ms; ${undisturbedMs.length} of ${MEASURED} undisturbed`,
  );
  const lower = { unit: "ms", must: 10, aim: 1, better: "lower" } as const;
  return [
    { figure: "place_cluster_p99_ms", value: p99(wallMs), ...lower },
    { figure: "place_cluster_p99_cpu_ms", value: p99(cpuMs), ...lower },
    { figure: "place_cluster_p99_undisturbed_ms", value: p99(undisturbedMs), ...lower },
  ];
}
