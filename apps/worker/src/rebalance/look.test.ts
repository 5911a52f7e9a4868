import type { KubeRecord, RebalanceCluster } from "@berth/db";
import type { PoolId } from "@berth/domain";
import type { NodeState } from "@berth/packing";
import { expect, it } from "vitest";
import { lookAtPool, type SeenKube } from "./look.ts";
import type { ClusterFacts } from "./running-fleet.ts";

const NOW = new Date("2026-11-28T12:00:00Z");
const HOUR_MS = 3_600_000;
const POOL = {
  poolId: "pool_1" as PoolId,
  mode: "propose" as const,
  minSavingMicroUsdPerMonth: 0,
  maxAutomaticMoves: 0,
};
const well: ClusterFacts = { kind: "known", isGreen: true, hasIndexWithoutReplicas: false };

const node = (name: string, n: number): NodeState => ({
  name,
  poolId: POOL.poolId,
  zone: "a",
  machineType: "m7i.xlarge",
  priceMicroUsdPerHour: 200_000,
  allocatable: { cpuMilli: 4000, memoryMib: 16_000, volumes: 20, pods: 4 },
  coming: false,
  instances: [
    {
      instanceId: `ins_${n}`,
      clusterId: `cl_${n}`,
      organizationId: "org_1",
      cpuMilli: 1000,
      memoryMib: 4000,
      volumes: 1,
      zone: "a",
      holdsData: true,
      masterEligible: true,
    },
  ],
});
const cluster = (n: number) =>
  ({
    id: `cl_${n}`,
    state: "running",
    health: "green",
    isBusy: false,
    instances: [{ id: `ins_${n}`, podName: `data-${n}`, state: "running", storageMib: 1024 }],
  }) as unknown as RebalanceCluster;

/** Two machines with an instance each, that one has room for. */
function look(reserved: number) {
  const committed = {
    commitments:
      reserved === 0
        ? []
        : [
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
              count: reserved,
              upfrontMicroUsd: 0,
              hourlyMicroUsd: 127_000,
              commitmentMicroUsdPerHour: null,
              account: null,
              externalId: null,
              startsAt: new Date(NOW.getTime() - HOUR_MS),
              endsAt: new Date(NOW.getTime() + 24 * HOUR_MS),
            },
          ],
    running: [{ region: "eu-1", zone: "a", machineType: "m7i.xlarge", count: 2, microUsdPerHour: 200_000 }],
    rateBooks: [],
  } as unknown as KubeRecord["committed"];
  const seen = {
    now: NOW,
    pods: [],
    record: {
      kube: { id: "kub_1", region: "eu-1", isStatic: false, committed },
      clusters: [cluster(1), cluster(2)],
      readyAt: new Map(["n1", "n2"].map((name) => [name, new Date(NOW.getTime() - 5 * HOUR_MS)])),
      emptiedInLastHour: {},
      plans: [],
      pools: [POOL],
    },
    problem: { nodes: [node("n1", 1), node("n2", 2)], options: [], policy: {} },
  } as unknown as SeenKube;
  return lookAtPool(seen, POOL, new Map([1, 2].map((n) => [`cl_${n}`, well])));
}

it("proposes what makes a pool cheaper, by what it saves of the bill", () => {
  expect(look(0)).toMatchObject({ outcome: "proposed", savingMicroUsdPerHour: 200_000 });
  expect(look(1)).toMatchObject({ outcome: "proposed", savingMicroUsdPerHour: 200_000 });
});

it("does not propose to empty a machine that is reserved: it is paid for all the same", () => {
  expect(look(2)).toMatchObject({ outcome: "below_threshold", savingMicroUsdPerHour: 0 });
});
