import type { RebalanceCluster } from "@berth/db";
import type { NodeState } from "@berth/packing";
import { describe, expect, it } from "vitest";
import { type ClusterFacts, runningFleet } from "./running-fleet.ts";

const NOW = new Date("2026-11-28T12:00:00Z");
const instance = {
  instanceId: "ins_1",
  clusterId: "cl_1",
  organizationId: "org_1",
  cpuMilli: 250,
  memoryMib: 1024,
  volumes: 1,
  zone: "a",
  holdsData: true,
  masterEligible: true,
};
const node = (name: string, poolId = "pool_1"): NodeState => ({
  name,
  poolId,
  zone: "a",
  machineType: "m7i.large",
  priceMicroUsdPerHour: 100_800,
  allocatable: { cpuMilli: 1500, memoryMib: 6000, volumes: 30, pods: 16 },
  coming: false,
  instances: [instance],
});
const cluster = (over: Partial<RebalanceCluster> = {}) =>
  ({
    id: "cl_1",
    state: "running",
    health: "green",
    isBusy: false,
    instances: [{ id: "ins_1", podName: "data-0", state: "running", storageMib: 30_721 }],
    ...over,
  }) as RebalanceCluster;
const well: ClusterFacts = { kind: "known", isGreen: true, hasIndexWithoutReplicas: false };
const seen = (over: { cluster?: RebalanceCluster; facts?: ClusterFacts; moving?: string } = {}) => {
  const [only] = runningFleet({ nodes: [node("n1"), node("n2", "pool_2")] }, "pool_1", {
    clusters: [over.cluster ?? cluster()],
    facts: new Map(over.facts === undefined ? [] : [["cl_1", over.facts]]),
    readyAt: new Map([["n1", new Date("2026-11-28T10:00:00Z")]]),
    moving: new Set(over.moving === undefined ? [] : [over.moving]),
    now: NOW,
  });
  return only;
};

describe("the fleet that moves are looked for in", () => {
  it("has the nodes of one pool, since when each is ready, and takes volumes for full, in whole GiB", () => {
    expect(seen({ facts: well })).toMatchObject({
      name: "n1",
      readyAt: new Date("2026-11-28T10:00:00Z"),
      instances: [{ storedGib: 31, clusterIsGreen: true, hasIndexWithoutReplicas: false, upgradeIsRunning: false }],
    });
  });

  it("holds an instance of whose cluster nobody could be asked: what is not known is not safe", () => {
    expect(seen()?.instances[0]).toMatchObject({ factsAreUnknown: true });
    expect(seen({ facts: { kind: "unknown" } })?.instances[0]).toMatchObject({ factsAreUnknown: true });
    expect(seen({ facts: well })?.instances[0]).not.toHaveProperty("factsAreUnknown");
  });

  it.each([
    ["is not green by its record", { cluster: cluster({ health: "yellow" }) }, { clusterIsGreen: false }],
    ["is not green by its engine", { facts: { ...well, isGreen: false } }, { clusterIsGreen: false }],
    ["has an instance on its way", { facts: well, moving: "cl_1" }, { clusterIsGreen: false }],
    ["is being changed", { cluster: cluster({ isBusy: true }), facts: well }, { upgradeIsRunning: true }],
    ["is being deleted", { cluster: cluster({ state: "deleting" }), facts: well }, { upgradeIsRunning: true }],
    [
      "has an index without replicas",
      { facts: { ...well, hasIndexWithoutReplicas: true } },
      { hasIndexWithoutReplicas: true },
    ],
  ])("holds an instance whose cluster %s", (_, over, held) => {
    expect(seen(over)?.instances[0]).toMatchObject(held);
  });

  it("takes a node that no machine is known of for one that has just come: it is left alone", () => {
    const [brought] = runningFleet({ nodes: [node("n9")] }, "pool_1", {
      clusters: [],
      facts: new Map(),
      readyAt: new Map(),
      moving: new Set(),
      now: NOW,
    });
    expect(brought?.readyAt).toEqual(NOW);
  });
});
