import type { SavingsReport } from "@berth/planner";
import type { BenchPart } from "../bench/run-bench.ts";
import { type Case2016, case2016 } from "./case-2016.ts";
import { es10kSavings } from "./es-10k-savings.ts";

type Higher = { readonly must: number; readonly aim: number };

/** What ES-10k saves against one VM each, with what its plan risks. */
export function savingsPart(cpuSeconds: number): BenchPart {
  return {
    name: "savings",
    measure: async (tell) => {
      const { results, violations } = await es10kSavings(cpuSeconds);
      const figures = results.flatMap(({ longest, report, gap, savingAgainstBurstable }) => {
        tell(`savings.${longest}: ${stepsLine(report)}`);
        const { saving, plan, steps } = report;
        const { packing, commitments } = partsOf(report);
        const withPlan = steps.at(-1);
        const name = (figure: string) => `savings.${longest}.${figure}`;
        const percent = (figure: string, share: number, { must, aim }: Higher) =>
          ({ figure: name(figure), value: share * 100, unit: "%", must, aim, better: "higher" }) as const;
        const lower = (figure: string, value: number, unit: string, { must, aim }: Higher) =>
          ({ figure: name(figure), value, unit, must, aim, better: "lower" }) as const;
        const months = longest === "1y" ? { must: 12, aim: 6 } : { must: 36, aim: 18 };
        return [
          percent("total", saving ?? 0, { must: 60, aim: 65 }),
          percent("total_against_burstable", savingAgainstBurstable, { must: 50, aim: 60 }),
          percent("packing", packing, { must: 35, aim: 50 }),
          percent("commitments_of_the_rest", commitments, { must: 30, aim: 40 }),
          percent("coverage", withPlan?.coverage ?? 0, { must: 95, aim: 100 }),
          percent("utilization", withPlan?.utilization ?? 0, { must: 95, aim: 100 }),
          lower("break_even", plan?.breakEvenMonth ?? Number.POSITIVE_INFINITY, "months", months),
          lower("regret_at_20_percent_less", (plan?.regretAtLess ?? 0) * 100, "%", { must: 25, aim: 10 }),
          lower("gap", gap * 100, "%", { must: 0.01, aim: 0 }),
        ];
      });
      const value = violations;
      return [...figures, { figure: "savings.violations", value, unit: "rules", must: 0, aim: 0, better: "lower" }];
    },
  };
}

/** The story's steps at the prices of 2016, and what is beyond them. */
export function case2016Part(cpuSeconds: number): BenchPart {
  return {
    name: "case_2016",
    measure: async (tell) => {
      const found = await case2016(cpuSeconds);
      for (const { name, density, report } of found.ways)
        tell(`case_2016.${name}: ${density.toFixed(2)} instances a machine, ${stepsLine(report)}`);
      for (const { name, saving } of found.variants)
        tell(`case_2016: the story's packing, ${name}: ${(saving * 100).toFixed(1)} % saved`);
      return figuresOf2016(found);
    },
  };
}

function figuresOf2016({ ways, violations }: Case2016) {
  const bounds: Readonly<Record<string, Readonly<Record<"packing" | "commitments" | "total", Higher>>>> = {
    story: { packing: { must: 20, aim: 25 }, commitments: { must: 35, aim: 40 }, total: { must: 50, aim: 55 } },
    ours_packed: { packing: { must: 35, aim: 45 }, commitments: { must: 35, aim: 40 }, total: { must: 60, aim: 65 } },
    ours_1y: { packing: { must: 35, aim: 45 }, commitments: { must: 35, aim: 40 }, total: { must: 60, aim: 65 } },
    ours_3y: { packing: { must: 35, aim: 45 }, commitments: { must: 35, aim: 60 }, total: { must: 60, aim: 80 } },
  };
  const figures = ways.flatMap(({ name, report }) => {
    const shares = { ...partsOf(report), total: report.saving ?? 0 };
    return (["packing", "commitments", "total"] as const).map((share) => {
      const bound = bounds[name]?.[share] ?? { must: 0, aim: 0 };
      const figure = `case_2016.${name}.${share}`;
      return { figure, value: shares[share] * 100, unit: "%", ...bound, better: "higher" } as const;
    });
  });
  const value = violations;
  return [
    ...figures,
    { figure: "case_2016.violations", value, unit: "rules", must: 0, aim: 0, better: "lower" } as const,
  ];
}

/** Of one VM each what packing saves, and of the packed fleet on demand what commitments save. */
function partsOf({ steps }: SavingsReport): { packing: number; commitments: number } {
  const [each = 0, packed = 0, , withPlan = 0] = steps.map(({ nanoUsdPerHour }) => Number(nanoUsdPerHour));
  return { packing: 1 - packed / each, commitments: 1 - withPlan / packed };
}

function stepsLine({ steps }: SavingsReport): string {
  return steps.map(({ name, nanoUsdPerHour }) => `${name} ${(Number(nanoUsdPerHour) / 1e9).toFixed(2)} $/h`).join(", ");
}
