import {
  type ClusterId,
  type InstanceId,
  idFromUuid,
  LABELS,
  type OrganizationId,
  SCHEDULING_GATE,
} from "@berth/domain";
import type { Node, Pod } from "@berth/ports";
import { describe, expect, it } from "vitest";
import { gatePatch } from "./gate-patch.ts";
import { type PlacementObservation, placementProblem } from "./problem.ts";

const NOW = new Date("2026-11-24T12:00:00Z");
const NOTHING_COMMITTED = { region: "eu-1", commitments: [], running: [], rateBooks: [] };
const cluster = idFromUuid("cluster", "1".padStart(32, "0")) as ClusterId;
const instance = idFromUuid("instance", "2".padStart(32, "0")) as InstanceId;

const pod = (over: { spec?: Partial<Pod["spec"]>; status?: Pod["status"] } = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "data-0",
    namespace: "cl-x",
    uid: "u",
    resourceVersion: "7",
    labels: { [LABELS.cluster]: cluster },
  },
  spec: { containers: [], ...over.spec },
  ...(over.status === undefined ? {} : { status: over.status }),
});
const sentTo = (node: string): Partial<Pod["spec"]> => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] }],
      },
    },
  },
});
const node = (name: string, ready = true): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels: { [LABELS.zone]: "a" } },
  status: {
    allocatable: { cpu: "2", memory: "8Gi", pods: "22" },
    conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: "2026-11-24T11:00:00Z" }],
  },
});
const machine = (state: string) => ({
  machineId: "mac_1",
  nodeName: "mac-1",
  poolId: "p",
  zone: "a",
  machineType: "m7i.large",
  priceMicroUsdPerHour: 100_800,
  allocatable: { cpuMilli: 1500, memoryMib: 6000, volumes: 30, pods: 16 },
  state,
});
const seen = (over: Partial<PlacementObservation> = {}): PlacementObservation => ({
  now: NOW,
  isStatic: false,
  lost: [],
  missing: new Set(),
  committed: NOTHING_COMMITTED,
  nodes: [node("mac-1")],
  pods: [],
  otherPods: [],
  instances: new Map([
    [
      `${cluster}/data-0`,
      {
        instanceId: instance,
        clusterId: cluster,
        organizationId: "org_1" as OrganizationId,
        podName: "data-0",
        zone: "a",
        cpuMilli: 250,
        memoryMib: 1024,
        holdsData: true,
        masterEligible: true,
        leaving: false,
      },
    ],
  ]),
  machines: [machine("ready")],
  pools: [{ poolId: "p", zones: ["a"], machineTypes: ["m7i.large"], instancesPerMachine: 16, maxMachines: 2 }],
  offerings: [
    {
      zone: "a",
      machineType: "m7i.large",
      priceMicroUsdPerHour: 100_800,
      vcpu: 2,
      memoryMib: 8192,
      ebsVolumeLimit: 32,
      ebsVolumeLimitType: "dedicated",
      unavailableUntil: null,
    },
  ],
  observed: [],
  fruitless: new Map(),
  moving: new Map(),
  emptying: new Set(),
  poolsChangedAt: { p: "2026-11-24T08:00:00Z" },
  guards: [],
  ...over,
});

