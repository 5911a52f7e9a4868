import { describe, expect, it } from "vitest";
import { lostZones, type MachineInZone, ZONE_HOLD_MS } from "./zone-loss.ts";

const NOW = new Date("2026-11-28T12:00:00Z");
const minutesAgo = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);
const machine = (lostMinutesAgo?: number, over: Partial<MachineInZone> = {}): MachineInZone => ({
  poolId: "p",
  zone: "a",
  lostSince: lostMinutesAgo === undefined ? undefined : minutesAgo(lostMinutesAgo),
  ...over,
});

describe("a zone has lost its nodes", () => {
  it.each([
    ["when all of a pool's nodes there are gone", [machine(1), machine(1)]],
    ["when half of them are", [machine(1), machine(3), machine(), machine()]],
    ["when one more was lost long before", [machine(1), machine(2), machine(60)]],
  ])("%s", (_, machines) => {
    expect(lostZones(machines, NOW)).toEqual([{ poolId: "p", zone: "a", lost: 2, of: machines.length }]);
  });

  it.each([
    ["one broken node", [machine(1)]],
    ["fewer than half", [machine(1), machine(1), machine(), machine(), machine()]],
    ["nodes that went one after the other", [machine(1), machine(10)]],
    ["a loss that is over", [machine(15), machine(16)]],
    ["nodes of two zones", [machine(1), machine(1, { zone: "b" })]],
    ["nodes of two pools", [machine(1), machine(1, { poolId: "q" })]],
    ["none", []],
  ])("but not by %s", (_, machines) => {
    expect(lostZones(machines, NOW)).toEqual([]);
  });

  it("for as long as a hold lasts", () => {
    const machines = [machine(0), machine(0)];
    expect(lostZones(machines, new Date(NOW.getTime() + ZONE_HOLD_MS - 1))).toHaveLength(1);
    expect(lostZones(machines, new Date(NOW.getTime() + ZONE_HOLD_MS))).toEqual([]);
  });
});
