import { describe, expect, it } from "vitest";
import { checkPlacement } from "../check-placement.ts";
import { type RandomRebalance, randomRebalance } from "../testing/random-rebalance.ts";
import type { Assignment } from "../types.ts";
import { checkRebalance } from "./check-rebalance.ts";
import { planMoves } from "./plan-moves.ts";
import type { RebalancePlan, RebalanceStep } from "./rebalance-plan.ts";

const FLEETS = 400;
const planOf = ({ fleet, options, rules, now }: RandomRebalance) => planMoves(fleet, options, rules, now);
const seeds = Array.from({ length: FLEETS }, (_, index) => index + 1);
const runs = seeds.map((seed) => {
  const problem = randomRebalance(seed);
  return { seed, problem, plan: planOf(problem) };
});
const check = ({ fleet, options, rules, now }: RandomRebalance, plan: RebalancePlan) =>
  checkRebalance(fleet, options, rules, now, plan);

describe("plans for random fleets", () => {
  it("break no rule, and empty nodes into room, onto cheaper machines and together", () => {
    const kinds = new Map<string, number>();
    for (const { seed, problem, plan } of runs) {
      expect(check(problem, plan), `seed ${seed}`).toEqual([]);
      for (const { kind } of plan.actions) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    for (const kind of ["drain", "downsize", "merge"]) expect(kinds.get(kind), kind).toBeGreaterThan(5);
  });

  it("leave after each step what check-placement finds nothing wrong with", () => {
    let looked = 0;
    for (const { seed, problem, plan } of runs.slice(0, 150)) {
      for (let steps = 1; steps <= plan.steps.length; steps++, looked++) {
        expect(placementFaults(problem, plan.steps.slice(0, steps)), `seed ${seed}, ${steps} steps`).toEqual([]);
      }
    }
    expect(looked).toBeGreaterThan(300);
  });

  it("move nothing of a cluster that is not green, or for less than the threshold", () => {
    for (const { seed, problem, plan } of runs) {
      const instances = new Map(problem.fleet.flatMap((node) => node.instances).map((one) => [one.instanceId, one]));
      for (const step of plan.steps) {
        if (step.kind === "move") expect(instances.get(step.instanceId)?.clusterIsGreen, `seed ${seed}`).toBe(true);
      }
      for (const { savingMicroUsdPerHour, costMicroUsd } of plan.actions) {
        const saved = savingMicroUsdPerHour * problem.rules.horizonHours;
        expect(saved, `seed ${seed}`).toBeGreaterThan(problem.rules.leastSavingPerCost * costMicroUsd);
      }
    }
  });

  it("are the same byte for byte from the same seed, in whatever order the nodes come", () => {
    for (const { problem, plan } of runs.slice(0, 60)) {
      expect(JSON.stringify(planOf(problem))).toBe(JSON.stringify(plan));
      expect(JSON.stringify(planOf({ ...problem, fleet: problem.fleet.toReversed() }))).toBe(JSON.stringify(plan));
    }
  });

  it("name a reason for each node that stays", () => {
    for (const { seed, problem, plan } of runs) {
      const held = plan.held.reduce((sum, one) => sum + one.nodes, 0);
      expect(held + plan.removals, `seed ${seed}`).toBe(problem.fleet.length);
    }
  });

  it("save more in sum after a longer search", () => {
    let saved = 0;
    let savedAtOnce = 0;
    for (const { problem, plan } of runs.slice(0, 100)) {
      saved += plan.savingMicroUsdPerHour;
      savedAtOnce += planOf({ ...problem, rules: { ...problem.rules, iterations: 0 } }).savingMicroUsdPerHour;
    }
    expect(saved).toBeGreaterThan(savedAtOnce);
  });
});

describe("check-rebalance", () => {
  /** Each breaks one rule of a plan that has something to break; undefined where it has not. */
  const mutations: Record<string, (steps: readonly RebalanceStep[]) => readonly RebalanceStep[] | undefined> = {
    not_empty: (steps) =>
      without(
        steps,
        steps.findLastIndex((one) => one.kind === "move"),
      ),
    unknown: (steps) =>
      without(
        steps,
        steps.findIndex((one) => one.kind === "launch"),
      ),
    not_there: (steps) => {
      const at = steps.findIndex((one) => one.kind === "move");
      return at < 0 ? undefined : [...steps.slice(0, at + 1), steps[at] as RebalanceStep, ...steps.slice(at + 1)];
    },
    not_removed: (steps) => {
      const moved = steps.find((one) => one.kind === "move");
      return (
        moved &&
        without(
          steps,
          steps.findIndex((one) => one.kind === "remove" && one.node === moved.from),
        )
      );
    },
    order: (steps) => (new Set(steps.map((one) => one.round)).size < 2 ? undefined : steps.toReversed()),
    figures: (steps) => {
      const at = steps.findIndex((one) => one.kind === "move");
      return at < 0 ? undefined : steps.map((one, index) => (index === at ? { ...one, costMicroUsd: 1 } : one));
    },
  };

  it.each(Object.entries(mutations))("finds %s in plans that were changed so", (rule, mutate) => {
    let changed = 0;
    for (const { seed, problem, plan } of runs) {
      const steps = mutate(plan.steps);
      if (steps === undefined) continue;
      changed += 1;
      expect(rulesOf(check(problem, { ...plan, steps })), `seed ${seed}`).toContain(rule);
    }
    expect(changed).toBeGreaterThan(10);
  });

  it("finds each move that is sent to another zone or to a node that is closed", () => {
    let changed = 0;
    for (const { seed, problem, plan } of runs) {
      const at = plan.steps.findIndex((one) => one.kind === "move");
      const step = plan.steps[at];
      const source = problem.fleet.find((node) => step?.kind === "move" && node.name === step.from);
      const removed = new Set(plan.actions.flatMap((action) => action.nodes));
      const wrong = problem.fleet.find(
        (node) => (node.zone !== source?.zone || node.closed !== undefined) && !removed.has(node.name),
      );
      if (step?.kind !== "move" || wrong === undefined || wrong === source) continue;
      changed += 1;
      const steps = plan.steps.with(at, { ...step, to: wrong.name });
      const rules = rulesOf(check(problem, { ...plan, steps }));
      expect(rules.includes("zone") || rules.includes("closed_target"), `seed ${seed}`).toBe(true);
    }
    expect(changed).toBeGreaterThan(50);
  });

  it("finds what a change of the fleet or the rules makes wrong", () => {
    const found = new Map<string, number>();
    const expectRule = (rule: string, problem: RandomRebalance, plan: RebalancePlan) => {
      expect(rulesOf(check(problem, plan))).toContain(rule);
      found.set(rule, (found.get(rule) ?? 0) + 1);
    };
    for (const { problem, plan } of runs) {
      const moves = plan.steps.filter((one) => one.kind === "move");
      const [first] = moves;
      const withRules = (rules: Partial<RandomRebalance["rules"]>) => ({
        ...problem,
        rules: { ...problem.rules, ...rules },
      });
      if (plan.removals > 0) {
        expectRule("nodes_per_hour", withRules({ nodesPerZonePerHour: 0 }), plan);
        expectRule("most_hours", withRules({ mostHours: 0 }), plan);
        expectRule("node_left_alone", withRules({ leastNodeMinutes: 1_000_000 }), plan);
      }
      if (plan.launches > 0) {
        const closed = problem.options.map((option) => ({ ...option, closed: "zone_held" }));
        expectRule("option_closed", { ...problem, options: closed }, plan);
      }
      // Before anything was removed that would make room.
      if (plan.steps[0]?.kind === "launch") {
        const full = problem.options.map((option) => ({ ...option, poolRoom: 0 }));
        expectRule("pool_full", { ...problem, options: full }, plan);
        const poor = problem.options.map((option) => ({ ...option, poolSpendRoomMicroUsdPerHour: 0 }));
        expectRule("spend_cap", { ...problem, options: poor }, plan);
      }
      if (first === undefined) continue;
      expectRule("most_moves", withRules({ mostMoves: moves.length - 1 }), plan);
      expectRule("below_threshold", withRules({ leastSavingPerCost: 1e9 }), plan);
      const unwell = [
        { clusterIsGreen: false },
        { hasIndexWithoutReplicas: true },
        { backupIsRunning: true },
        { upgradeIsRunning: true },
        { factsAreUnknown: true as const },
      ];
      for (const condition of unwell) {
        const fleet = problem.fleet.map((node) => ({
          ...node,
          instances: node.instances.map((one) =>
            one.instanceId === first.instanceId ? { ...one, ...condition } : one,
          ),
        }));
        expectRule("unmovable", { ...problem, fleet }, plan);
      }
      const target = problem.fleet.find((node) => node.name === first.to);
      if (target === undefined) continue;
      const change = (over: Partial<typeof target>) => ({
        ...problem,
        fleet: problem.fleet.map((node) => (node === target ? { ...node, ...over } : node)),
      });
      expectRule("capacity", change({ allocatable: { ...target.allocatable, memoryMib: 100 } }), plan);
      expectRule("capacity", change({ allocatable: { ...target.allocatable, pods: 0 } }), plan);
      const moved = problem.fleet.flatMap((node) => node.instances).find((one) => one.instanceId === first.instanceId);
      if (moved === undefined) continue;
      const twin = { ...moved, instanceId: "twin" };
      expectRule("conflict", change({ instances: [...target.instances, twin] }), plan);
      const atOnce = { ...plan, steps: plan.steps.map((step) => ({ ...step, round: 0 })) };
      const clusters = moves.map((one) => one.instanceId.slice(0, one.instanceId.indexOf("-")));
      if (new Set(clusters).size < clusters.length) expectRule("cluster_at_once", problem, atOnce);
    }
    for (const [rule, times] of found) expect(times, rule).toBeGreaterThan(5);
    expect(found.size).toBe(12);
  });
});

function rulesOf(violations: readonly { readonly rule: string }[]): string[] {
  return violations.map((one) => one.rule);
}

function without(steps: readonly RebalanceStep[], at: number): readonly RebalanceStep[] | undefined {
  return at < 0 ? undefined : steps.toSpliced(at, 1);
}

/** The fleet after these steps, as a placement of what has moved: in the eyes of code that knows nothing of rebalancing. */
function placementFaults({ fleet, options, rules }: RandomRebalance, steps: readonly RebalanceStep[]) {
  const targetOf = new Map(
    steps.flatMap((step) => (step.kind === "move" ? [[step.instanceId, step.to] as const] : [])),
  );
  const removed = new Set(steps.flatMap((step) => (step.kind === "remove" ? [step.node] : [])));
  const launched = steps.filter((step) => step.kind === "launch");
  const requests = fleet.flatMap((node) => node.instances).filter((one) => targetOf.has(one.instanceId));
  const nodes = fleet
    .filter((node) => !removed.has(node.name))
    .map((node) => ({ ...node, instances: node.instances.filter((one) => !targetOf.has(one.instanceId)) }));
  const machines = launched.map(({ machine: name, poolId, zone, machineType, priceMicroUsdPerHour }) => {
    const option = options.find((one) => one.poolId === poolId && one.zone === zone && one.machineType === machineType);
    if (option === undefined) throw new Error(`no option ${machineType}`);
    const { allocatable } = option;
    return { name, poolId, zone, machineType, priceMicroUsdPerHour, allocatable, alternatives: [], instances: [] };
  });
  const why = { candidates: [], considered: 0, refusals: [] };
  const assignments = [...targetOf].map(([instanceId, to]): Assignment => {
    const machine = machines.findIndex((one) => one.name === to);
    return machine < 0
      ? { outcome: "placed", instanceId, node: to, ...why }
      : { outcome: "new_machine", instanceId, machine, ...why };
  });
  // Rooms of pools that removals made, and the headroom that was, are check-rebalance's own.
  const pools = (rules.policy.pools ?? []).map(({ headroom: _, ...rest }) => rest);
  const roomy = options.map(({ poolSpendRoomMicroUsdPerHour: _, ...option }) => ({ ...option, poolRoom: 1000 }));
  return checkPlacement(requests, nodes, roomy, { assignments, machines }, { pools });
}
