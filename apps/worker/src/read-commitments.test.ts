import type { CloudPurchases } from "@berth/db";
import type { CloudReservedInstances } from "@berth/ports";
import { expect, test } from "vitest";
import { readCommitments } from "./read-commitments.ts";

const PURCHASE: CloudReservedInstances = {
  id: "ri-1",
  state: "active",
  machineType: "m7i.xlarge",
  count: 2,
  zone: undefined,
  platform: "Linux/UNIX (Amazon VPC)",
  tenancy: "default",
  offeringClass: "convertible",
  payment: "Partial Upfront",
  durationSeconds: 94_608_000,
  upfrontMicroUsd: 1_000_000,
  hourlyMicroUsd: 50_000,
  startsAt: new Date("2026-01-01T00:00:00Z"),
  endsAt: new Date("2028-12-31T00:00:00Z"),
};

test("purchases are read region by region, those that are not ours or came to nothing by name", async () => {
  const purchases: Record<string, Partial<CloudReservedInstances>[]> = {
    "eu-1": [
      {},
      { id: "ri-zonal", zone: "eu-1a", offeringClass: "standard", payment: "No Upfront", durationSeconds: 31_536_000 },
      { id: "ri-windows", platform: "Windows" },
      { id: "ri-dedicated", tenancy: "dedicated" },
      { id: "ri-odd", durationSeconds: 86_400 },
      { id: "ri-pending", state: "payment-pending" },
      { id: "ri-unpaid", state: "payment-failed" },
      { id: "ri-dropped", state: "queued-deleted" },
    ],
  };
  const failed: unknown[] = [];
  const recorded: CloudPurchases[] = [];
  const outcome = await readCommitments({
    listRegions: async () => ["eu-1", "eu-2"],
    record: async (read) => {
      recorded.push(read);
      return {
        registered: read.commitments.length,
        newlyLeftOut: [{ externalId: "ri-windows", region: read.region, because: "not_ours_to_cover" }],
      };
    },
    cloudOf: (region) => ({
      reservedInstances: async () => {
        if (region === "eu-2") throw new Error("denied");
        return (purchases[region] ?? []).map((change) => ({ ...PURCHASE, ...change }));
      },
    }),
    onError: (region) => failed.push(region),
  });
  expect(failed).toEqual(["eu-2"]);
  const [read] = recorded;
  expect(recorded).toHaveLength(1);
  expect(
    read?.commitments.map(({ externalId, term, paymentOption, offeringClass, zone }) => [
      externalId,
      term,
      paymentOption,
      offeringClass,
      zone,
    ]),
  ).toEqual([
    ["ri-1", "3y", "partial_upfront", "convertible", null],
    ["ri-zonal", "1y", "no_upfront", "standard", "eu-1a"],
  ]);
  expect(read?.notOursIds).toEqual(["ri-windows", "ri-dedicated", "ri-odd"]);
  expect(read?.unpaidIds).toEqual(["ri-unpaid", "ri-dropped"]);
  expect(outcome).toMatchObject({ registered: 2, newlyLeftOut: [{ externalId: "ri-windows" }] });
});
