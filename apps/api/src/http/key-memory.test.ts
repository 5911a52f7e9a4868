import type { StoredApiKey } from "@berth/db";
import { afterEach, expect, it, vi } from "vitest";
import { createKeyMemory, type KeyMemory } from "./key-memory.ts";

let memory: KeyMemory;
afterEach(() => memory.close());

/** A memory of five seconds over a table, with what was asked of it. */
function memoryOf(...names: string[]) {
  const table = new Map(names.map((publicId) => [publicId, { publicId } as StoredApiKey]));
  const asked: (readonly string[])[] = [];
  let held = Promise.resolve();
  const world = {
    now: 0,
    isAway: false,
    /** The next answer is what the table holds now, and comes when this is called. */
    hold: () => {
      let release = () => {};
      held = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
  };
  memory = createKeyMemory({
    rememberMs: 5000,
    clock: { now: () => new Date(world.now) },
    findApiKeys: async (publicIds) => {
      asked.push(publicIds);
      if (world.isAway) throw new Error("away");
      const found = publicIds.flatMap((one) => table.get(one) ?? []);
      const wait = held;
      held = Promise.resolve();
      await wait;
      return found;
    },
    onError: () => {},
  });
  return { table, asked, world };
}

it("a key is asked for once, however many requests come at once or within five seconds", async () => {
  const { asked, world } = memoryOf("a");
  await Promise.all([memory.find("a"), memory.find("a")]);
  world.now = 4999;
  expect(await memory.find("a")).toEqual({ publicId: "a" });
  expect(asked).toEqual([["a"]]);
  world.now = 5000;
  await memory.find("a");
  expect(asked).toEqual([["a"], ["a"]]);
});

it("keys in use are asked for again in one statement, and no request asks for them", async () => {
  const { asked, world } = memoryOf("a", "b", "unused");
  for (const one of ["a", "b", "unused"]) await memory.find(one);
  await memory.refresh();
  asked.length = 0;
  for (world.now = 0; world.now <= 60_000; world.now += 2500) {
    await Promise.all([memory.find("a"), memory.find("b")]);
    await memory.refresh();
  }
  expect(asked.every((ids) => ids.length === 2)).toBe(true);
  expect(asked).toHaveLength(25);
});

it("a row is never used for longer than five seconds after it was asked for", async () => {
  const { table, world } = memoryOf("a");
  await memory.find("a");
  world.now = 2500;
  await memory.refresh();
  table.delete("a");
  world.now = 7499;
  expect(await memory.find("a")).toBeDefined();
  world.now = 7500;
  expect(await memory.find("a")).toBeUndefined();
});

it("an old answer that comes late does not bring back what was found to be gone meanwhile", async () => {
  const { table, world } = memoryOf("a");
  await memory.find("a");
  world.now = 2500;
  const answer = world.hold();
  const refreshed = memory.refresh();
  table.delete("a");
  world.now = 5000;
  expect(await memory.find("a")).toBeUndefined();
  answer();
  await refreshed;
  expect(await memory.find("a")).toBeUndefined();
});

it("keys in use are asked for again by themselves, twice in five seconds", async () => {
  vi.useFakeTimers();
  try {
    const { asked } = memoryOf("a");
    await memory.find("a");
    await vi.advanceTimersByTimeAsync(2500);
    expect(asked).toEqual([["a"], ["a"]]);
    memory.close();
    await memory.find("a");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(2);
  } finally {
    vi.useRealTimers();
  }
});

it("a key that is gone is forgotten at once when it is asked for again", async () => {
  const { table } = memoryOf("a");
  await memory.find("a");
  table.clear();
  await memory.refresh();
  expect(await memory.find("a")).toBeUndefined();
});

it("neither unknown keys nor failures are remembered", async () => {
  const { asked, world } = memoryOf("a");
  await memory.find("stranger");
  await memory.find("stranger");
  expect(asked).toHaveLength(2);
  world.isAway = true;
  await expect(memory.find("a")).rejects.toThrow("away");
  world.isAway = false;
  expect(await memory.find("a")).toEqual({ publicId: "a" });
});

it("while the database is away what is known is used to its end", async () => {
  const { world } = memoryOf("a");
  await memory.find("a");
  world.isAway = true;
  world.now = 2500;
  await expect(memory.refresh()).rejects.toThrow("away");
  expect(await memory.find("a")).toEqual({ publicId: "a" });
  world.now = 5000;
  await expect(memory.find("a")).rejects.toThrow("away");
});

it("however many keys there are, no statement asks for more than 25", async () => {
  const names = Array.from({ length: 60 }, (_, n) => `key${n}`);
  const { asked } = memoryOf(...names);
  await Promise.all(names.map(memory.find));
  asked.length = 0;
  await memory.refresh();
  expect(asked.map((ids) => ids.length)).toEqual([25, 25, 10]);
});
