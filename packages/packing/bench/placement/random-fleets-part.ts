import type { BenchPart, Figure } from "@berth/testing";
import { runRandomFleet } from "../../src/testing/random-fleet.ts";

const FLEETS = 100_000;
/** Of them, those whose refusals are tried on every node and machine type. */
const TRIED = 5000;

/** What the tests of `npm test` hold for two thousand random fleets, for a hundred thousand. */
export function randomFleetsPart(): BenchPart {
  return { name: "random_fleets", measure };
}

async function measure(tell: (line: string) => void): Promise<Figure[]> {
  let violations = 0;
  let wronglyRefused = 0;
  let placed = 0;
  let refused = 0;
  for (let seed = 1; seed <= FLEETS; seed++) {
    const run = runRandomFleet(seed, { triesRefused: seed <= TRIED });
    if (run.violations.length > 0) tell(`random_fleets: seed ${seed}: ${JSON.stringify(run.violations[0])}`);
    violations += run.violations.length;
    wronglyRefused += run.wronglyRefused.length;
    placed += run.placed;
    refused += run.refused;
  }
  tell(`random_fleets: ${FLEETS} fleets, ${placed} instances placed, ${refused} refused`);
  const none = { must: 0, aim: 0, better: "lower" } as const;
  return [
    { figure: "random_fleets_violations", value: violations, unit: "violations", ...none },
    { figure: "random_fleets_wrongly_refused", value: wronglyRefused, unit: "instances", ...none },
  ];
}
