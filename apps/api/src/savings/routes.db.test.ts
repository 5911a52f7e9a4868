import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { playWorker } from "../testing/play-worker.ts";
import { aCluster, startTestApi, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  const { key } = await api.newTenant();
  const made = (await api.ask("POST", "/v1/clusters", { key, body: aCluster({ instances: 3 }) })).json();
  await playWorker(api, made.id, { state: "running", health: "green", ended: "succeeded" });
  await api.owner.query(
    `update offering set price_micro_usd_per_hour = case machine_type when 'm7i.xlarge' then 200000 else 500000 end`,
  );
  await api.owner.query(
    `insert into machine (id, kube_id, pool_id, state, node_name, zone, machine_type, price_micro_usd_per_hour, allocatable)
     select 'mac_one', kube_id, id, 'ready', 'one', 'us-east-1a', 'r7i.2xlarge', 500000,
            '{"cpuMilli": 7600, "memoryMib": 58000, "volumes": 25, "pods": 16}' from pool order by id limit 1`,
  );
  await api.owner.query("update instance set node_name = 'one', state = 'running' where cluster_id = $1", [made.id]);
});
afterAll(() => api.close());

const ask = (path: string, accept = "application/json") =>
  api.ask("GET", `/v1/admin/${path}`, { key: api.operator.key, headers: { accept } });
const usd = (amount: string) => ({ amount, currency: "USD" });
const register = (body: object) =>
  api.ask("POST", "/v1/admin/commitments", {
    key: api.operator.key,
    body: { kind: "reserved_instances", region: "us-east-1", offering_class: "standard", term: "1y", ...body },
  });

