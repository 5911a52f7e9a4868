import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { buildGoProgram } from "@berth/testing";
import type { PackingCase, PlanNode } from "../../src/index.ts";

const MODULE = fileURLToPath(new URL(".", import.meta.url));

export interface KarpenterRun {
  readonly nodes: number;
  readonly usdPerHour: number;
  /** Of its Solve alone: by the wall, and of all its threads. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly plan: readonly PlanNode[];
}

export interface RunKarpenterOptions {
  /** Node pools by size, the highest weight first: `xlarge;2xlarge,4xlarge`. One pool of all types when absent. */
  readonly pools?: string;
  readonly tell?: (line: string) => void;
}

/** The program's path; compiled at the first use on this machine. Refuses by name what is missing for that. */
export function buildKarpenter(tell?: (line: string) => void): Promise<string> {
  return buildGoProgram({ name: "karpenter-bench", module: MODULE }, tell);
}

/**
 * What Karpenter's own scheduler provisions for the case from an empty fleet (README.md beside this). It sees CPU, memory, the
 * cap and the zone, where there is one: not volumes, clusters or tenants. Builds it when it is not there.
 *
 * Refuses when it leaves an instance out.
 */
export async function runKarpenter(
  packing: PackingCase,
  { pools = "", tell }: RunKarpenterOptions = {},
): Promise<KarpenterRun> {
  const program = await buildKarpenter(tell);
  const folder = mkdtempSync(join(tmpdir(), "berth-karpenter-"));
  try {
    const [types, pods, out] = ["types.json", "pods.json", "nodes.json"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(types, JSON.stringify(karpenterTypes(packing)));
    writeFileSync(pods, JSON.stringify(karpenterPods(packing)));
    // With one thread it is three times as fast as with its own default, at the same price.
    const args = ["-types", types, "-pods", pods, "-pools", pools, "-c", "1", "-out", out];
    const { stdout } = await promisify(execFile)(program, args);
    const said: { placed: number; seconds: number; cpuSeconds: number; usdPerHour: number } = JSON.parse(stdout);
    const left = packing.instances.length - said.placed;
    if (left > 0) throw new Error(`Karpenter left ${left} of ${packing.instances.length} instances without a node`);
    const plan = planOf(packing, JSON.parse(readFileSync(out, "utf8")));
    const { seconds, cpuSeconds, usdPerHour } = said;
    return { nodes: plan.length, usdPerHour, seconds, cpuSeconds, plan };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Allocatable as capacity, with nothing reserved: the case has taken the overheads off already. */
function karpenterTypes(packing: PackingCase) {
  return packing.types.map((type) => ({
    name: type.name,
    cpuMilli: type.cpuMilli,
    memMiB: type.memoryMib,
    pods: type.instances,
    reservedCpuMilli: 0,
    reservedMemMiB: 0,
    price: type.priceMicroUsdPerHour / 1e6,
    zones: type.zones,
  }));
}

function karpenterPods(packing: PackingCase) {
  return packing.instances.map(({ name, cpuMilli, memoryMib, zones }) => {
    if (zones.length > 1) throw new RangeError(`${name} may go to several zones: the harness pins each or none`);
    return { name, cpuMilli, memMiB: memoryMib, zone: zones[0] };
  });
}

/** nodes.json in our words. */
function planOf(
  packing: PackingCase,
  nodes: readonly { type: string; zone: string; pods: readonly string[] }[],
): readonly PlanNode[] {
  const prices = new Map(packing.types.map((type) => [type.name, type.priceMicroUsdPerHour]));
  return nodes.map(({ type, zone, pods }) => {
    const priceMicroUsdPerHour = prices.get(type);
    if (priceMicroUsdPerHour === undefined) throw new Error(`Karpenter chose ${type}, which the case does not have`);
    return { type, zone, priceMicroUsdPerHour, instances: pods };
  });
}
