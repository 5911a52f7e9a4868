import { seededRandom } from "@berth/domain";
import { describe, expect, it } from "vitest";
import { checkPlacement } from "../check-placement.ts";
import { placeInstances } from "../place.ts";
import { placeOneByOne } from "../testing/place-one-by-one.ts";
import type { FleetPolicy, InstanceRequest, LaunchOption, NodeState } from "../types.ts";
import { openFleet } from "./fleet.ts";

const request = (instanceId: string, over: Partial<InstanceRequest> = {}): InstanceRequest => ({
  instanceId,
  clusterId: `cluster of ${instanceId}`,
  organizationId: "o1",
  cpuMilli: 1000,
  memoryMib: 4096,
  volumes: 1,
  zone: "a",
  holdsData: true,
  masterEligible: true,
  ...over,
});
const option = (cores: number, over: Partial<LaunchOption> = {}): LaunchOption => ({
  poolId: "p",
  zone: "a",
  machineType: `m${cores}`,
  priceMicroUsdPerHour: cores * 50_000,
  allocatable: { cpuMilli: cores * 1000, memoryMib: cores * 4096, volumes: 20, pods: 16 },
  poolRoom: 100,
  ...over,
});
const node = (name: string, cores: number, over: Partial<NodeState> = {}): NodeState => ({
  ...option(cores),
  name,
  coming: false,
  instances: [],
  ...over,
});
const whereabouts = ({ assignments }: ReturnType<typeof placeInstances>) =>
  assignments.map((one) => (one.outcome === "placed" ? one.node : one.outcome));
const rejectionsOf = (plan: ReturnType<typeof placeInstances>, place = 0) =>
  plan.assignments[place]?.candidates.map(({ rejection }) => rejection);

describe("a fleet", () => {
  it("keeps what it chose reserved until it is released", () => {
    const fleet = openFleet([node("n", 2)], []);
    expect(whereabouts(fleet.place([request("i1"), request("i2")]))).toEqual(["n", "n"]);
    expect(whereabouts(fleet.place([request("i3")]))).toEqual(["refused"]);
    fleet.release(["i1"]);
    expect(whereabouts(fleet.place([request("i3")]))).toEqual(["n"]);
    expect(fleet.nodes()[0]?.instances.map((one) => one.instanceId)).toEqual(["i2", "i3"]);
    expect(() => fleet.release(["i1"])).toThrow("no instance i1");
    expect(() => fleet.place([request("i2")])).toThrow("stands on a node already");
  });

  it("sends an instance where it is meant to go, before others that would take the room, and elsewhere where it cannot", () => {
    const nodes = [
      node("n1", 2),
      node("n2", 1),
      node("far", 2, { zone: "b" }),
      node("shut", 2, { closed: "draining" }),
    ];
    const meant = request("i2", { plannedNode: "n2" });
    expect(whereabouts(openFleet(nodes, []).place([request("i1"), meant]))).toEqual(["n1", "n2"]);
    expect(whereabouts(openFleet(nodes, []).place([meant, request("i3", { plannedNode: "n2" })]))).toEqual([
      "n2",
      "n1",
    ]);
    for (const plannedNode of ["far", "shut", "gone"]) {
      expect(
        whereabouts(openFleet([node("n1", 2), ...nodes.slice(2)], []).place([request("i1", { plannedNode })])),
      ).toEqual(["n1"]);
    }
    const plan = openFleet(nodes, []).place([request("i1"), meant]);
    expect(plan.assignments[1]?.candidates.find(({ target }) => target === "n1")?.score).toBeDefined();
    expect(checkPlacement([request("i1"), meant], nodes, [], plan)).toEqual([]);
  });

  it("takes a machine that it planned for a node on its way, and its price for spent", () => {
    const fleet = openFleet([], [option(4, { poolRoom: 1 })]);
    const [machine] = fleet.place([request("i1")]).machines;
    expect(whereabouts(fleet.place([request("i2")]))).toEqual([machine?.name]);
    const late = fleet.place([request("i3", { memoryMib: 16_000 })]);
    expect(rejectionsOf(late)?.at(-1)).toEqual({ kind: "closed", because: "pool_full" });
  });

  it("remembers what was reserved before it was opened", () => {
    const fleet = openFleet([node("n", 2)], []);
    fleet.reserve(request("i1", { memoryMib: 8000 }), "n");
    expect(whereabouts(fleet.place([request("i2")]))).toEqual(["refused"]);
    expect(() => fleet.reserve(request("i3"), "another")).toThrow("no node another");
  });

  it("sends nothing to a node that was closed or has gone", () => {
    const fleet = openFleet([node("n1", 4), node("n2", 4)], []);
    fleet.closeNode("n1", "draining");
    expect(whereabouts(fleet.place([request("i1")]))).toEqual(["n2"]);
    fleet.removeNode("n2");
    expect(whereabouts(fleet.place([request("i2")]))).toEqual(["refused"]);
    fleet.closeNode("n1", undefined);
    fleet.addNode(node("n3", 4));
    expect(whereabouts(fleet.place([request("i1"), request("i2")])).sort()).toEqual(["n1", "n1"]);
  });
});

