import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestApi, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const ask = (body: object, key = api.customer.key) =>
  api.ask("POST", "/v1/estimates", { key, body, idempotencyKey: null });
const demo = { region: "us-east-1", size: "8g", instances: 3 };

describe("POST /v1/estimates", () => {
  it("200: prices, totals, feasibility and the next sizes, without an Idempotency-Key, and nothing is stored", async () => {
    const count = () =>
      api.owner.query("select (select count(*) from cluster) + (select count(*) from idempotency_record) as n");
    const before = await count();
    const answer = await ask(demo);
    expect(answer.statusCode, answer.body).toBe(200);
    const estimate = answer.json();
    expect(estimate).toMatchObject({
      feasible: true,
      price_per_hour: { amount: "0.528000000000", currency: "USD" },
      price_per_month: { amount: "385.440000000000", currency: "USD" },
      hours_per_month: 730,
      instances: 3,
      memory_bytes: 24 * 2 ** 30,
      cpu_millis: 4500,
      storage_bytes: 720 * 2 ** 30,
      admission: { would_exceed: [] },
    });
    expect(estimate.clusters[0].components).toMatchObject([
      { name: "data", size: "8g", instance_price_per_hour: { amount: "0.176000000000" }, instances: 3 },
    ]);
    const next = estimate.clusters[0].alternatives.map(
      (one: { size: string; direction: string; fits: boolean; price_per_hour: { amount: string } }) => [
        one.direction,
        one.size,
        one.fits,
        one.price_per_hour.amount,
      ],
    );
    expect(next).toEqual([
      ["smaller", "4g", true, "0.264000000000"],
      ["larger", "16g", true, "1.056000000000"],
    ]);
    expect(await count()).toEqual(before);
  });

  it("200: several clusters are counted together, and each has its own", async () => {
    const { key } = await api.newTenant({ maxInstances: 5 });
    const estimate = (await ask({ clusters: [demo, { ...demo, size: "1g" }] }, key)).json();
    expect(estimate.price_per_hour.amount).toBe("0.594000000000");
    expect(estimate.clusters.map((one: { price_per_hour: { amount: string } }) => one.price_per_hour.amount)).toEqual([
      "0.528000000000",
      "0.066000000000",
    ]);
    expect(estimate.admission.would_exceed).toEqual(["instances"]);
  });

  it("422: every fault of every cluster, at its pointer", async () => {
    const answer = await ask({
      clusters: [
        { ...demo, size: "9g" },
        { ...demo, instances: 2 },
      ],
    });
    expect(answer.json().code).toBe("topology_invalid");
    expect(answer.json().errors.map((one: { pointer: string }) => one.pointer)).toEqual([
      "/clusters/0/size",
      "/clusters/1/instances",
    ]);
  });

  it.each([
    ["no region", { size: "8g", instances: 3 }, "/region"],
    ["both forms", { ...demo, clusters: [demo] }, "/region"],
    ["a name, which nothing is done with", { ...demo, name: "demo" }, "/name"],
  ])("422: %s", async (_, body, pointer) => {
    const answer = await ask(body);
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors[0].pointer).toBe(pointer);
  });
});
