import type { Guard } from "@berth/domain";
import type { Node } from "@berth/ports";
import { describe, expect, it } from "vitest";
import { heldByLoss } from "./zone-holds.ts";

const NOW = new Date("2026-11-28T12:00:00Z");
const minutesAgo = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000).toISOString();

/** A ready machine of the pool p in zone a, and its node, silent for so many minutes. */
const machine = (name: string, silentMinutes?: number, state = "ready") => ({
  row: {
    machineId: name,
    nodeName: name,
    poolId: "p",
    zone: "a",
    machineType: "m7i.large",
    priceMicroUsdPerHour: 100_800,
    allocatable: { cpuMilli: 1500, memoryMib: 6000, volumes: 30, pods: 16 },
    state,
  },
  node: {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name },
    status: {
      conditions: [
        {
          type: "Ready",
          status: silentMinutes === undefined ? "True" : "Unknown",
          lastTransitionTime: minutesAgo(silentMinutes ?? 600),
        },
      ],
    },
  } satisfies Node,
});
const held = (
  machines: readonly ReturnType<typeof machine>[],
  {
    guards = [] as readonly Guard[],
    changedMinutesAgo = 600,
    missing = [] as readonly string[],
    ended = [] as readonly number[],
  } = {},
) =>
  heldByLoss({
    now: NOW,
    nodes: machines.map(({ node }) => node).filter(({ metadata }) => !missing.includes(metadata.name)),
    machines: machines.map(({ row }) => row),
    missing: new Set(missing),
    lost: ended.map((minutes) => ({ poolId: "p", zone: "a", lostAt: minutesAgo(minutes) })),
    guards,
    poolsChangedAt: { p: minutesAgo(changedMinutesAgo) },
  });
const guardSince = (minutes: number): Guard => ({
  name: "zone_held",
  subject: "p/a",
  since: minutesAgo(minutes),
  hint: "as it was said",
});
const HOLD = { poolId: "p", zone: "a", guard: { name: "zone_held", subject: "p/a" } };

describe("a pool launches nothing in a zone", () => {
  it("where its nodes went silent together, and says how many", () => {
    const [hold] = held([machine("n1", 1), machine("n2", 2), machine("n3")]);
    expect(hold).toMatchObject(HOLD);
    expect(hold?.guard.hint).toContain("2 of 3 machines");
  });

  it("where its nodes were deleted together, once they were looked for by name", () => {
    const machines = [machine("n1"), machine("n2"), machine("n3")];
    expect(held(machines, { missing: ["n1", "n2"] })).toMatchObject([HOLD]);
    const unlisted = {
      now: NOW,
      guards: [],
      poolsChangedAt: { p: minutesAgo(600) },
      lost: [],
      missing: new Set<string>(),
    };
    expect(heldByLoss({ ...unlisted, nodes: [], machines: machines.map(({ row }) => row) })).toEqual([]);
  });

  it("where EC2 ended its machines together, whether their rows are gone or their nodes are silent yet", () => {
    expect(held([machine("n3")], { ended: [1, 2] })[0]?.guard.hint).toContain("2 of 3 machines");
    expect(held([machine("n2", 3), machine("n3")], { ended: [1] })).toMatchObject([HOLD]);
  });

  it("for a while after that, though nothing is left that was lost", () => {
    expect(held([], { guards: [guardSince(14)] })).toMatchObject([HOLD]);
    expect(held([machine("n4")], { guards: [guardSince(14)] })[0]?.guard.hint).toBe("as it was said");
  });

  it("once, where the loss and its guard are both there", () => {
    expect(held([machine("n1", 1), machine("n2", 1)], { guards: [guardSince(1)] })).toHaveLength(1);
  });
});

describe("a pool launches in a zone again", () => {
  it("by itself when the hold is over", () => {
    expect(held([machine("n1", 16), machine("n2", 16)], { guards: [guardSince(15)] })).toEqual([]);
  });

  it("when an operator changed the pool since, until more is lost after that", () => {
    const after = { guards: [guardSince(5)], changedMinutesAgo: 3 };
    expect(held([machine("n1", 5), machine("n2", 5)], after)).toEqual([]);
    expect(held([machine("n1", 5), machine("n2", 2), machine("n3", 2)], after)).toMatchObject([HOLD]);
  });
});

describe("a zone is not held", () => {
  it("by nodes that were deleted long after each other, nor by few of many machines that EC2 ended", () => {
    const gone = machine("n1");
    const earlier = { ...gone, row: { ...gone.row, notReadySince: minutesAgo(30) } };
    expect(held([earlier, machine("n2")], { missing: ["n1", "n2"] })).toEqual([]);
    expect(
      held(
        ["n3", "n4", "n5"].map((name) => machine(name)),
        { ended: [1, 2] },
      ),
    ).toEqual([]);
    expect(held([], { ended: [16, 17] })).toEqual([]);
  });

  it("by one node that went silent, by machines that boot or are drained, nor by other guards", () => {
    expect(held([machine("n1", 1)])).toEqual([]);
    expect(held([machine("n1", 1), machine("n2", 1, "booting"), machine("n3", 1, "draining")])).toEqual([]);
    expect(held([], { guards: [{ ...guardSince(1), name: "no_capacity" }] })).toEqual([]);
  });
});
