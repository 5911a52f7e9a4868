import { describe, expect, it } from "vitest";
import { launchOptions, type PoolPolicy } from "./launch-options.ts";

const NOW = new Date("2026-11-24T12:00:00Z");
const pool: PoolPolicy = {
  poolId: "p",
  zones: ["a", "b"],
  machineTypes: ["m8"],
  instancesPerMachine: 16,
  maxMachines: 3,
};
const offerings = ["a", "b"].map((zone) => ({
  zone,
  machineType: "m8",
  priceMicroUsdPerHour: 100_000,
  vcpu: 4,
  memoryMib: 16_384,
  ebsVolumeLimit: 32,
  ebsVolumeLimitType: "dedicated",
  unavailableUntil: null,
}));
const machine = (state: string) => ({ poolId: "p", state, priceMicroUsdPerHour: 120_000 });
const optionsOf = (over: Partial<PoolPolicy>, states: readonly string[] = []) =>
  launchOptions([{ ...pool, ...over }], offerings, [], states.map(machine), NOW);

describe("launch options", () => {
  it("are closed in a zone that is held, whatever else closes them", () => {
    expect(optionsOf({ heldZones: ["b"] }).map(({ closed }) => closed)).toEqual([undefined, "zone_held"]);
    expect(optionsOf({ heldZones: ["b"], maxMachines: 0 }).map(({ closed }) => closed)).toEqual([
      "pool_full",
      "zone_held",
    ]);
  });

  it("say how much more the pool may spend: its cap less the price of what is not gone, never below nothing", () => {
    const roomOf = (cap: number, ...states: string[]) =>
      optionsOf({ spendCapMicroUsdPerHour: cap }, states)[0]?.poolSpendRoomMicroUsdPerHour;
    expect(roomOf(500_000, "ready", "booting", "terminating")).toBe(140_000);
    expect(roomOf(500_000, "ready", "terminated", "failed")).toBe(380_000);
    expect(roomOf(100_000, "ready")).toBe(0);
    expect(optionsOf({})[0]).not.toHaveProperty("poolSpendRoomMicroUsdPerHour");
  });
});
