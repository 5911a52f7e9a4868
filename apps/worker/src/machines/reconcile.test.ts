import type { MachineRecord, MachineStatus } from "@berth/db";
import { err, type MachineId, type PoolId, type RunId } from "@berth/domain";
import { expect, it } from "vitest";
import { liveLease } from "../testing/live-lease.ts";
import { type MachineLoopDeps, reconcileMachine } from "./reconcile.ts";

const NOW = new Date("2026-11-28T12:00:00Z");
const poolId = "pool_1" as PoolId;
const machine = {
  id: "mac_1" as MachineId,
  state: "planned",
  nodeName: "mac-1",
  zone: "a",
  machineType: "m7i.large",
  allocatable: { cpuMilli: 1, memoryMib: 1, volumes: 1, pods: 1 },
  attempt: 0,
  alternatives: [{ machineType: "m7i.xlarge", zone: "a" }],
  createdAt: NOW,
  waitingFor: [],
  failures: 0,
  wakes: 3,
  placed: 1,
  pool: { id: poolId, instancesPerMachine: 16, emptyAfterSeconds: 600, subnetIds: {}, securityGroupIds: [] },
} as unknown as MachineRecord;

it("ends a machine that its pool may not pay for any more: nothing of it is asked of EC2, and it says why", async () => {
  const recorded: MachineStatus[] = [];
  const reached = {
    kind: "spend_cap",
    poolId,
    capMicroUsdPerHour: 1_000_000,
    spendMicroUsdPerHour: 1_100_800,
  } as const;
  const deps = {
    leases: { withLease: (_name: string, work: (lease: unknown) => unknown) => work(liveLease()) },
    store: {
      find: async () => machine,
      openAttempt: async () => err(reached),
      recordStatus: async (_lease: unknown, _id: unknown, status: MachineStatus) => void recorded.push(status),
    },
    kubes: { get: async () => ({ read: async () => undefined, list: async () => [] }) },
    cloudOf: () => ({}),
    kubeEndpointOf: async () => ({ server: "https://k", caCertPem: "pem" }),
    clock: { now: () => NOW },
    ids: { next: () => "lch_1" },
    effects: { reached: () => {} },
    environment: "test",
  } as unknown as MachineLoopDeps;
  await reconcileMachine(deps, machine.id, "run_1" as RunId);
  expect(recorded).toMatchObject([
    {
      state: "failed",
      nextCheckAt: undefined,
      waitingFor: [{ name: "spend_cap", subject: poolId, hint: expect.stringContaining("$1.1008 an hour") }],
      lastFailure: { action: "open_attempt" },
    },
  ]);
});
