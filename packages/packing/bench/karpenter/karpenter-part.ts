import { type BenchPart, CannotMeasure, es10k, type Figure } from "@berth/testing";
import { checkPlan, karpenter, type PackingCase, STANDARD_POLICY } from "../../src/index.ts";
import { type Planner, plannedLine, savingPercent, timePlanner, usdPerHour } from "../price.ts";
import { poolsBySize } from "../reference/pools-by-size.ts";
import { buildKarpenter, runKarpenter } from "./run-karpenter.ts";

/**
 * The side-by-side with Karpenter's own scheduler: ES-10k (seed 1) without volumes, clusters and tenants, which its harness
 * does not know; the same pods, types and overheads for both, in one run. With one pool of all types and with a pool a size.
 * With `ours`, what ours saves and how much less CPU it takes; always, whether the restated policy still costs the same.
 *
 * Left out: its consolidation, which would follow; that in production it ends a Solve after a minute; reservations.
 */
export function karpenterPart(ours?: Planner): BenchPart {
  return {
    name: "karpenter",
    measure: async (tell) => {
      await buildKarpenter(tell).catch((cause: Error) => {
        throw new CannotMeasure(cause.message, { cause });
      });
      const packing = withoutVolumesAndClusters(es10k(1));
      const mine = ours && (await timePlanner(ours, packing));
      if (mine) tell(plannedLine("ours", mine));
      const pools = poolsBySize(packing.types);
      const setUps = [
        { name: "one_pool", options: {}, restated: undefined, must: 0, aim: 15 },
        { name: "pools_by_size", options: { pools: pools.sizes }, restated: pools.names, must: 10, aim: 12 },
      ] as const;

      let violations = mine ? checkPlan(packing, mine.plan, STANDARD_POLICY).length : 0;
      let restatedOffPercent = 0;
      const figures: Figure[] = [];
      for (const { name, options, restated, must, aim } of setUps) {
        const real = await runKarpenter(packing, { ...options, tell });
        tell(plannedLine(`karpenter, ${name}`, real));
        violations += checkPlan(packing, real.plan, STANDARD_POLICY).length;
        const again = karpenter(packing, { knowsVolumes: false, ...(restated && { pools: restated }) });
        const off = Math.abs(savingPercent(usdPerHour(again), real.usdPerHour));
        restatedOffPercent = Math.max(restatedOffPercent, off);
        if (mine) {
          const saving = savingPercent(mine.usdPerHour, real.usdPerHour);
          // Of CPU: both run in one thread at a time, and the wall's would be those of whoever else works on the machine.
          const times = real.cpuSeconds / mine.cpuSeconds;
          const higher = { better: "higher" } as const;
          figures.push(
            { figure: `karpenter.saving_against_${name}`, value: saving, unit: "%", must, aim, ...higher },
            { figure: `karpenter.times_faster_than_${name}`, value: times, unit: "x", must: 1, aim: 2, ...higher },
          );
        }
      }
      const lower = { better: "lower" } as const;
      return [
        ...figures,
        { figure: "karpenter.restated_off", value: restatedOffPercent, unit: "%", must: 1, aim: 0, ...lower },
        { figure: "karpenter.violations", value: violations, unit: "rules", must: 0, aim: 0, ...lower },
      ];
    },
  };
}

function withoutVolumesAndClusters(packing: PackingCase): PackingCase {
  const instances = packing.instances.map((one) => ({ ...one, volumes: 0, cluster: undefined, tenant: undefined }));
  return { types: packing.types, instances };
}