describe("savings", () => {
  it("200: from a machine for each instance to packed to what is held, with the rows of each", async () => {
    const before = (await ask("savings")).json();
    const [each, packed, held] = before.steps;
    expect(each.machines).toEqual([
      {
        region: "us-east-1",
        machine_type: expect.any(String),
        count: 3,
        each_per_hour: expect.any(Object),
        per_hour: each.per_hour,
      },
    ]);
    expect(packed).toMatchObject({
      name: "packed",
      per_hour: usd("0.500000000000"),
      per_month: usd("365.000000000000"),
      coverage: 0,
    });
    expect(held.per_hour).toEqual(packed.per_hour);
    expect(before).toMatchObject({ plan: null, instances_without_machine: 0, unpriced_machine_types: [] });

    const made = await register({
      machine_type: "r7i.2xlarge",
      count: 1,
      payment_option: "no_upfront",
      upfront: usd("0"),
      per_hour: usd("0.3"),
      starts_at: new Date(Date.now() - 7_200_000).toISOString(),
      external_id: "ri-held",
    });
    expect(made.statusCode, made.body).toBe(201);
    const after = (await ask("savings")).json();
    expect(after.steps[2]).toMatchObject({
      name: "with_held",
      per_hour: usd("0.300000000000"),
      on_demand_per_hour: usd("0.000000000000"),
      coverage: 1,
      utilization: 1,
      commitments: [{ commitment_id: made.json().id, per_hour: usd("0.300000000000") }],
    });
    const first = Number(after.steps[0].per_hour.amount);
    expect(after.saving).toBeCloseTo(1 - 0.3 / first, 5);
  });

  it("200: as a page to print, a picture, and rows that add up", async () => {
    const page = await ask("savings/file", "text/html");
    expect(page.headers["content-type"]).toContain("text/html");
    expect(page.headers["content-disposition"]).toContain("savings.html");
    expect(page.body).toContain("r7i.2xlarge, us-east-1");
    expect((await ask("savings/file?format=svg", "image/svg+xml")).body).toMatch(/^<svg .*role="img"/);
    const csv = (await ask("savings/file?format=csv", "text/csv")).body.trim().split("\n");
    expect(csv[0]).toBe("step,row,region,what,count,each_per_hour,per_hour");
    const amountOf = (line: string) => Number(line.split(",").at(-1));
    for (const step of ["one_machine_each", "packed", "with_held", "with_plan"]) {
      const rows = csv.filter((line) => line.startsWith(`${step},`));
      const sum = amountOf(rows.find((line) => line.includes(",sum,")) ?? "");
      const parts = rows.filter((line) => /,(?:on_demand|commitment),/.test(line)).map(amountOf);
      expect(parts.reduce((a, b) => a + b, 0)).toBeCloseTo(sum, 9);
    }
  });

  it("200: estimates of a price book are named, and are in no figure", async () => {
    const before = (await ask("savings")).json();
    const imported = await api.ask("POST", "/v1/admin/price_books", {
      key: api.operator.key,
      body: {
        region: "us-east-1",
        kind: "reserved_instances",
        source: "ratios",
        prices: "r7i.2xlarge 1y standard no_upfront 0 0.2 estimate",
      },
    });
    expect(imported.statusCode, imported.body).toBe(201);
    const after = (await ask("savings")).json();
    expect(after.price_books).toMatchObject([{ kind: "reserved_instances", source: "ratios", estimates: 1 }]);
    expect({ ...after, price_books: [] }).toEqual({ ...before, price_books: [] });
    expect((await ask("savings/file", "text/html")).body).toContain(
      "labelled estimate: 1 of reserved_instances of us-east-1, version 1",
    );
  });

  it("200: what a plan had bought counts once, as the commitment that it is, and what was given up not at all", async () => {
    const planned = {
      id: "plan/1",
      product: "us-east-1/r7i 1y",
      kind: "reserved_instances",
      region: "us-east-1",
      zone: null,
      machineType: "r7i.xlarge",
      family: null,
      offeringClass: "standard",
      term: "1y",
      paymentOption: "no_upfront",
      count: 4,
      upfrontMicroUsd: 0,
      hourlyMicroUsd: 100_000,
      commitmentMicroUsdPerHour: null,
      account: null,
      externalId: null,
    };
    const base = [
      {
        region: "us-east-1",
        kind: "packed",
        instances: 9,
        machines: 2,
        packedUsdPerHour: 0.5,
        ranUsdPerHour: 1,
        families: [],
      },
    ];
    const purchases = [
      { product: planned.product, month: 0, endMonth: 12, units: 2 },
      { product: planned.product, month: 0, endMonth: 12, units: 2 },
    ];
    await api.owner.query(
      `insert into reservation_plan (id, state, created_by, case_text, case_sha256, result, finished_at, next_check_at, decided_by, decided_at)
       values ('rsp_one', 'approved', 'system', '{}', repeat('0', 64), $1, now(), null, 'key_1', now())`,
      [JSON.stringify({ purchases, firstYear: [planned], base, leftOut: ["com_1: no rate of it is known."] })],
    );
    // For what fleet it is, and what it is without.
    const { body: page } = await ask("savings/file", "text/html");
    expect(page).toContain(
      "for us-east-1 is for the 2 machines that its 9 instances pack into, $0.50 an hour on demand; $1.00 an hour on demand ran",
    );
    expect(page).toContain("The plan is without com_1: no rate of it is known.");
    const settle = (purchase: number, state: string, externalId: string | null) =>
      api.owner.query(
        `insert into reservation_purchase (id, plan_id, purchase, part, state, product, region, machine_type, count, offering_class, term,
                                           payment_option, upfront_micro_usd, hourly_micro_usd, due_at, asked_at, external_id)
         values ($1, 'rsp_one', $2, 0, $3, $4, 'us-east-1', 'r7i.2xlarge', 1, 'standard', '1y', 'no_upfront', 0, 200000, now(), now(), $5)`,
        [`rpu_${purchase}`, purchase, state, planned.product, externalId],
      );
    const withPlan = async () => {
      const { steps } = (await ask("savings")).json();
      return { held: steps[2].committed_per_hour, plan: steps[3].committed_per_hour };
    };
    const before = await withPlan();
    await settle(0, "bought", "ri-of-the-plan");
    // Not read from EC2 yet: it is the plan's still.
    expect(await withPlan()).toEqual(before);
    const made = await register({
      machine_type: "r7i.2xlarge",
      count: 1,
      payment_option: "no_upfront",
      upfront: usd("0"),
      per_hour: usd("0.2"),
      starts_at: new Date(Date.now() - 3_600_000).toISOString(),
      external_id: "ri-of-the-plan",
    });
    expect(made.statusCode, made.body).toBe(201);
    const bought = await withPlan();
    expect(Number(bought.held.amount)).toBeCloseTo(Number(before.held.amount) + 0.2, 9);
    expect(bought.plan).toEqual(before.plan);
    await settle(1, "dropped", null);
    expect(Number((await withPlan()).plan.amount)).toBeCloseTo(Number(before.plan.amount) - 0.2, 9);
  });
});
