import type { KubeRecord, RebalanceCluster, RebalancePlanRecord, RebalanceRecord } from "@berth/db";
import { idFromUuid, LABELS, nodeNameOf } from "@berth/domain";
import { type LaunchOption, type NodeState, planMoves, type RebalancePlan, STANDARD_REBALANCE } from "@berth/packing";
import type { Pod } from "@berth/ports";
import { describe, expect, it } from "vitest";
import { poolCase, type SeenKube } from "./look.ts";
import { progressOf } from "./progress.ts";

const NOW = new Date("2026-11-28T12:00:00Z");
const EARLIER = new Date("2026-11-28T10:00:00Z");
const PRICE = 100_000;
const room = { cpuMilli: 4000, memoryMib: 16_000, volumes: 20, pods: 4 };
const request = (n: number) => ({
  instanceId: `ins_${n}`,
  clusterId: `cl_${n}`,
  organizationId: "org_1",
  cpuMilli: 1000,
  memoryMib: 4000,
  volumes: 1,
  zone: "a",
  holdsData: true,
  masterEligible: true,
});
const node = (name: string, ...instances: ReturnType<typeof request>[]): NodeState => ({
  name,
  poolId: "pool_1",
  zone: "a",
  machineType: "m7i.xlarge",
  priceMicroUsdPerHour: PRICE,
  allocatable: room,
  coming: false,
  instances,
});
const podNamed = (
  n: number,
  nodeName: string | undefined,
  uid: string,
  over: { gone?: true; ready?: false } = {},
): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: `data-${n}`,
    namespace: `ns-${n}`,
    uid,
    labels: { [LABELS.cluster]: `cl_${n}` },
    ...(over.gone ? { deletionTimestamp: NOW.toISOString() } : {}),
  },
  spec: { containers: [], ...(nodeName === undefined ? {} : { nodeName }) },
  status: { phase: "Running", conditions: [{ type: "Ready", status: over.ready === false ? "False" : "True" }] },
});
const cluster = (n: number, over: Partial<RebalanceCluster> = {}) =>
  ({
    id: `cl_${n}`,
    state: "running",
    health: "green",
    isBusy: false,
    instances: [{ id: `ins_${n}`, podName: `data-${n}`, state: "running", storageMib: 1024 }],
    ...over,
  }) as unknown as RebalanceCluster;

interface World {
  readonly nodes?: readonly NodeState[];
  readonly pods?: readonly Pod[];
  readonly clusters?: readonly RebalanceCluster[];
  readonly machines?: KubeRecord["machines"];
  readonly options?: readonly LaunchOption[];
  readonly plans?: readonly RebalancePlanRecord[];
}
const machineOf = (nodeName: string, state = "ready") =>
  ({ machineId: nodeName, nodeName, poolId: "pool_1", state }) as unknown as KubeRecord["machines"][number];
function see(world: World): SeenKube {
  const nodes = world.nodes ?? [node("n1", request(1)), node("n2", request(2), request(3))];
  return {
    now: NOW,
    pods: world.pods ?? [podNamed(1, "n1", "u1"), podNamed(2, "n2", "u2"), podNamed(3, "n2", "u3")],
    record: {
      kube: { id: "kub_1", machines: world.machines ?? nodes.map(({ name }) => machineOf(name)) },
      clusters: world.clusters ?? [cluster(1), cluster(2), cluster(3)],
      readyAt: new Map(nodes.map(({ name }) => [name, EARLIER])),
      emptiedInLastHour: {},
      plans: world.plans ?? [],
    } as unknown as RebalanceRecord,
    problem: { nodes, options: world.options ?? [], policy: {} } as unknown as SeenKube["problem"],
  };
}

