import type { BenchPart, Figure } from "@berth/testing";
import { es10k } from "@berth/testing";
import { checkPlan, STANDARD_POLICY } from "../../src/index.ts";
import { usdPerHour } from "../price.ts";
import { planAndProve } from "./plan-ours.ts";

/**
 * How cost and time grow with the fleet: the case of ES-10k with so many instances, each with CPU seconds in proportion. The
 * time to 1.03 is what is compared; small fleets have few bins of each zone, and are harder to make whole.
 */
export function sizesPart(
  sizes: readonly number[],
  { cpuSeconds, boundCpuSeconds }: { readonly cpuSeconds: number; readonly boundCpuSeconds: number },
): BenchPart {
  return {
    name: "sizes",
    measure: async (tell) => {
      const figures: Figure[] = [];
      for (const instances of sizes) {
        const packing = es10k(1, { instances });
        const share = instances / 10_000;
        const ours = await planAndProve(packing, {
          seed: 1,
          cpuSeconds: Math.max(3, share * cpuSeconds),
          boundCpuSeconds,
        });
        const found = ours.trace.find(({ cost }) => cost <= 1.03 * ours.lowerBound);
        const costRatio = (usdPerHour(ours.plan) * 1e6) / ours.lowerBound;
        const violations = checkPlan(packing, ours.plan, STANDARD_POLICY).length;
        tell(
          `sizes: ${instances} instances: ${usdPerHour(ours.plan).toFixed(2)} $/h on ${ours.plan.length} nodes, ` +
            `${costRatio.toFixed(4)} of the bound after ${ours.spent.seconds.toFixed(1)} s (CPU ` +
            `${ours.spent.cpuSeconds.toFixed(1)} s); <= 1.03 after CPU ${found?.cpuSeconds.toFixed(2) ?? "-"} s; bound in CPU ` +
            `${ours.bound.cpuSeconds.toFixed(1)} s, proof gap ${(100 * (1 - ours.lowerBound / ours.masterCost)).toFixed(2)} %, ` +
            `verifier CPU ${ours.verifier.cpuSeconds.toFixed(1)} s, ${violations} violations`,
        );
        const lower = { better: "lower" } as const;
        const never = Number.POSITIVE_INFINITY;
        figures.push(
          {
            figure: `sizes.${instances}.cost_over_bound`,
            value: 100 * (costRatio - 1),
            unit: "%",
            must: instances < 5_000 ? 5 : 2,
            aim: 0.5,
            ...lower,
          },
          {
            figure: `sizes.${instances}.cpu_seconds_to_1.03`,
            value: found?.cpuSeconds ?? never,
            unit: "s",
            must: 5 * Math.max(1, share),
            aim: Math.max(1, share),
            ...lower,
          },
          { figure: `sizes.${instances}.violations`, value: violations, unit: "rules", must: 0, aim: 0, ...lower },
        );
      }
      return figures;
    },
  };
}
