import type { EventRow } from "@berth/db";
import type { OrganizationId } from "@berth/domain";
import { describe, expect, it } from "vitest";
import { createEventFeed } from "./feed.ts";

/** One each: a request has a signal of its own. */
const never = () => new AbortController().signal;
const LONG = 60_000;
const [a, b] = ["org_a", "org_b"] as OrganizationId[] as [OrganizationId, OrganizationId];
const anything = () => true;

function feedOf() {
  const events: EventRow[] = [];
  let tell: (organizationId: OrganizationId | undefined) => void = () => {};
  let reads = 0;
  let broken = false;
  const feed = createEventFeed({
    onNotice: (listener) => {
      tell = listener;
    },
    latestSeq: async (id) => events.filter((one) => one.organizationId === id).at(-1)?.seq ?? 0n,
    eventsAfter: async (id, seq) => {
      reads += 1;
      if (broken) throw new Error("away");
      const later = events.filter((one) => one.organizationId === id && one.seq > seq);
      return { rows: later.slice(0, 2), more: later.length > 2 };
    },
    onError: () => {},
  });
  const happen = (organizationId: OrganizationId, targetId: string, isHeard = true) => {
    events.push({ seq: BigInt(events.length + 1), organizationId, targetId } as EventRow);
    if (isHeard) tell(organizationId);
  };
  return {
    feed,
    happen,
    hearAll: () => tell(undefined),
    reads: () => reads,
    breakDown: () => {
      broken = true;
    },
  };
}

describe("the event feed", () => {
  it("wakes whoever the event concerns, and nobody else", async () => {
    const { feed, happen } = feedOf();
    const abort = new AbortController();
    const concerned = await feed.watch(a, (event) => event.targetId === "cl_1", never());
    const others = [
      await feed.watch(a, (event) => event.targetId === "cl_2", abort.signal),
      await feed.watch(b, anything, abort.signal),
    ];
    let woken = 0;
    const asleep = others.map((watch) => watch.changed(LONG).then(() => (woken += 1)));
    happen(a, "cl_1");
    await concerned.changed(LONG);
    expect(woken).toBe(0);
    abort.abort();
    await Promise.all(asleep);
  });

  it("misses nothing that happens while its watcher is busy reading", async () => {
    const { feed, happen } = feedOf();
    const watch = await feed.watch(a, anything, never());
    happen(a, "cl_1");
    await new Promise(setImmediate);
    await watch.changed(LONG);
  });

  it("reads once for a thousand watchers", async () => {
    const { feed, happen, reads } = feedOf();
    const watches = await Promise.all(Array.from({ length: 1000 }, () => feed.watch(a, anything, never())));
    happen(a, "cl_1");
    await Promise.all(watches.map((watch) => watch.changed(LONG)));
    expect(reads()).toBe(1);
  });

  it("finds what it did not hear, and reads on to the last page", async () => {
    const { feed, happen, hearAll } = feedOf();
    happen(a, "old");
    const watch = await feed.watch(a, (event) => event.targetId === "fifth", never());
    for (const target of ["1", "2", "3", "4", "fifth"]) happen(a, target, false);
    hearAll();
    await watch.changed(LONG);
  });

  it("lets everybody look for themselves when it cannot read", async () => {
    const { feed, happen, breakDown } = feedOf();
    const watch = await feed.watch(a, () => false, never());
    breakDown();
    happen(a, "cl_1");
    await watch.changed(LONG);
  });

  it("lets go after the timeout, and at once when aborted", async () => {
    const { feed } = feedOf();
    const watch = await feed.watch(a, anything, never());
    await watch.changed(1);
    const aborted = await feed.watch(a, anything, AbortSignal.abort());
    await aborted.changed(LONG);
    watch.close();
  });
});
