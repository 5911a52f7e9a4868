import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { virtualClock } from "../clock.ts";
import { ApiError } from "./api-error.ts";
import { WorkQueue } from "./work-queue.ts";

describe("a work queue", () => {
  it("runs keys at their times, equal times in the order added", () => {
    const delays = fc.array(fc.record({ key: fc.constantFrom("a", "b", "c", "d", "e"), delay: fc.nat(5) }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(delays, (additions) => {
        const clock = virtualClock(0);
        const ran: string[] = [];
        const queue = new WorkQueue(clock, 0, (key) => ran.push(`${clock.now()} ${key}`));
        const expected = new Map<string, { at: number; order: number }>();
        for (const [order, { key, delay }] of additions.entries()) {
          queue.add(key, delay);
          const present = expected.get(key);
          if (present === undefined || delay < present.at) expected.set(key, { at: delay, order });
        }
        clock.advance(10);
        const wanted = [...expected]
          .sort(([, a], [, b]) => a.at - b.at || a.order - b.order)
          .map(([key, { at }]) => `${at} ${key}`);
        expect(ran).toEqual(wanted);
      }),
    );
  });

  it("tries again what the API refused, later each time, and lets bugs through", () => {
    const clock = virtualClock(0);
    const ran: number[] = [];
    const queue = new WorkQueue(clock, 10, () => {
      ran.push(clock.now());
      if (ran.length < 4) throw new ApiError(409, "Conflict", "no");
    });
    queue.add("a");
    clock.advance(10_000);
    expect(ran).toEqual([10, 50, 130, 290]);
    const broken = new WorkQueue(clock, 10, () => {
      throw new TypeError("bug");
    });
    broken.add("a");
    expect(() => clock.advance(100)).toThrow("bug");
  });

  it("forgets what is dropped", () => {
    const clock = virtualClock(0);
    const ran: string[] = [];
    const queue = new WorkQueue(clock, 10, (key) => ran.push(key));
    queue.add("a");
    queue.add("b");
    queue.drop("a");
    clock.advance(100);
    expect(ran).toEqual(["b"]);
  });
});
