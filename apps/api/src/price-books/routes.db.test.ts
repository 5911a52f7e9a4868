import { listRateBooks } from "@berth/db";
import type { Rate } from "@berth/domain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestApi, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
let inUse: readonly string[];
beforeAll(async () => {
  api = await startTestApi();
  const rows = await api.owner.query<{ type: string }>(
    "select distinct unnest(p.machine_types) as type from pool p join kube k on k.id = p.kube_id where k.region = 'us-east-1'",
  );
  inUse = rows.map(({ type }) => type);
});
afterAll(() => api.close());

const ask = (method: string, url: string, body?: object) =>
  api.ask(method, url, { key: api.operator.key, ...(body === undefined ? {} : { body }) });
const send = (prices: string, region = "us-east-1") =>
  ask("POST", "/v1/admin/price_books", { region, source: "AWS Price List", prices });
/** Every type in use at one price, and what else is given. */
const listAt = (price: string, ...more: string[]) => [...inUse.map((type) => `${type} ${price}`), ...more].join("\n");
const offered = () =>
  api.owner.query(
    "select machine_type, price_micro_usd_per_hour as price from offering where region = 'us-east-1' order by 1, 2",
  );
const books = async () => (await ask("GET", "/v1/admin/price_books?region=us-east-1")).json().data;

