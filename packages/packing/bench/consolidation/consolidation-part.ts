import type { BenchPart, Figure } from "@berth/testing";
import { departed, mostRecoverable, type Recovered, recover } from "./departures.ts";
import { type SineDay, sineDay } from "./sine-day.ts";

const ITERATIONS = 3000;
const MUST_PERCENT = 80;

/**
 * What consolidation brings back after 35 % of the clusters left, with moves of a tenth of the instances that stay, with
 * a quarter and with as many as pay; and what it does to a fleet in a day of sine load.
 */
export function consolidationPart(): BenchPart {
  return { name: "consolidation", measure };
}

async function measure(tell: (line: string) => void): Promise<Figure[]> {
  const state = await departed();
  const usd = (microUsd: number) => (microUsd / 1e6).toFixed(2);
  tell(
    `consolidation: ${state.instances} instances stay on ${state.fleet.length} nodes for ` +
      `${usd(state.priceMicroUsdPerHour)} $/h; planned anew ${usd(state.freshMicroUsdPerHour)} $/h, ` +
      `bound ${usd(state.boundMicroUsdPerHour)} $/h`,
  );
  const line = (name: string, one: Recovered) =>
    tell(
      `consolidation: ${name}: ${one.moves} moves for ${usd(one.costMicroUsd)} $ recover ${one.percent.toFixed(1)} %, ` +
        `${usd(one.afterMicroUsdPerHour)} $/h, ${(one.afterMicroUsdPerHour / state.boundMicroUsdPerHour).toFixed(3)} of ` +
        `the bound; CPU ${one.cpuSeconds.toFixed(1)} s`,
    );
  const tenth = Math.floor(state.instances / 10);
  const few = recover(state, tenth, ITERATIONS);
  const possible = Math.min(100, mostRecoverable(state, tenth));
  line("a tenth moves", few);
  let least = tenth;
  while (mostRecoverable(state, least) < MUST_PERCENT) least += 1;
  tell(
    `consolidation: no plan with ${tenth} moves recovers more than ${possible.toFixed(1)} %, ` +
      `and none recovers ${MUST_PERCENT} % with fewer than ${least}`,
  );
  const quarter = recover(state, Math.floor(state.instances / 4), ITERATIONS);
  line("a quarter moves", quarter);
  const all = recover(state, state.instances, ITERATIONS);
  line("as many as pay", all);

  const still = sineDay(false);
  const day = sineDay(true);
  const dayLine = (name: string, one: SineDay) =>
    tell(
      `consolidation: a day ${name}: ${one.additions} machines added, ${one.removals} removed, ${one.moves} moves, ` +
        `mean ${one.meanNodes.toFixed(0)} nodes for ${one.meanUsdPerHour.toFixed(2)} $/h`,
    );
  dayLine("without", still);
  dayLine("with it", day);
  const percent = { unit: "%", must: MUST_PERCENT, aim: 90, better: "higher" } as const;
  const none = { must: 0, aim: 0, better: "lower" } as const;
  const changes = (day.additions + day.removals) / day.meanNodes;
  return [
    { figure: "recoverable_saving", value: few.percent, ...percent },
    // Of what any plan with so many moves could recover.
    { figure: "recoverable_saving_of_possible", value: (100 * few.percent) / possible, ...percent },
    { figure: "recoverable_saving_quarter_moved", value: quarter.percent, ...percent },
    {
      figure: "rebalance_violations",
      value: few.violations + quarter.violations + all.violations + day.violations,
      unit: "violations",
      ...none,
    },
    { figure: "day_machine_changes_per_node", value: changes, unit: "changes", must: 3, aim: 2, better: "lower" },
    { figure: "day_moves_below_threshold", value: day.movesBelowThreshold, unit: "moves", ...none },
    { figure: "day_moves_not_green", value: day.movesNotGreen, unit: "moves", ...none },
  ];
}