describe("the choice of a node", () => {
  it("leaves the room that others can use: what has no CPU left takes no memory from one that has", () => {
    // Both hold it; the first has memory beside it that nobody can use without CPU.
    const lopsided = node("z", 8, { instances: [request("r1", { cpuMilli: 7000, memoryMib: 4096 })] });
    const even = node("a", 8, { instances: [request("r2", { cpuMilli: 4000, memoryMib: 16_384 })] });
    const plan = placeInstances([request("i1")], [even, lopsided], [option(8)]);
    expect(whereabouts(plan)).toEqual(["z"]);
  });

  it("comes to machines on their way after nodes, and to nodes marked for drain last, but before a new machine", () => {
    const ready = node("ready", 2);
    const coming = node("coming", 2, { coming: true });
    const marked = node("marked", 2, { markedForDrain: true });
    const all = ["i1", "i2", "i3", "i4", "i5", "i6", "i7"].map((name) => request(name));
    const fleet = openFleet([marked, coming, ready], [option(2)]);
    expect(all.flatMap((one) => whereabouts(fleet.place([one])))).toEqual([
      "ready",
      "ready",
      "coming",
      "coming",
      "marked",
      "marked",
      "new_machine",
    ]);
  });

  it("opens a machine for what is likely to come where much runs, and for what waits where nothing does", () => {
    const options = [option(2, { priceMicroUsdPerHour: 110_000 }), option(16)];
    const running = Array.from({ length: 40 }, (_, index) =>
      node(`n${index}`, 8, { instances: Array.from({ length: 8 }, (_, place) => request(`r${index}/${place}`)) }),
    );
    const typeFor = (nodes: readonly NodeState[], policy?: FleetPolicy) =>
      placeInstances([request("i1")], nodes, options, policy).machines[0]?.machineType;
    expect(typeFor([])).toBe("m2");
    expect(typeFor(running)).toBe("m16");
    expect(typeFor(running, { growthPercent: 0 })).toBe("m2");
  });

  it("prefers a node that a commitment pays for", () => {
    const nodes = [node("a", 8), node("z", 8, { machineType: "paid" })];
    const marginalPrices = [{ machineType: "paid", microUsdPerHour: 0 }];
    expect(whereabouts(placeInstances([request("i1")], nodes, []))).toEqual(["a"]);
    expect(whereabouts(placeInstances([request("i1")], nodes, [], { marginalPrices }))).toEqual(["z"]);
  });

  it("takes the type whose commitment is paid for, though its list price is higher", () => {
    const options = [option(4), option(4, { machineType: "paid", priceMicroUsdPerHour: 300_000 })];
    const marginalPrices = [{ machineType: "paid", microUsdPerHour: 10_000 }];
    expect(placeInstances([request("i1")], [], options).machines[0]?.machineType).toBe("m4");
    const plan = placeInstances([request("i1")], [], options, { marginalPrices });
    expect(plan.machines[0]).toMatchObject({ machineType: "paid", priceMicroUsdPerHour: 300_000 });
  });
});