describe("price books", () => {
  it("201: the prices hold for what could be launched, and the book can be read again", async () => {
    const first = await send(listAt("0.25", "z9.large 1.5"));
    expect(first.statusCode, first.body).toBe(201);
    expect(first.json()).toMatchObject({ region: "us-east-1", version: 1, machine_types: inUse.length + 1 });
    expect(first.json().changed_offerings).toBeGreaterThan(0);
    const held = await offered();
    expect(held.filter((one) => inUse.includes((one as { machine_type: string }).machine_type))).not.toEqual([]);
    for (const one of held as { machine_type: string; price: number }[]) {
      if (inUse.includes(one.machine_type)) expect(one.price).toBe(250_000);
    }
    const second = (await send(listAt("0.26"))).json();
    expect(second).toMatchObject({ version: 2 });
    const old = (await ask("GET", first.headers.location as string)).json();
    expect(old.prices["z9.large"]).toEqual({ amount: "1.500000000000", currency: "USD" });
    expect((await books()).map(({ version }: { version: number }) => version)).toEqual([2, 1]);
    expect((await ask("GET", `/v1/admin/price_books/${second.id}`)).json()).toMatchObject({ version: 2 });
    const [due] = await api.owner.query(
      "select next_check_at <= now() as due from kube where region = 'us-east-1' limit 1",
    );
    expect(due).toEqual({ due: true });
  });

  it.each([
    ["0", "price_not_positive"],
    ["-0.25", "price_not_positive"],
    ["Infinity", "not_a_price"],
    ["260", "price_jumped"],
    ["0.00026", "price_jumped"],
    ["5000", "price_too_high"],
  ])("422: one price of %s refuses the list by type and rule, and what held holds on", async (price, rule) => {
    const before = [await offered(), await books()];
    const [type = "", ...rest] = inUse;
    const refused = await send([`${type} ${price}`, ...rest.map((one) => `${one} 0.27`)].join("\n"));
    expect(refused.statusCode).toBe(422);
    expect(refused.json().errors).toMatchObject([
      { pointer: "/prices", code: rule, detail: expect.stringMatching(`^${type}: .+ \\(${rule}\\)$`) },
    ]);
    expect([await offered(), await books()]).toEqual(before);
  });

  it("422: a list without a type that is in use, also one that only a machine is of", async () => {
    const [type = "", ...rest] = inUse;
    const refused = await send(rest.map((one) => `${one} 0.27`).join("\n") || "z9.large 1.5");
    expect(refused.json().errors).toMatchObject([{ code: "price_missing", detail: expect.stringContaining(type) }]);
    await api.owner.query(
      `insert into machine (id, kube_id, pool_id, state, node_name, zone, machine_type, price_micro_usd_per_hour, allocatable)
       select 'mac_old', kube_id, id, 'ready', 'old', 'us-east-1a', 'r3.large', 1, '{}' from pool limit 1`,
    );
    const lacking = await send(listAt("0.27"));
    expect(lacking.json().errors).toMatchObject([
      { code: "price_missing", detail: expect.stringContaining("r3.large") },
    ]);
    await api.owner.query("delete from machine where id = 'mac_old'");
    expect((await send(listAt("0.27"))).statusCode).toBe(201);
  });

  it("201: rates are a book of their own kind beside the prices, held against those on demand", async () => {
    const rates = (region: string, kind: string, prices: string) =>
      ask("POST", "/v1/admin/price_books", { region, kind, source: "AWS Price List", prices });
    const reserved = "m7i.large 1y standard no_upfront 0 0.06\nm7i.large 3y standard all_upfront 1000 0";
    const early = await rates("eu-8", "reserved_instances", reserved);
    expect(early.json().errors[0]).toMatchObject({ pointer: "/prices", code: "price_unknown" });
    await send("m7i.large 0.1", "eu-8");
    const book = await rates("eu-8", "reserved_instances", reserved);
    expect(book.statusCode, book.body).toBe(201);
    expect(book.json()).toMatchObject({
      kind: "reserved_instances",
      version: 2,
      machine_types: 1,
      changed_offerings: 0,
    });
    const whole = (await ask("GET", book.headers.location as string)).json();
    expect(whole.prices).toEqual({});
    const usd = (amount: string) => ({ amount, currency: "USD" });
    expect(whole.rates).toEqual([
      {
        machine_type: "m7i.large",
        term: "1y",
        offering_class: "standard",
        payment_option: "no_upfront",
        upfront: usd("0.000000000000"),
        per_hour: usd("0.060000000000"),
        estimate: false,
      },
      {
        machine_type: "m7i.large",
        term: "3y",
        offering_class: "standard",
        payment_option: "all_upfront",
        upfront: usd("1000.000000000000"),
        per_hour: usd("0.000000000000"),
        estimate: false,
      },
    ]);
    const faulty = await rates("eu-8", "compute_savings_plan", "m7i.large 1y no_upfront 70");
    expect(faulty.json().errors).toMatchObject([{ code: "rate_above_price" }]);
    // The prices on demand hold on, and further ones are held against them.
    expect((await send("m7i.large 100", "eu-8")).json().errors).toMatchObject([{ code: "price_jumped" }]);
    const kinds = async (query: string) =>
      (await ask("GET", `/v1/admin/price_books?region=eu-8${query}`))
        .json()
        .data.map((one: { kind: string }) => one.kind);
    expect(await kinds("")).toEqual(["reserved_instances", "on_demand"]);
    expect(await kinds("&kind=on_demand")).toEqual(["on_demand"]);
  });

  it("422: a price a thousand times the last is refused also after a list without its type, and in a region that is new", async () => {
    await send("q9.large 0.1", "eu-1");
    await send("q8.large 0.1", "eu-1");
    const jumped = (await send("q9.large 100", "eu-1")).json();
    expect(jumped.errors).toMatchObject([{ code: "price_jumped", detail: expect.stringContaining("after 100000") }]);
    const elsewhere = (await send("q8.large 100", "eu-2")).json();
    expect(elsewhere.errors).toMatchObject([
      { code: "price_jumped", detail: expect.stringContaining("100000 to 100000 in other regions") },
    ]);
  });

  it("keeps the label of an estimate, counts them, and gives none of them to plans, bills and reports", async () => {
    await send("m7i.large 0.1\nm7i.xlarge 0.2", "eu-5");
    const prices =
      "m7i.large 1y standard no_upfront 0 0.06\nm7i.large 1y standard partial_upfront 260 0.03 estimate\nm7i.xlarge 1y standard no_upfront 0 0.12 estimate";
    const book = await ask("POST", "/v1/admin/price_books", {
      region: "eu-5",
      kind: "reserved_instances",
      source: "s",
      prices,
    });
    expect(book.json()).toMatchObject({ machine_types: 2, estimates: 2 });
    const { rates } = (await ask("GET", book.headers.location as string)).json();
    expect(rates.map(({ estimate }: { estimate: boolean }) => estimate)).toEqual([false, true, true]);
    const held = (await listRateBooks(api.owner, ["reserved_instances"])).find(({ region }) => region === "eu-5");
    const offers = (some: readonly Rate[] = []) => some.map((rate) => `${rate.machineType} ${rate.paymentOption}`);
    expect(offers(held?.rates)).toEqual(["m7i.large no_upfront"]);
    expect(offers(held?.estimates)).toEqual(["m7i.large partial_upfront", "m7i.xlarge no_upfront"]);
  });

  it("takes a list as long as the longest region's, and refuses another unit with its first hundred faults", async () => {
    const list = (price: string) => Array.from({ length: 1500 }, (_, n) => `x${n}.48xlarge ${price}`).join("\n");
    const long = await send(list("12.345678"), "eu-6");
    expect(long.statusCode, long.body).toBe(201);
    expect(long.json()).toMatchObject({ machine_types: 1500, changed_offerings: 0 });
    const other = await send(list("0.012345"), "eu-6");
    expect(other.statusCode).toBe(422);
    expect(other.json().errors).toHaveLength(100);
    expect(other.json().detail).toContain("x0.48xlarge");
    expect(other.json().detail).toContain("1499 more");
  });

  it("numbers the books of a region one after the other, also when two are imported at once", async () => {
    const both = await Promise.all([send("m7i.large 0.1", "eu-7"), send("m7i.large 0.1", "eu-7")]);
    expect(both.map((one) => one.json().version).sort()).toEqual([1, 2]);
  });
});
