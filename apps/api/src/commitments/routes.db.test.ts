import { idFromUuid } from "@berth/domain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestApi, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await api.owner.query(
    `insert into offering (region, zone, machine_type, price_micro_usd_per_hour, vcpu, memory_mib, ebs_volume_limit,
                           ebs_volume_limit_type, architecture)
     values ('eu-1', 'eu-1a', 'm7i.large', 100800, 2, 8192, 32, 'shared', 'x86_64')`,
  );
});
afterAll(() => api.close());

const ask = (method: string, url: string, body?: object) =>
  api.ask(method, url, { key: api.operator.key, ...(body === undefined ? {} : { body }) });
const usd = (amount: string) => ({ amount, currency: "USD" });
const bought = (change: object = {}) => ({
  kind: "reserved_instances",
  region: "eu-1",
  machine_type: "m7i.large",
  offering_class: "standard",
  term: "1y",
  payment_option: "partial_upfront",
  count: 3,
  upfront: usd("292"),
  per_hour: usd("0.0333"),
  starts_at: "2026-06-01T00:00:00.000Z",
  ...change,
});
const register = (change?: object) => ask("POST", "/v1/admin/commitments", bought(change));
const importFile = (lines: readonly string[]) => ask("POST", "/v1/admin/commitment_imports", { csv: lines.join("\n") });
const all = async (query = "") => (await ask("GET", `/v1/admin/commitments?limit=200${query}`)).json().data;

describe("the usage of commitments", () => {
  const HOUR_MS = 3_600_000;
  const hourAgo = (hours: number) =>
    new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS - hours * HOUR_MS).toISOString();
  const usageOf = async (query = "") => (await ask("GET", `/v1/admin/commitment_usage${query}`)).json();
  const ran = (type: string, from: number, until: number | null) =>
    api.owner.query(
      `insert into machine (id, kube_id, pool_id, state, node_name, zone, machine_type, price_micro_usd_per_hour, allocatable,
                            launched_at, terminating_at)
       select 'mac_' || gen_random_uuid(), kube_id, id, 'ready', gen_random_uuid(), 'us-east-1a', $1, 1,
              '{"cpuMilli": 1, "memoryMib": 1, "volumes": 1, "pods": 1}', $2, $3 from pool order by id limit 1`,
      [type, hourAgo(from), until === null ? null : hourAgo(until)],
    );

  it("200: is what the exact bill of the machines that ran covers, by family, commitment and hour", async () => {
    await api.owner.query(
      "update offering set price_micro_usd_per_hour = 200000 where region = 'us-east-1' and machine_type = 'm7i.xlarge'",
    );
    expect(await usageOf()).toMatchObject({
      families: [],
      commitments: [],
      coverage: null,
      saved: usd("0.000000000000"),
    });
    await ran("m7i.xlarge", 3, null);
    await ran("m7i.xlarge", 2, 1);
    await ran("m9z.large", 3, 2);
    const reserved = { region: "us-east-1", machine_type: "m7i.xlarge", count: 1, payment_option: "no_upfront" };
    const { id } = (
      await register({
        ...reserved,
        upfront: usd("0"),
        per_hour: usd("0.12"),
        starts_at: hourAgo(1000),
        external_id: "used",
      })
    ).json();
    const usage = await usageOf(`?since=${hourAgo(4)}&until=${hourAgo(0)}`);
    expect(usage.families).toEqual([
      { region: "us-east-1", family: "m7i", eligible: 32, reserved: 24, planned: 0, coverage: 0.75 },
    ]);
    // Four hours of it were paid, three were used.
    expect(usage.commitments).toEqual([
      {
        commitment_id: id,
        kind: "reserved_instances",
        purchased: 32,
        used: 24,
        utilization: 0.75,
        cost: usd("0.480000000000"),
        unused_cost: usd("0.120000000000"),
      },
    ]);
    expect(usage).toMatchObject({
      without_commitments: usd("0.800000000000"),
      cost: usd("0.680000000000"),
      on_demand: usd("0.200000000000"),
      saved: usd("0.120000000000"),
      unbilled_machine_types: ["m9z.large"],
      price_books: [],
    });
    expect(
      usage.hours.map((hour: { at: string; eligible: number; coverage: number }) => [
        hour.at,
        hour.eligible,
        hour.coverage,
      ]),
    ).toEqual([
      [hourAgo(4), 0, null],
      [hourAgo(3), 8, 1],
      [hourAgo(2), 16, 0.5],
      [hourAgo(1), 8, 1],
    ]);
    await ask("DELETE", `/v1/admin/commitments/${id}`);
    await api.owner.query("delete from machine where launched_at is not null");
  });

  it.each([
    ["no_hour", () => `?since=${hourAgo(0)}`],
    ["no_hour", () => `?since=${hourAgo(2)}&until=${hourAgo(3)}`],
    ["too_long", () => `?since=${hourAgo(745)}`],
  ])("422: %s", async (code, query) => {
    expect((await usageOf(query())).errors).toMatchObject([{ pointer: "?since", code }]);
  });
});