function planFor(world: World): RebalancePlanRecord {
  const seen = see(world);
  const { fleet, options } = poolCase(seen, "pool_1" as never, undefined);
  const { steps, actions, held, hours } = planMoves(fleet, options, STANDARD_REBALANCE, NOW);
  return {
    id: "rbp_1",
    poolId: "pool_1",
    state: "running",
    hours,
    plan: { steps, actions, held },
    machines: {},
    waitingFor: [],
    startedAt: NOW,
    moves: steps.flatMap((step, index) =>
      step.kind === "move"
        ? [
            {
              step: index,
              instanceId: step.instanceId,
              clusterId: step.instanceId.replace("ins", "cl"),
              fromNode: step.from,
              toNode: step.to,
              state: "planned",
              podUid: undefined,
              startedAt: undefined,
            },
          ]
        : [],
    ),
  } as unknown as RebalancePlanRecord;
}
const plan = planFor({});
const [onlyMove] = plan.moves;
const moved = (over: object): RebalancePlanRecord => ({ ...plan, moves: [{ ...onlyMove, ...over }] as never });
const moving = moved({ state: "moving", podUid: "u1", startedAt: NOW });
const progress = (world: World, of = plan, settled: string[] = []) =>
  progressOf(see({ ...world, plans: [of] }), of, new Set(settled), []);
const seenOf = (world: World, of: RebalancePlanRecord, settled: string[] = []) =>
  progress(world, of, settled).steps.flatMap((step) => (step.kind === "move" ? [step.seen] : []));
const others = [podNamed(2, "n2", "u2"), podNamed(3, "n2", "u3")];

describe("how far a plan has come", () => {
  it("a plan on the fleet that it was made for: one move and one removal, and it fits", () => {
    expect(progress({})).toMatchObject({
      misfit: undefined,
      steps: [
        { kind: "move", instanceId: "ins_1", state: "planned", seen: "as_was" },
        { kind: "remove", node: "n1", isThere: true },
      ],
    });
  });

  it.each<[string, readonly Pod[], readonly string[], string]>([
    ["its pod of before runs on", [podNamed(1, "n1", "u1"), ...others], [], "as_was"],
    ["its pod of before ends", [podNamed(1, "n1", "u1", { gone: true }), ...others], [], "away"],
    ["there is no pod", others, [], "away"],
    ["the new pod is on no node yet", [podNamed(1, undefined, "u9"), ...others], [], "away"],
    ["the new pod is not ready yet", [podNamed(1, "n2", "u9", { ready: false }), ...others], [], "away"],
    ["the new pod is ready, and its cluster not green", [podNamed(1, "n2", "u9"), ...others], [], "away"],
    ["the new pod is ready and its cluster green", [podNamed(1, "n2", "u9"), ...others], ["cl_1"], "arrived"],
    ["the new pod is ready on another node", [podNamed(1, "n3", "u9"), ...others], ["cl_1"], "elsewhere"],
  ])("an instance on its way of which %s is seen so", (_, pods, settled, seen) => {
    expect(seenOf({ pods }, moving, [...settled])).toEqual([seen]);
  });

  it("an instance of a cluster that is being deleted, or is not there, is wanted no more", () => {
    const clusters = [cluster(2), cluster(3)];
    expect(seenOf({ clusters }, moving)).toEqual(["gone"]);
    expect(seenOf({ clusters: [cluster(1, { state: "deleting" }), ...clusters] }, plan)).toEqual(["gone"]);
  });

  it("fits while its instance weighs on both nodes, and while its cluster is not green: that is waited for", () => {
    const both = [node("n1", request(1)), node("n2", request(1), request(2), request(3))];
    expect(progress({ nodes: both }, moving).misfit).toBeUndefined();
    expect(progress({ clusters: [cluster(1, { health: "yellow" }), cluster(2), cluster(3)] }).misfit).toBeUndefined();
  });

  it("fits no more when the room that it counts on is taken, its source has got another, or its instance stands elsewhere", () => {
    const full = [node("n1", request(1)), node("n2", request(2), request(3), request(4), request(5))];
    expect(progress({ nodes: full }).misfit).toMatch(/^capacity: n2/);
    const more = [node("n1", request(1), request(4)), node("n2", request(2), request(3))];
    expect(progress({ nodes: more }).misfit).toMatch(/^not_empty: n1/);
    const elsewhere = [node("n1"), node("n2", request(2), request(3)), node("n3", request(1))];
    expect(progress({ nodes: elsewhere }).misfit).toMatch(/^not_there/);
    const shut = [node("n1", request(1)), { ...node("n2", request(2), request(3)), closed: "not_ready" }];
    expect(progress({ nodes: shut }).misfit).toMatch(/^closed_target: n2/);
  });

  it("a node that is empty and on its way out is no misfit, and is there until its machine is being ended", () => {
    const done = moved({ state: "moved", podUid: "u1" });
    const nodes = [{ ...node("n1"), closed: "draining" }, node("n2", request(1), request(2), request(3))];
    const draining = progress({ nodes, machines: [machineOf("n1", "draining"), machineOf("n2")] }, done);
    expect(draining).toMatchObject({ misfit: undefined, steps: [{}, { kind: "remove", isThere: true }] });
    const ended = progress({ nodes, machines: [machineOf("n1", "terminating"), machineOf("n2")] }, done);
    expect(ended.steps[1]).toMatchObject({ isThere: false });
  });
});