describe("a policy", () => {
  const ofPool = (rules: Omit<NonNullable<FleetPolicy["pools"]>[number], "poolId">): FleetPolicy => ({
    pools: [{ poolId: "p", ...rules }],
  });
  const rulesBroken = (...args: Parameters<typeof checkPlacement>) => checkPlacement(...args).map(({ rule }) => rule);

  it("of tenant share spreads an organization over nodes; others are not held back by it", () => {
    const policy = ofPool({ tenantSharePercent: 50 });
    const mine = ["i1", "i2", "i3", "i4"].map((name) => request(name));
    const nodes = [node("n1", 8), node("n2", 8)];
    const plan = placeInstances(mine, nodes, [], policy);
    expect(whereabouts(plan).sort()).toEqual(["n1", "n1", "n2", "n2"]);
    const packed = placeInstances(mine, nodes, []);
    expect(rulesBroken(mine, nodes, [], packed, policy)).toEqual(["tenant_share"]);
    const one = placeInstances(mine.slice(0, 3), [node("n1", 8)], [], policy);
    expect(rejectionsOf(one, 2)).toEqual([{ kind: "tenant_share", held: 1, limit: 1 }]);
    expect(one.assignments[2]?.refusals).toEqual([{ reason: "tenant_share", count: 1 }]);
  });

  it("of headroom has new work leave room for phantoms, on a new machine if need be", () => {
    const policy = ofPool({ headroom: { instances: 2, cpuMilli: 1000, memoryMib: 4096, volumes: 1 } });
    const nodes = [node("n1", 3)];
    expect(whereabouts(placeInstances([request("i1")], nodes, [], policy))).toEqual(["n1"]);
    const both = [request("i1"), request("i2")];
    const tight = placeInstances(both, nodes, [], policy);
    expect(whereabouts(tight)).toEqual(["n1", "refused"]);
    expect(rejectionsOf(tight, 1)).toEqual([{ kind: "headroom", left: 1, wanted: 2 }]);
    expect(whereabouts(placeInstances(both, nodes, [option(2)], policy))).toEqual(["n1", "new_machine"]);
    expect(rulesBroken(both, nodes, [], placeInstances(both, nodes, []), policy)).toEqual(["headroom"]);
  });

  it("of headroom lets what was refused have the room that a machine planned after it keeps instead", () => {
    const policy = ofPool({ headroom: { instances: 1, cpuMilli: 1000, memoryMib: 4096, volumes: 0 } });
    const nodes = [node("n1", 4, { allocatable: { cpuMilli: 4000, memoryMib: 16_384, volumes: 1, pods: 16 } })];
    const large = request("large", { cpuMilli: 4000, memoryMib: 16_384 });
    const small = request("small", { volumes: 2 });
    expect(whereabouts(placeInstances([large], nodes, [option(2)], policy))).toEqual(["refused"]);
    const plan = placeInstances([large, small], nodes, [option(2)], policy);
    expect(whereabouts(plan)).toEqual(["n1", "new_machine"]);
    expect(rulesBroken([large, small], nodes, [option(2)], plan, policy)).toEqual([]);
  });

  it("of spend plans no machine beyond it, nor one that could fall back on a dearer type beyond it", () => {
    const options = [2, 4].map((cores) => option(cores, { poolSpendRoomMicroUsdPerHour: 250_000 }));
    const three = ["i1", "i2", "i3"].map((name) => request(name, { clusterId: "c", memoryMib: 8000 }));
    const plan = placeInstances(three, [], options);
    expect(plan.machines.map(({ machineType }) => machineType)).toEqual(["m2", "m2"]);
    expect(plan.machines.map(({ alternatives }) => alternatives)).toEqual([[], []]);
    expect(rejectionsOf(plan, 2)?.at(-1)).toEqual({ kind: "closed", because: "spend_cap" });
    expect(rulesBroken(three, [], options, plan)).toEqual([]);
    const free = options.map(({ poolSpendRoomMicroUsdPerHour: _, ...one }) => one);
    expect(rulesBroken(three, [], options, placeInstances(three, [], free))).toEqual(["spend_cap"]);
  });

  it("of zones launches nothing where one is held", () => {
    const held = [option(4, { closed: "zone_held" })];
    const plan = placeInstances([request("i1")], [], held);
    expect(rejectionsOf(plan)).toEqual([{ kind: "closed", because: "zone_held" }]);
    const launched = placeInstances([request("i1")], [], [option(4)]);
    expect(rulesBroken([request("i1")], [], held, launched)).toEqual(["option_closed"]);
  });
});

