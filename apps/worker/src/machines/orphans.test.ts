import type { LiveLease } from "@berth/db";
import { idFromUuid, type MachineId } from "@berth/domain";
import type { Cloud } from "@berth/ports";
import { expect, it } from "vitest";
import { liveLease } from "../testing/live-lease.ts";
import { type OrphanDeps, sweepOrphans, TooManyOrphans } from "./orphans.ts";

const NOW = new Date("2026-11-24T12:00:00Z");
const machine = (n: number) => idFromUuid("machine", n.toString(16).padStart(32, "0")) as MachineId;
const instance = (n: number, launchedAt = new Date("2026-11-24T11:00:00Z")) => ({
  instanceId: `i-${n}`,
  launchedAt,
  tags: { "berth.dev/machine": machine(n) },
});

interface Case {
  readonly running: readonly ReturnType<typeof instance>[];
  readonly rows: readonly { readonly id: MachineId; readonly cloudInstanceId: string | undefined }[];
}

async function sweep(regions: Readonly<Record<string, Case>>) {
  const terminated: string[] = [];
  const woken: string[] = [];
  const rows = Object.values(regions).flatMap((one) => one.rows);
  const deps = {
    leases: { withLease: (_name: string, work: (lease: LiveLease) => Promise<unknown>) => work(liveLease()) },
    store: { listRegions: async () => Object.keys(regions), listAlive: async () => rows },
    cloudOf: (region: string): Partial<Cloud> => ({
      describe: async () => regions[region]?.running as never,
      terminate: async (instanceId) => {
        terminated.push(instanceId);
        return "terminating";
      },
    }),
    clock: { now: () => NOW },
    effects: { reached: () => {} },
    environment: "test",
    wake: (id: string) => void woken.push(id),
    onOrphan: () => {},
  };
  const failure = await sweepOrphans(deps as unknown as OrphanDeps).catch((error: unknown) => error);
  return { terminated, woken, failure };
}

it("terminates what no live machine knows as its own, unless it is too young to tell", async () => {
  const running = [instance(1), instance(2), instance(3), instance(4, new Date(NOW.getTime() - 1000))];
  const rows = [
    { id: machine(1), cloudInstanceId: "i-1" },
    { id: machine(2), cloudInstanceId: "i-another" },
    { id: machine(3), cloudInstanceId: undefined },
  ];
  const { terminated, woken, failure } = await sweep({ r: { running, rows } });
  expect(failure).toBeUndefined();
  expect(terminated).toEqual(["i-2"]);
  expect(new Set(woken)).toEqual(new Set([machine(2)]));
});

it("has the machine of an orphan looked at, which may have left its Node", async () => {
  const { terminated, woken } = await sweep({ r: { running: [instance(1)], rows: [] } });
  expect([terminated, woken]).toEqual([["i-1"], [machine(1)]]);
});

it("looks at machines that no region shows, and at no others", async () => {
  const well = { running: [instance(1)], rows: [{ id: machine(1), cloudInstanceId: "i-1" }] };
  const lost = { running: [instance(2)], rows: [{ id: machine(2), cloudInstanceId: "i-2" }] };
  expect((await sweep({ well, other: { ...lost, running: [] } })).woken).toEqual([machine(2)]);
  expect((await sweep({ well, other: lost })).woken).toEqual([]);
});

it("terminates nothing where most of the fleet seems orphaned, and goes on with the next region", async () => {
  const lost = { running: Array.from({ length: 10 }, (_, n) => instance(n)), rows: [] };
  const { terminated, failure } = await sweep({ lost, well: { running: [instance(99)], rows: [] } });
  expect(failure).toBeInstanceOf(TooManyOrphans);
  expect(terminated).toEqual(["i-99"]);
});
