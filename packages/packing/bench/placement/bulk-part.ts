import { type BenchPart, type Figure, median } from "@berth/testing";
import { checkPlacement, placeInstances } from "../../src/index.ts";
import { referenceFleet } from "./reference-fleet.ts";

const INSTANCES = 20_000;
const RUNS = 5;

/**
 * How many instances are placed in a second, all at once into an empty fleet: zones given, no two of a cluster on a node, one
 * to three volumes each. The fleet's opening is in it, and so is every machine that is planned; explanations are not.
 */
export function bulkPart(): BenchPart {
  return { name: "bulk", measure };
}

async function measure(tell: (line: string) => void): Promise<Figure[]> {
  const { options, clusters } = referenceFleet(1, { instances: INSTANCES, volumes: "1-3" });
  const requests = clusters.flat();
  const perSecond: number[] = [];
  const perCpuSecond: number[] = [];
  let violations = 0;
  for (let run = 0; run < RUNS; run++) {
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    const plan = placeInstances(requests, [], options, { explains: false });
    perSecond.push((INSTANCES * 1000) / (performance.now() - startedAt));
    const { user, system } = process.cpuUsage(cpuBefore);
    perCpuSecond.push((INSTANCES * 1_000_000) / (user + system));
    if (run > 0) continue;
    violations = checkPlacement(requests, [], options, plan).length;
    const spend = plan.machines.reduce((sum, one) => sum + one.priceMicroUsdPerHour, 0) / 1e6;
    tell(`bulk: ${plan.machines.length} machines, $${spend.toFixed(2)} an hour`);
  }
  const startedAt = performance.now();
  placeInstances(requests, [], options);
  const explained = (INSTANCES * 1000) / (performance.now() - startedAt);
  tell(`bulk: ${Math.round(explained)} a second with every candidate explained`);
  const higher = { unit: "pods/s", must: 5000, aim: 20_000, better: "higher" } as const;
  return [
    { figure: "bulk_pods_per_second", value: median(perSecond), ...higher },
    { figure: "bulk_pods_per_cpu_second", value: median(perCpuSecond), ...higher },
    { figure: "bulk_violations", value: violations, unit: "violations", must: 0, aim: 0, better: "lower" },
  ];
}
