import type { BenchPart, Figure } from "@berth/testing";
import { es10k, singleMachineTypes } from "@berth/testing";
import {
  type CaseType,
  checkPlan,
  firstFitDecreasing,
  karpenter,
  oneMachineEach,
  type PackingCase,
  type PlanRule,
  STANDARD_POLICY,
  supergiant2016,
} from "../../src/index.ts";
import { type Planner, plannedLine, savingPercent, timePlanner } from "../price.ts";
import { poolsBySize } from "./pools-by-size.ts";

/** A policy, and what ours must and should save against it, in percent. */
interface Reference {
  readonly name: string;
  readonly planner: Planner;
  /** Where it buys other types than the case has. */
  readonly types?: (packing: PackingCase) => readonly CaseType[];
  /** What it could not be asked to keep. */
  readonly relaxed: readonly PlanRule[];
  readonly must: number;
  readonly aim: number;
}

/** The usual CPU limit of an instance: four times its request (domain/sizes.ts). */
const CPU_LIMIT_PERCENT = 400;

const REFERENCES: readonly Reference[] = [
  {
    name: "one_machine_each",
    types: ({ types }) => singleMachineTypes(types),
    planner: (packing) => oneMachineEach(packing),
    relaxed: [],
    must: 35,
    aim: 50,
  },
  {
    name: "one_machine_each_burstable",
    types: ({ types }) => singleMachineTypes(types, { burstable: true }),
    planner: (packing) => oneMachineEach(packing),
    relaxed: [],
    must: 20,
    aim: 40,
  },
  { name: "first_fit_decreasing", planner: (packing) => firstFitDecreasing(packing), relaxed: [], must: 0, aim: 5 },
  {
    name: "supergiant_2016_sized_by_limits",
    planner: (packing) => supergiant2016(packing, { stage: "sized_by_limits", cpuLimitPercent: CPU_LIMIT_PERCENT }),
    relaxed: ["tenant_share"],
    must: 0,
    aim: 50,
  },
  {
    name: "supergiant_2016_filled_by_requests",
    planner: (packing) => supergiant2016(packing, { stage: "filled_by_requests", cpuLimitPercent: CPU_LIMIT_PERCENT }),
    relaxed: ["tenant_share"],
    must: 0,
    aim: 50,
  },
  {
    name: "karpenter_restated",
    planner: (packing) => karpenter(packing, { knowsVolumes: true }),
    relaxed: ["tenant_share"],
    must: 0,
    aim: 15,
  },
  {
    name: "karpenter_restated_in_pools",
    planner: (packing) => karpenter(packing, { knowsVolumes: true, pools: poolsBySize(packing.types).names }),
    relaxed: ["tenant_share"],
    must: 0,
    aim: 8,
  },
];

/**
 * What each policy of reference pays for ES-10k (seed 1, one volume each), told in lines; with `ours`, what ours saves
 * against each. Every plan is checked, but for rules that the original could not be asked to keep.
 */
export function referencePart(ours?: Planner): BenchPart {
  return {
    name: "reference",
    measure: async (tell) => {
      const packing = es10k(1);
      const mine = ours && (await timePlanner(ours, packing));
      if (mine) tell(plannedLine("ours", mine));
      let violations = mine ? checkPlan(packing, mine.plan, STANDARD_POLICY).length : 0;
      const figures: Figure[] = [];
      for (const { name, planner, types, relaxed, must, aim } of REFERENCES) {
        const theirs = types ? { ...packing, types: types(packing) } : packing;
        const planned = await timePlanner(planner, theirs);
        tell(plannedLine(name, planned));
        const found = checkPlan(theirs, planned.plan, STANDARD_POLICY).filter(({ rule }) => !relaxed.includes(rule));
        violations += found.length;
        if (mine) {
          const value = savingPercent(mine.usdPerHour, planned.usdPerHour);
          figures.push({ figure: `reference.saving_against_${name}`, value, unit: "%", must, aim, better: "higher" });
        }
      }
      const value = violations;
      return [...figures, { figure: "reference.violations", value, unit: "rules", must: 0, aim: 0, better: "lower" }];
    },
  };
}