describe("placementProblem", () => {
  const twoNodes = {
    nodes: [node("mac-1"), node("mac-2")],
    machines: [machine("ready"), { ...machine("ready"), nodeName: "mac-2" }],
  };
  const bound = { ...pod({ spec: { nodeName: "mac-1" } }) };
  const instancesOf = (problem: ReturnType<typeof placementProblem>) =>
    problem.nodes.map(({ name, instances }) => [name, instances.length]);

  it("counts an instance that a plan is moving on both its nodes until it is sent, and then on the one", () => {
    const moving = new Map([[instance, "mac-2"]]);
    const before = placementProblem(seen({ ...twoNodes, moving, pods: [bound] }));
    expect(instancesOf(before)).toEqual([
      ["mac-1", 1],
      ["mac-2", 1],
    ]);
    const gone = placementProblem(seen({ ...twoNodes, moving }));
    expect(instancesOf(gone)).toEqual([
      ["mac-1", 0],
      ["mac-2", 1],
    ]);
    const sent = placementProblem(seen({ ...twoNodes, moving, pods: [pod({ spec: sentTo("mac-2") })] }));
    expect(instancesOf(sent)).toEqual([
      ["mac-1", 0],
      ["mac-2", 1],
    ]);
  });

  it("asks for a moving instance's place where its plan reserved it, and counts it nowhere beside that", () => {
    const gatedPod = pod({ spec: { schedulingGates: [{ name: SCHEDULING_GATE }] } });
    const problem = placementProblem(seen({ ...twoNodes, moving: new Map([[instance, "mac-2"]]), pods: [gatedPod] }));
    expect(problem.requests).toMatchObject([{ instanceId: instance, plannedNode: "mac-2" }]);
    expect(instancesOf(problem)).toEqual([
      ["mac-1", 0],
      ["mac-2", 0],
    ]);
  });

  it("lets nothing new go to a node that a plan is emptying", () => {
    const { nodes } = placementProblem(seen({ ...twoNodes, emptying: new Set(["mac-1"]) }));
    expect(nodes.map(({ closed }) => closed)).toEqual(["rebalancing", undefined]);
  });

  it("a machine that is reserved and idle costs what it really costs, and nothing does where none is", () => {
    const offerings = [
      {
        zone: "a",
        machineType: "m7i.large",
        priceMicroUsdPerHour: 100_800,
        vcpu: 2,
        memoryMib: 8192,
        ebsVolumeLimit: 32,
        ebsVolumeLimitType: "dedicated",
        unavailableUntil: null,
      },
    ];
    const commitments = [
      {
        id: "cmt_1",
        kind: "reserved_instances",
        region: "eu-1",
        zone: null,
        machineType: "m7i.xlarge",
        family: null,
        offeringClass: "standard",
        term: "1y",
        paymentOption: "no_upfront",
        count: 1,
        upfrontMicroUsd: 0,
        hourlyMicroUsd: 127_000,
        commitmentMicroUsdPerHour: null,
        account: null,
        externalId: null,
        startsAt: new Date(NOW.getTime() - 3_600_000),
        endsAt: new Date(NOW.getTime() + 3_600_000),
      } as const,
    ];
    const committed = { ...NOTHING_COMMITTED, commitments };
    expect(placementProblem(seen({ offerings })).policy.marginalPrices).toBeUndefined();
    expect(placementProblem(seen({ offerings, committed })).policy.marginalPrices).toEqual([
      { machineType: "m7i.large", microUsdPerHour: 1 },
    ]);
  });

  it("packs gated pods, and counts on a node what was sent there but is not bound yet", () => {
    expect(
      placementProblem(seen({ pods: [pod({ spec: { schedulingGates: [{ name: SCHEDULING_GATE }] } })] })).requests,
    ).toHaveLength(1);
    const sent = placementProblem(seen({ pods: [pod({ spec: sentTo("mac-1") })] }));
    expect(sent.requests).toHaveLength(0);
    expect(sent.nodes[0]?.instances).toHaveLength(1);
    expect(sent.underWay).toBe(1);
  });

  it("takes daemons' requests off what a node offers, and caps instances by the pool", () => {
    const daemon: Pod = {
      ...pod(),
      spec: {
        nodeName: "mac-1",
        containers: [{ name: "d", resources: { requests: { cpu: "300m", memory: "600Mi" } } }],
      },
    };
    expect(placementProblem(seen({ otherPods: [daemon] })).nodes[0]?.allocatable).toEqual({
      cpuMilli: 1700,
      memoryMib: 7592,
      volumes: 30,
      pods: 16,
    });
  });

  it("closes nodes that are not ready, cordoned or draining, and leaves nodes of others alone", () => {
    expect(placementProblem(seen({ nodes: [node("mac-1", false)] })).nodes[0]?.closed).toBe("not_ready");
    expect(placementProblem(seen({ machines: [machine("draining")] })).nodes[0]?.closed).toBe("draining");
    expect(placementProblem(seen({ nodes: [node("somebody-elses")] })).nodes).toHaveLength(0);
  });

  it("takes a machine on its way as a node", () => {
    const coming = placementProblem(seen({ nodes: [], machines: [machine("booting")] }));
    expect(coming.nodes).toMatchObject([{ name: "mac-1", coming: true }]);
  });

  it("finds pods whose machine is gone, and pods that kube-scheduler refuses on a ready node", () => {
    const gone = placementProblem(
      seen({ nodes: [], machines: [machine("terminating")], pods: [pod({ spec: sentTo("mac-1") })] }),
    );
    expect(gone.stuck.map((one) => one.because)).toEqual(["machine_gone"]);
    for (const state of ["ready", "draining"]) {
      const nodeless = { nodes: [], machines: [machine(state)], pods: [pod({ spec: sentTo("mac-1") })] };
      expect(placementProblem(seen(nodeless)).stuck.map((one) => one.because)).toEqual(["machine_gone"]);
    }
    const coming = { nodes: [], machines: [machine("booting")], pods: [pod({ spec: sentTo("mac-1") })] };
    expect(placementProblem(seen(coming)).underWay).toBe(1);
    const refusal = {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message: "no",
      lastTransitionTime: "2026-11-24T11:30:00Z",
    } as const;
    const refused = placementProblem(
      seen({ pods: [pod({ spec: sentTo("mac-1"), status: { conditions: [refusal] } })] }),
    );
    expect(refused.stuck).toMatchObject([{ because: "refused_by_scheduler", detail: "no" }]);
    const fresh = { ...refusal, lastTransitionTime: "2026-11-24T11:59:58Z" };
    expect(
      placementProblem(seen({ pods: [pod({ spec: sentTo("mac-1"), status: { conditions: [fresh] } })] })).underWay,
    ).toBe(1);
  });

  it("takes back what was sent to a node that fell silent before it got there, not while the machine boots", () => {
    const sent = { nodes: [node("mac-1", false)], pods: [pod({ spec: sentTo("mac-1") })] };
    expect(placementProblem(seen(sent)).stuck).toMatchObject([{ because: "node_not_ready", detail: "mac-1" }]);
    expect(placementProblem(seen({ ...sent, now: new Date("2026-11-24T11:00:30Z") })).stuck).toEqual([]);
    expect(placementProblem(seen({ ...sent, machines: [machine("booting")] })).stuck).toEqual([]);
  });

  it("places nothing of a cluster that is being deleted, and counts what still stands", () => {
    const instances = new Map([...seen().instances].map(([key, one]) => [key, { ...one, leaving: true }]));
    const gated = pod({ spec: { schedulingGates: [{ name: SCHEDULING_GATE }] } });
    expect(placementProblem(seen({ instances, pods: [gated] })).requests).toEqual([]);
    const bound = placementProblem(seen({ instances, pods: [pod({ spec: { nodeName: "mac-1" } })] }));
    expect(bound.nodes[0]?.instances).toHaveLength(1);
  });

  it("knows the nodes of a static kube that have no row yet, but for closed ones and those without a zone", () => {
    const zoneless = { ...node("no-zone"), metadata: { name: "no-zone" } };
    const nodes = [node("mac-1"), node("rack-1"), node("rack-2", false), zoneless];
    const fixed = placementProblem(seen({ isStatic: true, nodes }));
    expect(fixed.brought).toMatchObject([{ name: "rack-1", poolId: "p", zone: "a", machineType: "unknown" }]);
    expect(placementProblem(seen({ nodes })).brought).toEqual([]);
  });

  it("launches no machine for an instance that three in a row did nothing for", () => {
    const gated = [pod({ spec: { schedulingGates: [{ name: SCHEDULING_GATE }] } })];
    const after = (launches: number) =>
      placementProblem(seen({ pods: gated, fruitless: new Map([[instance, { launches, lastAt: NOW }]]) }));
    expect(after(2).requests[0]?.launchClosed).toBeUndefined();
    const quarantined = after(3);
    expect(quarantined.requests[0]?.launchClosed).toBe("launch_quarantined");
    expect(quarantined.quarantines.get(instance)?.until).toEqual(new Date("2026-11-24T13:00:00Z"));
  });

  it("takes what was observed of a machine type for what it offers", () => {
    const observed = [{ poolId: "p", machineType: "m7i.large", cpuMilli: 1700, memoryMib: 5555 }];
    expect(placementProblem(seen({ observed })).options[0]?.allocatable).toMatchObject({
      memoryMib: 5555,
      volumes: 31,
    });
  });

  it("goes by the pool's policy: its share, its headroom, its held zones, and what it may still spend", () => {
    const headroom = { instances: 2, cpuMilli: 500, memoryMib: 2048, volumes: 1 };
    const policy = { tenantSharePercent: 40, headroom, spendCapMicroUsdPerHour: 250_000, heldZones: ["a"] };
    const pools = seen({}).pools.map((pool) => ({ ...pool, ...policy }));
    const problem = placementProblem(seen({ pools }));
    expect(problem.policy.pools).toMatchObject([{ tenantSharePercent: 40, headroom }]);
    const [running] = seen({}).machines;
    expect(problem.options).toMatchObject([
      { closed: "zone_held", poolSpendRoomMicroUsdPerHour: 250_000 - (running?.priceMicroUsdPerHour ?? 0) },
    ]);
  });

  it("offers no launch in a zone that just lost its nodes", () => {
    const guards = [{ name: "zone_held", subject: "p/a", since: "2026-11-24T11:50:00Z", hint: "two nodes" }];
    const problem = placementProblem(seen({ guards }));
    expect(problem.options).toMatchObject([{ closed: "zone_held" }]);
    expect(problem.heldZones).toMatchObject([{ poolId: "p", zone: "a" }]);
    expect(problem.policy.pools?.[0]).not.toHaveProperty("heldZones", ["a"]);
  });

  it("offers no launch when the pool is full or the offering lacked capacity", () => {
    expect(
      placementProblem(seen({ machines: [machine("ready"), { ...machine("booting"), nodeName: "mac-2" }] })).options[0]
        ?.closed,
    ).toBe("pool_full");
    const lacking = seen().offerings.map((one) => ({ ...one, unavailableUntil: new Date("2026-11-24T12:02:00Z") }));
    expect(placementProblem(seen({ offerings: lacking })).options[0]?.closed).toBe("insufficient_capacity");
  });
});

