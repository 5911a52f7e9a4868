import type { Certificate } from "../bound/certificate.ts";
import type { CaseInstance } from "../case/packing-case.ts";

export interface LoadedMachine {
  readonly nodeName: string;
  readonly priceMicroUsdPerHour: number;
  readonly load: readonly CaseInstance[];
}

export interface StrandedMachine {
  readonly nodeName: string;
  readonly strandedMicroUsdPerHour: number;
}

/**
 * What each machine costs beyond what its load is worth, by the certificate's values scaled so that all instances together
 * are worth the lower bound: what no plan could pay less for. Below 0, to a thousandth, where a machine is better filled than
 * the bound expects. O(classes + instances).
 */
export function strandedOf(certificate: Certificate, machines: readonly LoadedMachine[]): StrandedMachine[] {
  const worth = new Map<string, number>();
  for (const { classes, lowerBound } of certificate.blocks) {
    const sum = classes.reduce((total, { dual, demand }) => total + Number(dual) * demand, 0);
    const scale = sum === 0 ? 0 : Number(lowerBound) / sum;
    for (const one of classes) worth.set(keyOf(one), (Number(one.dual) * scale) / NANO_PER_MICRO);
  }
  return machines.map(({ nodeName, priceMicroUsdPerHour, load }) => {
    const value = load.reduce((sum, instance) => sum + (worth.get(keyOf(instance)) ?? 0), 0);
    return { nodeName, strandedMicroUsdPerHour: Math.round(priceMicroUsdPerHour - value) };
  });
}

const NANO_PER_MICRO = 1000;

type Class = Pick<CaseInstance, "cpuMilli" | "memoryMib" | "volumes" | "zones">;

function keyOf({ cpuMilli, memoryMib, volumes, zones }: Class): string {
  return `${cpuMilli} ${memoryMib} ${volumes} ${zones.join(",")}`;
}