describe("an explanation", () => {
  const fleetOf = (nodes: number, full: number) =>
    Array.from({ length: nodes }, (_, index) =>
      node(`n${String(index).padStart(4, "0")}`, index < full ? 0 : 4 + (index % 3)),
    );

  it("counts of each what refused it, whatever refused others after it", () => {
    const large = request("i1", { memoryMib: 100_000 });
    const plan = placeInstances([large, request("i2", { cpuMilli: 100_000 })], [], [option(2), option(4)]);
    expect(plan.assignments.map(({ refusals }) => refusals)).toEqual([
      [{ reason: "no_room", dimension: "memory", count: 2 }],
      [{ reason: "no_room", dimension: "cpu", count: 2 }],
    ]);
  });

  it("lists up to 200 nodes each", () => {
    const [assignment] = placeInstances([request("i1")], fleetOf(200, 150), []).assignments;
    expect(assignment?.candidates).toHaveLength(200);
    expect(assignment).toMatchObject({
      considered: 200,
      refusals: [{ reason: "no_room", dimension: "memory", count: 150 }],
    });
  });

  it("lists of more nodes the chosen and the best, and of each reason a few, and counts all", () => {
    const nodes = fleetOf(1000, 600);
    const closed = nodes.map((one, index) => (index % 10 === 0 ? { ...one, closed: "draining" } : one));
    const [assignment] = placeInstances([request("i1")], closed, []).assignments;
    const possible = assignment?.candidates.filter(({ rejection }) => rejection === undefined) ?? [];
    expect(possible).toHaveLength(20);
    expect(possible[0]?.target).toBe(assignment?.outcome === "placed" ? assignment.node : "");
    expect(possible.map(({ score }) => score)).toEqual(possible.map(({ score }) => score ?? 0).sort((a, b) => a - b));
    expect(assignment?.candidates).toHaveLength(20 + 3 + 3);
    expect(assignment).toMatchObject({
      considered: 1000,
      refusals: [
        { reason: "no_room", dimension: "memory", count: 540 },
        { reason: "draining", count: 100 },
      ],
    });
  });

  it("of a new machine has every type, each with what it would cost for what it holds", () => {
    const [assignment] = placeInstances([request("i1")], [node("n", 0)], [option(2), option(8)]).assignments;
    expect(assignment).toMatchObject({ outcome: "new_machine", considered: 3 });
    const [small, large] = assignment?.candidates.slice(1) ?? [];
    expect(small?.score).toBeLessThan(large?.score ?? 0);
  });

  it("is left out where nobody asks for it", () => {
    const [assignment] = placeInstances([request("i1")], [node("n", 4)], [], { explains: false }).assignments;
    expect(assignment).toEqual({
      outcome: "placed",
      instanceId: "i1",
      node: "n",
      candidates: [],
      considered: 0,
      refusals: [],
    });
  });
});

describe("the price of a plan", () => {
  const costOf = ({ machines }: ReturnType<typeof placeInstances>) =>
    machines.reduce((sum, { priceMicroUsdPerHour }) => sum + priceMicroUsdPerHour, 0);

  it("is on average no higher than when each instance takes the fullest node, one by one", () => {
    const options = [2, 4, 8, 16].flatMap((cores) => [
      option(cores),
      option(cores, {
        machineType: `r${cores}`,
        priceMicroUsdPerHour: cores * 66_000,
        allocatable: { cpuMilli: cores * 1000, memoryMib: cores * 8192, volumes: 20, pods: 16 },
      }),
    ]);
    for (const clusters of [1, 5, 40]) {
      let ours = 0;
      let theirs = 0;
      for (let seed = 1; seed <= 60; seed++) {
        const random = seededRandom(seed);
        const batch = Array.from({ length: clusters }, (_, cluster) => {
          const gib = random.pick([1, 2, 2, 4, 4, 8, 16]);
          const size = { cpuMilli: (gib * 1000) / random.pick([4, 8]), memoryMib: gib * 1024 };
          return Array.from({ length: random.pick([1, 1, 2, 3]) }, (_, index) =>
            request(`${cluster}/${index}`, { clusterId: `c${cluster}`, ...size }),
          );
        }).flat();
        ours += costOf(placeInstances(batch, [], options, { explains: false }));
        theirs += costOf(placeOneByOne(batch, [], options));
      }
      expect(ours, `${clusters} clusters at once`).toBeLessThanOrEqual(theirs);
    }
  });
});
