import type { LoopName } from "@berth/ports";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startRelay } from "./relay.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A relay over rows and a queue in memory; time passes when the test says so. */
function relayOver(due: Partial<Record<LoopName, string[]>> = {}) {
  const added: string[] = [];
  const errors: unknown[] = [];
  const world = { failing: false, listening: true };
  let announce: (loop: LoopName, id: string) => void = () => {};
  let gap: () => void = () => {};
  const relay = startRelay({
    source: {
      findDue: async (loop, limit, after = "") => (due[loop] ?? []).filter((id) => id > after).slice(0, limit),
      listen: (onDue, onGap) => {
        announce = onDue;
        gap = onGap;
        return {
          close: async () => {
            world.listening = false;
          },
        };
      },
    },
    producer: {
      add: async (loop, id) => {
        if (world.failing) throw new Error("the queue is away");
        added.push(`${loop} ${id}`);
      },
      close: async () => {},
    },
    onError: (error) => errors.push(error),
  });
  return {
    added,
    errors,
    world,
    relay,
    announce: (loop: LoopName, id: string) => announce(loop, id),
    gap: () => gap(),
    passes: (ms: number) => vi.advanceTimersByTimeAsync(ms),
  };
}

describe("the relay", () => {
  it("hands on an announced row at once", async () => {
    const { added, announce, passes } = relayOver();
    await passes(0);
    announce("machines", "mac_1");
    expect(added).toEqual(["machines mac_1"]);
  });

  it("finds due rows that nobody announced, at its start and every two seconds", async () => {
    const due: { clusters: string[] } = { clusters: ["cl_1"] };
    const { added, passes } = relayOver(due);
    await passes(0);
    expect(added).toEqual(["clusters cl_1"]);
    due.clusters = ["cl_2"];
    await passes(1999);
    expect(added).toHaveLength(1);
    await passes(1);
    expect(added).toEqual(["clusters cl_1", "clusters cl_2"]);
  });

  it("looks at once after a gap in which announcements may have been missed", async () => {
    const due = { placement: [] as string[] };
    const { added, gap, passes } = relayOver(due);
    await passes(10);
    due.placement = ["kub_1"];
    gap();
    await passes(0);
    expect(added).toEqual(["placement kub_1"]);
  });

  it("comes to every row of a backlog, though the first hundreds stay due", async () => {
    const many = Array.from({ length: 1200 }, (_, index) => `cl_${String(index).padStart(5, "0")}`);
    const { added, passes } = relayOver({ clusters: many, machines: ["mac_1"] });
    await passes(0);
    expect(added.filter((one) => one.startsWith("clusters"))).toHaveLength(500);
    expect(added).toContain("machines mac_1");
    await passes(4000);
    expect(new Set(added).size).toBe(1201);
    await passes(2000);
    expect(added.filter((one) => one === `clusters ${many[0]}`)).toHaveLength(2); // And from the beginning again.
  });

  it("goes on when the queue was away: what is due is still due", async () => {
    const { added, errors, world, announce, passes } = relayOver({ clusters: ["cl_1"] });
    world.failing = true;
    await passes(0);
    announce("clusters", "cl_1");
    await passes(2000);
    expect([added.length, errors.length]).toEqual([0, 3]);
    world.failing = false;
    await passes(2000);
    expect(added).toEqual(["clusters cl_1"]);
  });

  it("does nothing more once it is closed", async () => {
    const { added, world, relay, passes } = relayOver({ clusters: ["cl_1"] });
    await passes(0);
    await relay.close();
    await passes(60_000);
    expect([added.length, world.listening]).toEqual([1, false]);
  });
});
