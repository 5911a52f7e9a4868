import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startSelfCheck, watchPolls } from "./self-check.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A consumer whose facts the test sets; `passes` lets time go by. */
function consumer() {
  const facts = { lastPollAt: performance.now(), full: false, answers: true, stuck: 0 };
  const check = startSelfCheck({
    lastPollAt: () => facts.lastPollAt,
    isFull: () => facts.full,
    answers: async () => facts.answers,
    stuckAfterMs: 60_000,
    onStuck: () => {
      facts.stuck += 1;
    },
  });
  return { facts, check, passes: (ms: number) => vi.advanceTimersByTimeAsync(ms) };
}

describe("the self-check", () => {
  it("calls a consumer stuck, once, that has not asked for a minute", async () => {
    const { facts, passes } = consumer();
    await passes(55_000);
    expect(facts.stuck).toBe(0);
    await passes(15_000);
    expect(facts.stuck).toBe(1);
    await passes(300_000);
    expect(facts.stuck).toBe(1);
  });

  it("leaves one alone that goes on asking, or has its hands full", async () => {
    const { facts, passes } = consumer();
    for (let minutes = 0; minutes < 5; minutes++) {
      facts.lastPollAt = performance.now();
      await passes(50_000);
    }
    facts.full = true;
    await passes(600_000);
    expect(facts.stuck).toBe(0);
  });

  it("counts from when the backend answers again, not from when it went away", async () => {
    const { facts, passes } = consumer();
    facts.answers = false;
    await passes(600_000);
    facts.answers = true;
    await passes(55_000);
    expect(facts.stuck).toBe(0);
    await passes(20_000);
    expect(facts.stuck).toBe(1);
  });

  it("does not blame a consumer for the time in which the whole process was frozen", async () => {
    const { facts, passes } = consumer();
    const now = performance.now.bind(performance);
    performance.now = () => now() + 300_000;
    await passes(55_000);
    expect(facts.stuck).toBe(0);
    await passes(25_000);
    expect(facts.stuck).toBe(1);
  });

  it("ends with its consumer", async () => {
    const { facts, check, passes } = consumer();
    check.stop();
    await passes(600_000);
    expect(facts.stuck).toBe(0);
  });
});

describe("watchPolls", () => {
  it("notes answers, not questions", async () => {
    let answer: (job: undefined) => void = () => {};
    const worker = {
      moveToActive: () =>
        new Promise<undefined>((resolve) => {
          answer = resolve;
        }),
    };
    const lastPollAt = watchPolls(worker);
    const before = lastPollAt();
    await vi.advanceTimersByTimeAsync(1000);
    const asked = worker.moveToActive();
    expect(lastPollAt()).toBe(before);
    answer(undefined);
    await asked;
    expect(lastPollAt()).toBe(before + 1000);
  });

  it("fails at once with a BullMQ that works otherwise", () => {
    expect(() => watchPolls({})).toThrow("mend the self-check");
  });
});