describe("a plan that launches a machine", () => {
  const cheap: LaunchOption = {
    poolId: "pool_1",
    zone: "a",
    machineType: "m7i.large",
    priceMicroUsdPerHour: PRICE / 4,
    allocatable: { cpuMilli: 1500, memoryMib: 6000, volumes: 20, pods: 4 },
    poolRoom: 5,
  };
  const world = {
    nodes: [node("n1", request(1))],
    options: [cheap],
    pods: [podNamed(1, "n1", "u1")],
    clusters: [cluster(1)],
  };
  const made = planFor(world);
  const machineId = idFromUuid("machine", "7".padStart(32, "0"));
  const name =
    (made.plan as RebalancePlan).steps.flatMap((step) => (step.kind === "launch" ? [step.machine] : []))[0] ?? "";
  const launched = {
    ...made,
    machines: { [name]: machineId },
    moves: made.moves.map((move) => ({ ...move, toNode: nodeNameOf(machineId) })),
  };
  const target = (over: Partial<NodeState>): NodeState => ({
    ...cheap,
    name: nodeNameOf(machineId),
    coming: false,
    instances: [],
    ...over,
  });
  const withTarget = (state: string, over: Partial<NodeState>) =>
    progress(
      {
        ...world,
        nodes: [...world.nodes, target(over)],
        machines: [machineOf("n1"), machineOf(nodeNameOf(machineId), state)],
      },
      launched,
    );

  it("has it missing until it is made, coming until its node is open, and fits all that time", () => {
    expect(progress(world, made)).toMatchObject({ misfit: undefined, steps: [{ machineState: "missing" }, {}, {}] });
    expect(withTarget("booting", { coming: true })).toMatchObject({
      misfit: undefined,
      steps: [{ machineState: "coming" }, {}, {}],
    });
    expect(withTarget("booting", { closed: "not_ready" })).toMatchObject({
      misfit: undefined,
      steps: [{ machineState: "coming" }, {}, {}],
    });
    expect(withTarget("ready", {})).toMatchObject({ misfit: undefined, steps: [{ machineState: "ready" }, {}, {}] });
  });

  it("has it gone when its machine is", () => {
    const gone = progress({ ...world, machines: [machineOf("n1")] }, launched);
    expect(gone.steps[0]).toMatchObject({ machineState: "gone" });
  });

  it("fits no more when its machine type cannot be launched", () => {
    const shut = { ...world, options: [{ ...cheap, closed: "insufficient_capacity" }] };
    expect(progress(shut, made).misfit).toMatch(/^option_closed/);
  });
});
