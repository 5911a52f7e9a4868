import { describe, expect, it } from "vitest";
import type { LaunchOption } from "../types.ts";
import { checkRebalance } from "./check-rebalance.ts";
import { planMoves, STANDARD_REBALANCE } from "./plan-moves.ts";
import type { HeldReason, RebalanceRules, RunningInstance, RunningNode } from "./rebalance-plan.ts";

const NOW = new Date("2026-11-28T12:00:00Z");
const minutesAgo = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);

const instance = (instanceId: string, gib: number, over: Partial<RunningInstance> = {}): RunningInstance => ({
  instanceId,
  clusterId: `cluster of ${instanceId}`,
  organizationId: "o1",
  cpuMilli: gib * 250,
  memoryMib: gib * 1024,
  volumes: 1,
  zone: "a",
  holdsData: true,
  masterEligible: true,
  storedGib: 60,
  clusterIsGreen: true,
  hasIndexWithoutReplicas: false,
  backupIsRunning: false,
  upgradeIsRunning: false,
  ...over,
});
const option = (gib: number, over: Partial<LaunchOption> = {}): LaunchOption => ({
  poolId: "p",
  zone: "a",
  machineType: `m${gib}`,
  priceMicroUsdPerHour: gib * 10_000,
  allocatable: { cpuMilli: gib * 250, memoryMib: gib * 1024, volumes: 20, pods: 16 },
  poolRoom: 100,
  ...over,
});
const node = (
  name: string,
  gib: number,
  instances: RunningInstance[],
  over: Partial<RunningNode> = {},
): RunningNode => ({
  ...option(gib),
  name,
  coming: false,
  readyAt: minutesAgo(60),
  instances,
  ...over,
});

function plan(fleet: readonly RunningNode[], options: readonly LaunchOption[], rules: Partial<RebalanceRules> = {}) {
  const all = { ...STANDARD_REBALANCE, iterations: 50, ...rules };
  const made = planMoves(fleet, options, all, NOW);
  expect(checkRebalance(fleet, options, all, NOW, made)).toEqual([]);
  return made;
}
const words = ({ steps }: ReturnType<typeof plan>) =>
  steps.map((step) => {
    if (step.kind === "move") return `${step.instanceId}: ${step.from} -> ${step.to}`;
    return step.kind === "launch" ? `launch ${step.machine} ${step.machineType}` : `remove ${step.node}`;
  });
const heldFor = (made: ReturnType<typeof plan>, reason: HeldReason) => made.held.find((one) => one.reason === reason);

/** Two half empty nodes: the second has room for what the first holds. */
const twoNodes = (over: Partial<RunningInstance> = {}) => [
  node("n1", 16, [instance("i1", 4, over)]),
  node("n2", 32, [instance("i2", 8), instance("i3", 8)]),
];

