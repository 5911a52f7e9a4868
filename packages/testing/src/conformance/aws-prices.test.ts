import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type AwsPricesOptions, createAwsPrices } from "@berth/ec2";
import {
  awsDataFolder,
  createEc2Model,
  Ec2Error,
  type Ec2Model,
  type Ec2Server,
  realSimulationClock,
  SIMULATED_ACCESS_KEY,
  startEc2Server,
} from "@berth/simulator";
import { afterEach, beforeEach, expect, test } from "vitest";

// By the adapter on the simulator's wire. moto 5.2 has neither the price list nor the savings plans' service: nothing of this
// is in the real tier's emulator.
let model: Ec2Model;
let server: Ec2Server;
beforeEach(async () => {
  model = createEc2Model({ clock: realSimulationClock(20), seed: 1, region: "us-east-1", zones: ["us-east-1a"] });
  server = await startEc2Server({ model });
});
afterEach(() => server.close());

async function withPrices<T>(
  work: (prices: ReturnType<typeof createAwsPrices>) => Promise<T>,
  more: AwsPricesOptions = {},
) {
  const prices = createAwsPrices({
    pricingEndpoint: server.url,
    savingsPlansEndpoint: server.url,
    credentials: SIMULATED_ACCESS_KEY,
    ...more,
  });
  try {
    return await work(prices);
  } finally {
    prices.close();
  }
}

test("the price list of a region is read through all of its pages, on demand and reserved, and says which edition it is", async () => {
  const list = await withPrices((prices) => prices.priceList("us-east-1"));
  const { regions } = JSON.parse(readFileSync(`${awsDataFolder}prices-ondemand.json`, "utf8"));
  const known = regions["us-east-1"] as Record<string, number>;
  expect(Object.keys(known).length).toBeGreaterThan(500);
  expect(Object.fromEntries(list.onDemand.map((one) => [one.machineType, Number(one.usdPerHour)]))).toEqual(known);
  expect(list.edition).toBe("simulated");
  expect(list.reserved.filter(({ machineType }) => machineType === "m7i.xlarge")).toEqual(
    model.describeReservedOfferings("m7i.xlarge").map((offering) => ({
      machineType: "m7i.xlarge",
      years: offering.durationSeconds / 31_536_000,
      offeringClass: "standard",
      payment: offering.offeringType,
      upfrontUsd: String(offering.fixedPrice),
      usdPerHour: offering.hourlyPrice.toFixed(10),
    })),
  );
});

test("what is read of savings plans is the rates of machines that run, not those of reserved capacity that nobody uses", async () => {
  for (const [kind, share] of [
    ["compute_savings_plan", 0.72],
    ["ec2_instance_savings_plan", 0.63],
  ] as const) {
    const rates = await withPrices((prices) => prices.planRates("us-east-1", kind));
    const [first, ...others] = rates.filter(({ machineType }) => machineType === "m7i.xlarge");
    expect(others).toHaveLength(5);
    expect(first).toEqual({
      machineType: "m7i.xlarge",
      years: 1,
      payment: "No Upfront",
      usdPerHour: (0.2016 * share).toFixed(5),
    });
  }
});

test("a region that AWS does not have gives nothing", async () => {
  expect(await withPrices((prices) => prices.priceList("no-1"))).toEqual({ edition: "", onDemand: [], reserved: [] });
  expect(await withPrices((prices) => prices.planRates("no-1", "compute_savings_plan"))).toEqual([]);
});

test("a page that is throttled is asked for again; refusals and silence are failures of their kind", async () => {
  model.faults.refuseNext("GetProducts", new Ec2Error("ThrottlingException", "Rate exceeded"), 2);
  expect((await withPrices((prices) => prices.priceList("us-east-1"))).onDemand.length).toBeGreaterThan(0);
  model.faults.refuseNext("GetProducts", new Ec2Error("ThrottlingException", "Rate exceeded"));
  const kindOf = (call: Promise<unknown>) =>
    call.then(
      () => "none",
      ({ kind }) => kind,
    );
  const atOnce = { maxAttempts: 1 };
  expect(await kindOf(withPrices((prices) => prices.priceList("us-east-1"), atOnce))).toBe("throttled");
  model.faults.refuseNext("GetProducts", new Ec2Error("AccessDeniedException", "not authorized"));
  expect(await kindOf(withPrices((prices) => prices.priceList("us-east-1"), atOnce))).toBe("denied");
  model.faults.loseAnswers("DescribeSavingsPlansOfferingRates");
  expect(await kindOf(withPrices((prices) => prices.planRates("us-east-1", "compute_savings_plan"), atOnce))).toBe(
    "unavailable",
  );
});

test("an endpoint whose pages have no end is a failure, and is not read for ever", async () => {
  const endless = createServer((_, response) => response.end(JSON.stringify({ PriceList: [], NextToken: "2" })));
  await once(endless.listen(0, "127.0.0.1"), "listening");
  const pricingEndpoint = `http://127.0.0.1:${(endless.address() as AddressInfo).port}`;
  try {
    await expect(withPrices((prices) => prices.priceList("us-east-1"), { pricingEndpoint })).rejects.toMatchObject({
      kind: "unavailable",
      message: expect.stringContaining("go in a circle"),
    });
  } finally {
    endless.close();
  }
});
