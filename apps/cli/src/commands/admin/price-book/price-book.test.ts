import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EXIT_CODES } from "../../../exit-codes.ts";
import { type FakeAnswer, problem, startFakeApi } from "../../../test-support/fake-api.ts";
import { run } from "../../../test-support/run.ts";

const MONEY = { amount: "0.100800000000", currency: "USD" };
const BOOK = {
  id: "pbk_1",
  region: "here",
  version: 3,
  kind: "on_demand",
  source: "a list",
  machine_types: 2,
  estimates: 0,
  created_at: "2026-11-28T00:00:00Z",
};
const KUBES = [
  { id: "kub_1", region: "here", static: false },
  { id: "kub_2", region: "there", static: true },
  { id: "kub_3", region: "here", static: false },
];

let folder: string;
let file: string;
let api: Awaited<ReturnType<typeof startFakeApi>>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-prices-"));
  file = join(folder, "prices.json");
});
afterEach(async () => {
  await api?.close();
  await rm(folder, { recursive: true });
});

const imported: FakeAnswer = { status: 201, body: { ...BOOK, changed_offerings: 6 } };
async function priceBook(words: readonly string[], answer = imported) {
  api = await startFakeApi(({ method, path }) => {
    if (method === "POST") return answer;
    if (path === "/v1/admin/kubes") return { body: { data: KUBES, next_page_token: null } };
    if (path === "/v1/admin/price_books") return { body: { data: [BOOK], next_page_token: null } };
    return { body: { ...BOOK, prices: { "m7i.large": MONEY }, rates: [] } };
  });
  return run(["admin", "price-book", ...words], { env: { BERTH_API_URL: api.url, BERTH_API_KEY: "x" } });
}
const sent = () => api.requests.filter(({ method }) => method === "POST").map(({ body }) => body);
const prices = { "m7i.large": 0.1008, "u-6tb1.metal": 0 };
const write = (content: object) => writeFile(file, JSON.stringify(content));