describe("a plan of moves", () => {
  it("drains a node into room that there is, and says what that saves, costs and disrupts", () => {
    const made = plan(twoNodes(), []);
    expect(words(made)).toEqual(["i1: n1 -> n2", "remove n1"]);
    // Two minutes for its volume and ten for its 60 GiB.
    const cost = { costMicroUsd: 100_000 + 12 * 10_000, disruptedMinutes: 12 };
    expect(made.actions).toEqual([
      { kind: "drain", nodes: ["n1"], machines: [], moves: 1, savingMicroUsdPerHour: 160_000, ...cost },
    ]);
    expect(made).toMatchObject({ moves: 1, launches: 0, removals: 1, savingMicroUsdPerHour: 160_000, ...cost });
    expect(made.held).toEqual([{ reason: "takes_others", nodes: 1, instances: 2 }]);
  });

  it("replaces a node by a cheaper one where the others are full", () => {
    const made = plan([node("n1", 32, [instance("i1", 8), instance("i2", 6)])], [option(16), option(32)]);
    expect(words(made)).toEqual(["launch machine-0 m16", "i1: n1 -> machine-0", "i2: n1 -> machine-0", "remove n1"]);
    expect(made.actions[0]).toMatchObject({ kind: "downsize", savingMicroUsdPerHour: 160_000 });
  });

  it("removes an empty node without a move", () => {
    expect(words(plan([node("n1", 16, []), node("n2", 16, [instance("i1", 16)])], []))).toEqual(["remove n1"]);
  });

  it("replaces several nodes by one where only together it pays", () => {
    const fleet = ["n1", "n2"].map((name) => node(name, 16, [instance(`i of ${name}`, 12)]));
    const made = plan(fleet, [option(24, { priceMicroUsdPerHour: 170_000 })]);
    expect(made.actions[0]).toMatchObject({ kind: "merge", nodes: ["n1", "n2"], savingMicroUsdPerHour: 150_000 });
  });

  it("replaces a node by two that cost less together", () => {
    const fleet = [node("n1", 64, [instance("i1", 16), instance("i2", 8), instance("i3", 8)])];
    const made = plan(fleet, [option(16), option(64)]);
    expect(made.actions[0]).toMatchObject({ kind: "split", savingMicroUsdPerHour: 320_000 });
    expect(made.launches).toBe(2);
  });

  it.each<[HeldReason, Partial<RunningInstance>]>([
    ["cluster_not_green", { clusterIsGreen: false }],
    ["index_without_replicas", { hasIndexWithoutReplicas: true }],
    ["backup_running", { backupIsRunning: true }],
    ["upgrade_running", { upgradeIsRunning: true }],
    ["facts_unknown", { factsAreUnknown: true }],
  ])("leaves a node for %s", (reason, over) => {
    const made = plan(twoNodes(over), [option(4)]);
    expect(words(made).filter((one) => one.includes("i1"))).toEqual([]);
    expect(heldFor(made, reason)).toEqual({ reason, nodes: 1, instances: 1 });
  });

  it.each<[HeldReason, Partial<RunningNode>]>([
    ["node_young", { readyAt: minutesAgo(19) }],
    ["node_coming", { coming: true }],
    ["node_closed", { closed: "draining" }],
  ])("leaves a node for %s", (reason, over) => {
    const [first, second] = twoNodes() as [RunningNode, RunningNode];
    const made = plan([{ ...first, ...over }, second], []);
    expect(made.steps).toEqual([]);
    expect(heldFor(made, reason)?.nodes).toBe(1);
  });

  it("takes no instance to another zone, and names the volume as the reason", () => {
    const [first, second] = twoNodes() as [RunningNode, RunningNode];
    const others = second.instances.map((one) => ({ ...one, zone: "b" }));
    const made = plan([first, { ...second, zone: "b", instances: others }], []);
    expect(made.steps).toEqual([]);
    expect(heldFor(made, "volume_in_zone")).toEqual({ reason: "volume_in_zone", nodes: 2, instances: 3 });
  });

  it("does nothing where the saving is not more than twice the cost", () => {
    // 160,000 an hour; two minutes more would make it exactly twice as much as the move costs.
    const costs = { ...STANDARD_REBALANCE.costs, restartMicroUsd: 0, minuteMicroUsd: 20_000 / 3 };
    expect(plan(twoNodes(), [], { horizonHours: 1, costs }).steps).toEqual([]);
    expect(plan(twoNodes(), [], { horizonHours: 2, costs }).moves).toBe(1);
    const made = plan(twoNodes(), [], { horizonHours: 1, costs });
    expect(heldFor(made, "below_threshold")?.nodes).toBeGreaterThan(0);
  });

  it("moves no more instances than it may", () => {
    const made = plan(twoNodes(), [], { mostMoves: 0 });
    expect(made.steps).toEqual([]);
    expect(heldFor(made, "most_moves")?.nodes).toBe(2);
  });

  it("empties no more nodes of a zone in an hour than it may, those of the hour before counted", () => {
    const fleet = [1, 2, 3, 4].map((place) => node(`n${place}`, 16, []));
    const rules = { nodesPerZonePerHour: 2, emptiedInLastHour: { a: 1 } };
    const made = plan(fleet, [], rules);
    expect(made.steps.map((step) => step.hour)).toEqual([0, 1, 1, 2]);
    const short = plan(fleet, [], { ...rules, mostHours: 1 });
    expect(short.removals).toBe(1);
    expect(heldFor(short, "nodes_per_hour")?.nodes).toBe(3);
  });

  it("moves two instances of a cluster one after the other", () => {
    const twins = ["i1", "i2"].map((id) => instance(id, 2, { clusterId: "c" }));
    const fleet = [
      node("n1", 16, [twins[0] as RunningInstance]),
      node("n2", 16, [twins[1] as RunningInstance]),
      node("n3", 64, [instance("i3", 40)]),
      node("n4", 64, [instance("i4", 40)]),
    ];
    const made = plan(fleet, []);
    const moves = made.steps.filter((step) => step.kind === "move");
    expect(moves.map((step) => step.round)).toEqual([1, 2]);
    expect(new Set(moves.map((step) => step.to)).size).toBe(2);
  });

  it("keeps the headroom of a pool", () => {
    const headroom = { instances: 3, cpuMilli: 1000, memoryMib: 4096, volumes: 1 };
    const policy = { pools: [{ poolId: "p", headroom: { ...headroom, instances: 5 } }] };
    const made = plan(twoNodes(), [], { policy });
    expect(made.steps).toEqual([]);
    expect(heldFor(made, "headroom")?.nodes).toBeGreaterThan(0);
    expect(plan(twoNodes(), [], { policy: { pools: [{ poolId: "p", headroom }] } }).removals).toBe(1);
  });

  it("keeps a tenant's share", () => {
    const policy = { pools: [{ poolId: "p", tenantSharePercent: 50 }] };
    expect(plan(twoNodes(), [], { policy }).steps).toEqual([]);
  });

  it("leaves machines that a commitment pays for", () => {
    const policy = { marginalPrices: [{ machineType: "m16", microUsdPerHour: 0 }] };
    expect(plan(twoNodes(), [], { policy }).actions.map((one) => one.nodes)).toEqual([]);
  });

  it("launches nothing that its pool has no room or no money for, or that is closed", () => {
    const fleet = [node("n1", 32, [instance("i1", 8)])];
    expect(heldFor(plan(fleet, [option(16, { poolRoom: 0 })]), "pool_full")?.nodes).toBe(1);
    const poor = option(16, { poolSpendRoomMicroUsdPerHour: 100_000 });
    expect(heldFor(plan(fleet, [poor]), "spend_cap")?.nodes).toBe(1);
    expect(heldFor(plan(fleet, [option(16, { closed: "zone_held" })]), "no_room")?.nodes).toBe(1);
  });
});