describe("commitments", () => {
  it("201: registered, read again, listed by kind and state, and removed again", async () => {
    const made = await register({ external_id: "ri-one" });
    expect(made.statusCode, made.body).toBe(201);
    expect(made.json()).toMatchObject({
      state: "active",
      source: "operator",
      zone: null,
      upfront: usd("292.000000000000"),
      per_hour: usd("0.033300000000"),
      commitment_per_hour: null,
      ends_at: "2027-06-01T00:00:00.000Z",
    });
    const location = made.headers.location as string;
    expect((await ask("GET", location)).json()).toEqual(made.json());
    expect(await all("&kind=reserved_instances&region=eu-1&state=active")).toEqual([made.json()]);
    expect(await all("&state=expired")).toEqual([]);
    expect(await all("&ends_before=2027-06-01T00:00:00.000Z")).toEqual([]);
    expect((await ask("DELETE", location)).statusCode).toBe(204);
    expect((await ask("GET", location)).statusCode).toBe(404);
    expect((await ask("DELETE", location)).statusCode).toBe(404);
  });

  it.each<[string, string, object]>([
    ["/region", "unknown_region", { region: "eu-99" }],
    ["/machine_type", "unknown_machine_type", { machine_type: "m9z.large" }],
    ["/zone", "unknown_zone", { zone: "eu-1z" }],
    ["/per_hour", "rate_above_price", { per_hour: usd("33.3") }],
    ["/upfront", "payment_mismatch", { upfront: usd("0") }],
    ["/ends_at", "end_before_start", { ends_at: "2026-06-01T00:00:00.000Z" }],
    ["/ends_at", "longer_than_term", { ends_at: "2027-06-01T00:00:00.001Z" }],
    ["/count", "required", { count: undefined }],
    ["/family", "not_of_kind", { family: "m7i" }],
  ])("422: %s %s names the field and the rule, and registers nothing", async (pointer, code, change) => {
    const before = await all();
    const refused = await register(change);
    expect(refused.statusCode, refused.body).toBe(422);
    expect(refused.json().errors).toMatchObject([{ pointer, code }]);
    expect(await all()).toEqual(before);
  });

  it("409: the same purchase twice, by its id, or by its offer where no id tells the two apart", async () => {
    const first = (await register({ count: 5 })).json();
    const twice = await register({ starts_at: "2026-07-01T00:00:00.000Z", external_id: "ri-two" });
    expect(twice.statusCode).toBe(409);
    expect(twice.json()).toMatchObject({
      code: "already_registered",
      detail: expect.stringContaining(first.id),
      errors: [{ pointer: "/external_id" }],
    });
    await ask("DELETE", `/v1/admin/commitments/${first.id}`);
    expect((await register({ external_id: "ri-two" })).statusCode).toBe(201);
    expect((await register({ external_id: "ri-three" })).statusCode).toBe(201);
    const again = await register({ external_id: "ri-three", starts_at: "2020-01-01T00:00:00.000Z" });
    expect(again.json()).toMatchObject({ code: "already_registered" });
    // Of another period it is another purchase.
    expect((await register({ starts_at: "2027-06-01T00:00:00.000Z" })).json()).toMatchObject({ state: "queued" });
  });

  it("409: of two that register the same purchase at once one is too late", async () => {
    const both = await Promise.all([register({ external_id: "ri-race" }), register({ external_id: "ri-race" })]);
    expect(both.map(({ statusCode }) => statusCode).sort()).toEqual([201, 409]);
  });

  const HEADING =
    "kind,region,machine_type,offering_class,term,payment_option,count,upfront,per_hour,commitment_per_hour,external_id,starts_at";
  it("201: a file registers all of its lines", async () => {
    const imported = await importFile([
      HEADING,
      "reserved_instances,eu-1,m7i.large,convertible,3y,no_upfront,2,0,0.05,,csv-1,2026-01-01T00:00:00Z",
      "compute_savings_plan,,,,1y,all_upfront,,,,1.25,csv-2,2026-01-01T00:00:00Z",
      "",
    ]);
    expect(imported.statusCode, imported.body).toBe(201);
    expect(imported.json().data).toMatchObject([
      { kind: "reserved_instances", source: "file", count: 2, ends_at: "2028-12-31T00:00:00.000Z" },
      { kind: "compute_savings_plan", region: null, commitment_per_hour: usd("1.250000000000") },
    ]);
  });

  it("422: a file with a fault registers nothing, and names line and column", async () => {
    const before = await all();
    const good = "compute_savings_plan,,,,1y,no_upfront,,,,1.25,csv-3,2026-01-01T00:00:00Z";
    const refused = async (...lines: string[]) => {
      const answer = await importFile(lines);
      expect(answer.statusCode, answer.body).toBe(422);
      return answer.json().errors.map(({ detail }: { detail: string }) => detail);
    };
    expect(await refused(HEADING, good, good.replace("1.25", "-1").replace("csv-3", "csv-4"))).toEqual([
      expect.stringMatching(/^Line 3, commitment_per_hour: /),
    ]);
    expect(await refused(HEADING, good.replace("2026-01-01T00:00:00Z", "soon"))).toEqual([
      expect.stringMatching(/^Line 2, starts_at: /),
    ]);
    expect(
      await refused(
        HEADING,
        "reserved_instances,eu-1,m9z.large,standard,1y,no_upfront,2,0,0.05,,x,2026-01-01T00:00:00Z",
      ),
    ).toEqual([expect.stringMatching(/^Line 2, machine_type: /)]);
    expect(await refused(`${HEADING},colour`, `${good},red`)).toEqual([expect.stringContaining('"colour"')]);
    expect(await refused(HEADING, `${good},more`)).toEqual([expect.stringContaining("line 2")]);
    expect(await refused(HEADING)).toEqual(["There is no line below the heading."]);
    const twice = await importFile([HEADING, good, good]);
    expect(twice.json()).toMatchObject({ code: "already_registered", detail: expect.stringContaining("Line 3") });
    expect(await all()).toEqual(before);
  });

  it("expiries: what ends, by month, with what was paid at the start spread over the term", async () => {
    await api.owner.query("delete from commitment");
    await register({ starts_at: "2026-11-01T00:00:00.000Z", external_id: "e-1", count: 2 });
    await ask("POST", "/v1/admin/commitments", {
      kind: "compute_savings_plan",
      term: "3y",
      payment_option: "no_upfront",
      commitment_per_hour: usd("0.4"),
      starts_at: "2026-11-02T00:00:00.000Z",
    });
    const { months } = (await ask("GET", "/v1/admin/commitment_expiries")).json();
    // 292 $ over 8,760 hours and 0.0333 $ an hour, twice.
    expect(months).toEqual([
      { month: "2027-11", commitments: 1, per_hour: usd("0.133266000000"), share: 0.249905 },
      { month: "2029-11", commitments: 1, per_hour: usd("0.400000000000"), share: 0.750095 },
    ]);
  });
});

