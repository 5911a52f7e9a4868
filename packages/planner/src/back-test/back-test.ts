import type { Solver } from "@berth/ports";
import { linearBound } from "../ladder/linear-bound.ts";
import { planCost } from "../ladder/plan-cost.ts";
import {
  type HeldCommitment,
  HOURS,
  NO_RISK,
  type PlanningCase,
  type Purchase,
  type Segment,
  TERM_MONTHS,
} from "../ladder/planning-case.ts";
import type { Market, Policy } from "../rules/policy.ts";
import { HISTORY_MONTHS, TEST_MONTHS, type Trace } from "./traces.ts";

/** What a policy would have cost on a trace, each month decided by what was known then. */
export interface BackTest {
  readonly costUsd: number;
  readonly purchases: readonly Purchase[];
}

/** A trace as it came: every hour of it at its own level, and one scenario. What costs in it is what was paid. */
export function truthOf({ family, products }: Market, trace: Trace): PlanningCase {
  const months = Array.from({ length: TEST_MONTHS }, (_, m): readonly Segment[] => {
    const from = (HISTORY_MONTHS + m) * HOURS;
    const levels = new Map<number, number>();
    for (const units of trace.hours.subarray(from, from + HOURS)) levels.set(units, (levels.get(units) ?? 0) + 1);
    return [...levels].toSorted(([a], [b]) => a - b).map(([units, hours]) => ({ hours, milliUnits: [units * 1_000] }));
  });
  return {
    months: TEST_MONTHS,
    families: [family],
    demands: [{ name: family.name, options: [{ family: 0, milliUnits: 1_000 }] }],
    scenarios: [{ name: "truth", weight: 1, months }],
    products,
    held: heldAtStart(trace),
    discountPercent: 0,
    risk: NO_RISK,
    guardRails: false,
  };
}

type Held = Extract<HeldCommitment, { kind: "reserved" }>;

function heldAtStart({ held }: Trace): readonly Held[] {
  if (held === undefined) return [];
  const { units, endMonth } = held;
  const startMonth = endMonth - TERM_MONTHS["1y"];
  return [{ kind: "reserved", name: "held", family: 0, term: "1y", units, hourlyMicroUsd: 0, startMonth, endMonth }];
}

/** Less than this nothing costs that knows the whole trace: the linear program's answer, dollars. */
export async function perfectInformationUsd(market: Market, trace: Trace, solver: Solver): Promise<number> {
  return linearBound(truthOf(market, trace), solver);
}

/** Asks the policy at the start of each month of the test; it sees the hours before, and what it holds. */
export async function backTest(market: Market, trace: Trace, policy: Policy): Promise<BackTest> {
  const truth = truthOf(market, trace);
  const purchases: Purchase[] = [];
  for (let month = 0; month < TEST_MONTHS; month++) {
    const bought = purchases.map(({ product: p, month: at, count }): Held => {
      const { name, term, hourlyMicroUsd } = market.products[p] as Market["products"][number];
      const startMonth = at - month;
      const endMonth = startMonth + TERM_MONTHS[term];
      return { kind: "reserved", name, family: 0, term, units: count, hourlyMicroUsd, startMonth, endMonth };
    });
    const before = heldAtStart(trace).map((one) => ({
      ...one,
      startMonth: one.startMonth - month,
      endMonth: one.endMonth - month,
    }));
    const hours = trace.hours.subarray(0, (HISTORY_MONTHS + month) * HOURS);
    const counts = await policy(market, { hours, held: [...before, ...bought] });
    counts.forEach((count, product) => {
      if (count > 0) purchases.push({ product, month, count });
    });
  }
  return { costUsd: Number(planCost(truth, purchases).expectedNanoUsd) / 1e9, purchases };
}
