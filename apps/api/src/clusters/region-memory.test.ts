import type { Sql } from "@berth/db";
import { expect, it } from "vitest";
import { createRegionMemory } from "./region-memory.ts";

let now = 0;
let reads = 0;
const memory = createRegionMemory({ now: () => new Date(now) });
const sqlWith = (kubes: readonly object[]): Sql => ({
  query: async <Row extends object>(text: string) => {
    reads += 1;
    return (text.includes("berth_kube_machines") ? kubes : []) as Row[];
  },
});

it("a region is remembered for a second after the look at it began, and no longer", async () => {
  expect(memory.recall("a")).toBeUndefined();
  const ground = await memory.read(sqlWith([{ pools: [], lostZones: [], offerings: [] }]), "a");
  now = 999;
  expect(memory.recall("a")).toBe(ground);
  expect(memory.recall("b")).toBeUndefined();
  now = 1000;
  expect(memory.recall("a")).toBeUndefined();
  expect(reads).toBe(2);
});

it("of a region without a kube nothing is kept: any word can be asked for", async () => {
  await memory.read(sqlWith([]), "nowhere");
  expect(memory.recall("nowhere")).toBeUndefined();
});