describe("a purchase by hand", () => {
  const idOf = (n: number) => idFromUuid("reservationPurchase", String(n).repeat(32));
  const plan = {
    kind: "compute_savings_plan",
    term: "1y",
    payment_option: "no_upfront",
    starts_at: "2026-06-02T00:00:00.000Z",
  };
  const body = { ...plan, commitment_per_hour: usd("0.25"), reservation_purchase_id: idOf(1) };
  const stateOf = async (id: string) => (await ask("GET", `/v1/admin/reservation_purchases/${id}`)).json();

  it("201: is bought as the commitment that is registered for it, once", async () => {
    for (const [index, state] of (["by_hand", "planned"] as const).entries()) {
      await api.owner.query(
        `insert into reservation_purchase (id, plan_id, purchase, part, state, product, region, machine_type, count, offering_class, term,
                                           payment_option, upfront_micro_usd, hourly_micro_usd, due_at)
         select $1, $1, 0, 0, $2, 'compute 1y', case when r then 'us-east-1' end, case when r then 'm7i.xlarge' end, case when r then 1 end,
                case when r then 'standard' end, '1y', 'no_upfront', case when r then 0 end, case when r then 1 end, now()
           from (select $2 = 'planned' as r) kind`,
        [idOf(index + 1), state],
      );
    }
    const faultOf = async (change: object) => {
      const answer = await ask("POST", "/v1/admin/commitments", { ...body, ...change });
      return [answer.statusCode, answer.json().errors?.[0]?.code, answer.json().errors?.[0]?.pointer];
    };
    expect(await faultOf({})).toEqual([422, "required", "/external_id"]);
    const other = { external_id: "sp-by-hand", reservation_purchase_id: idOf(2) };
    expect(await faultOf(other)).toEqual([422, "not_by_hand", "/reservation_purchase_id"]);
    expect(await stateOf(idOf(1))).toMatchObject({ state: "by_hand", external_id: null });
    const made = await ask("POST", "/v1/admin/commitments", { ...body, external_id: "sp-by-hand" });
    expect(made.statusCode, made.body).toBe(201);
    expect(await stateOf(idOf(1))).toMatchObject({ state: "bought", external_id: "sp-by-hand" });
    expect(await faultOf({ external_id: "sp-again" })).toEqual([422, "not_by_hand", "/reservation_purchase_id"]);
    const listed = (await ask("GET", "/v1/admin/commitments")).json().data;
    expect(listed.filter((one: { external_id: string }) => one.external_id?.startsWith("sp-"))).toHaveLength(1);
  });
});