describe("gatePatch", () => {
  it("tests uid and resourceVersion first, names the node, sets the zone and lifts the gate", () => {
    const patch = gatePatch(pod({ spec: { schedulingGates: [{ name: SCHEDULING_GATE }] } }), "mac-9", "a");
    expect(patch.map((one) => `${one.op} ${one.path}`)).toEqual([
      "test /metadata/uid",
      "test /metadata/resourceVersion",
      "add /spec/affinity",
      "add /metadata/labels/topology.kubernetes.io~1zone",
      "remove /spec/schedulingGates",
    ]);
    expect(JSON.stringify(patch[2])).toContain('"metadata.name","operator":"In","values":["mac-9"]');
  });

  it("keeps other gates, and tightens every alternative that the template had", () => {
    const terms = [
      { matchExpressions: [{ key: "a", operator: "Exists" }] },
      { matchExpressions: [{ key: "b", operator: "Exists" }] },
    ];
    const patch = gatePatch(
      pod({
        spec: {
          schedulingGates: [{ name: SCHEDULING_GATE }, { name: "other" }],
          affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
        },
      }),
      "mac-9",
      "a",
    );
    expect(patch.at(-1)).toEqual({ op: "replace", path: "/spec/schedulingGates", value: [{ name: "other" }] });
    expect(JSON.stringify(patch[2]).match(/mac-9/g)).toHaveLength(2);
  });
});