test("a file is sent region by region where machines are launched, as it is written, with where it comes from", async () => {
  await write({ meta: { source: "a list", asOf: "May" }, regions: { here: prices, there: prices } });
  const { code, out, err } = await priceBook(["import", file]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(sent()).toEqual([
    { region: "here", kind: "on_demand", source: "a list (May)", prices: "m7i.large 0.1008\nu-6tb1.metal 0\n" },
  ]);
  expect(out).toMatch(/^here +3 +on_demand +2 +6 +pbk_1$/m);
});

test("one region can be chosen, types left out, and the source given", async () => {
  await write({ regions: { here: prices, there: prices } });
  const { code } = await priceBook([
    "import",
    file,
    "--region",
    "there",
    "--except",
    "u-6tb1.metal",
    "--source",
    "mine",
  ]);
  expect(code).toBe(0);
  expect(sent()).toEqual([{ region: "there", kind: "on_demand", source: "mine", prices: "m7i.large 0.1008\n" }]);
});

test("rates are sent a line each, in the words of the API", async () => {
  const reserved = { "1y": { standard: { no: [0, 0.06668], all: [560, 0] } } };
  await write({ meta: { source: "a list" }, regions: { here: { "m7i.large": reserved } } });
  expect((await priceBook(["import", file, "--kind", "reserved_instances"])).code).toBe(0);
  const lines = "m7i.large 1y standard no_upfront 0 0.06668\nm7i.large 1y standard all_upfront 560 0\n";
  expect(sent()).toMatchObject([{ kind: "reserved_instances", prices: lines }]);
  await api.close();
  await write({ meta: { source: "a list" }, regions: { here: { "m7i.large": { "3y": { partial: 0.05 } } } } });
  expect((await priceBook(["import", file, "--kind", "compute_savings_plan"])).code).toBe(0);
  expect(sent()).toMatchObject([{ kind: "compute_savings_plan", prices: "m7i.large 3y partial_upfront 0.05\n" }]);
  await api.close();
  const { code, err } = await priceBook(["import", file, "--kind", "reserved_instances"]);
  expect(code).toBe(EXIT_CODES.usage);
  expect(err).toContain("no rates of the kind reserved_instances");
});

test("a rate's label says whether it is an estimate: by that word, or by a source that does not know the split", async () => {
  const sources = { a: { split: "exact" }, d: { split: "no and all: exact; partial: RECONSTRUCTED" } };
  const standard = { no: [0, 0.06, "d"], partial: [260, 0.03, "d"], all: [500, 0, "a"] };
  const convertible = { no: [0, 0.07, "estimate"], partial: [270, 0.031, "a"] };
  await write({
    meta: { source: "s", sources },
    regions: { here: { "m7i.large": { "1y": { standard, convertible } } } },
  });
  expect((await priceBook(["import", file, "--kind", "reserved_instances"])).code).toBe(0);
  expect((sent()[0] as { prices: string }).prices.split("\n")).toEqual([
    "m7i.large 1y standard no_upfront 0 0.06",
    "m7i.large 1y standard partial_upfront 260 0.03 estimate",
    "m7i.large 1y standard all_upfront 500 0",
    "m7i.large 1y convertible no_upfront 0 0.07 estimate",
    "m7i.large 1y convertible partial_upfront 270 0.031",
    "",
  ]);
  await api.close();
  await write({
    meta: { source: "s" },
    regions: { here: { "m7i.large": { "1y": { standard: { no: [0, 0.06, "a"] } } } } },
  });
  const { code, err } = await priceBook(["import", file, "--kind", "reserved_instances"]);
  expect(code).toBe(EXIT_CODES.usage);
  expect(err).toContain('labels a rate "a"');
  expect(sent()).toEqual([]);
});

test("what is no word becomes no line of its own: it is sent to be refused", async () => {
  await write({
    meta: { source: "s" },
    regions: { here: { "m7i.large 0.1\nm7i.xlarge": 0.2, "m7i.large": [0.1], "m7i.2xlarge": "0.4\nm7i.4xlarge 0.8" } },
  });
  await priceBook(["import", file]);
  expect((sent()[0] as { prices: string }).prices.split("\n")).toEqual([
    '"m7i.large 0.1\\nm7i.xlarge" 0.2',
    "m7i.large [0.1]",
    'm7i.2xlarge "0.4\\nm7i.4xlarge 0.8"',
    "",
  ]);
});

test("a number that JSON cannot hold is sent to be refused, and the refusal names type and rule", async () => {
  await writeFile(file, '{"meta": {"source": "a list"}, "regions": {"here": {"m7i.large": 1e999}}}');
  const errors = [{ pointer: "/prices", code: "not_a_price", detail: "m7i.large: Not a decimal number." }];
  const { code, err } = await priceBook(["import", file], problem(422, "validation_failed", { errors }));
  expect(sent()).toMatchObject([{ prices: "m7i.large Infinity\n" }]);
  expect(code).toBe(EXIT_CODES.usage);
  expect(err).toContain("m7i.large: Not a decimal number.");
});

test.each([
  ["no JSON", "the file is no JSON", []],
  ["{}", "the file has no prices", []],
  ['{"meta": {"source": "s"}, "regions": {"there": {}}}', "no prices of there", ["--region", "there"]],
  ['{"regions": {"here": {"m7i.large": 0.1}}}', "does not say where its prices come from", []],
  ['{"meta": {"source": "s"}, "regions": {"here": {"m7i.large": 0.1}}}', "no prices of there", ["--region", "there"]],
])("%s is a usage error and sends nothing", async (text, message, words) => {
  await writeFile(file, text);
  const { code, err } = await priceBook(["import", file, ...words]);
  expect(code).toBe(EXIT_CODES.usage);
  expect(err).toContain(message);
  expect(sent()).toEqual([]);
});

test("books are listed, of one region and kind when asked, and one is shown with its prices", async () => {
  const { out } = await priceBook(["list", "--region", "here", "--kind", "on_demand"]);
  expect(out).toMatch(/^here +3 +on_demand +2 /m);
  expect(api.requests.at(-1)?.query.get("region")).toBe("here");
  expect(api.requests.at(-1)?.query.get("kind")).toBe("on_demand");
  await api.close();
  const shown = await priceBook(["get", "pbk_1"]);
  expect(shown.out).toMatch(/^Source: +a list$/m);
  expect(shown.out).toMatch(/^m7i\.large +\$0\.1008/m);
});
