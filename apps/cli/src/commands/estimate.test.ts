import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT_CODES } from "../exit-codes.ts";
import { type FakeAnswer, problem, startFakeApi } from "../test-support/fake-api.ts";
import { run } from "../test-support/run.ts";

const usd = (amount: string) => ({ amount, currency: "USD" });
const prices = { price_per_hour: usd("0.528000000000"), price_per_month: usd("385.440000000000") };
const totals = { instances: 3, memory_bytes: 24 * 2 ** 30, cpu_millis: 3000, storage_bytes: 720 * 2 ** 30 };
const one = { placement: [], components: [{ name: "data", size: "8g", ...prices, ...totals }] };
const answerOf = (clusters: readonly object[]) => ({
  clusters,
  feasible: true,
  ...prices,
  ...totals,
  hours_per_month: 730,
  admission: { would_exceed: [], quotas: [], spend: { would_exceed: false, cap: null } },
});
const TWO = {
  clusters: [
    { region: "here", size: "8g", instances: 3 },
    { region: "here", size: "1g", instances: 1 },
  ],
};

let api: Awaited<ReturnType<typeof startFakeApi>>;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-cli-"));
});
afterEach(async () => {
  await api.close();
  rmSync(folder, { recursive: true });
});

async function estimate(
  words: readonly string[],
  { stdin = "", answer }: { stdin?: string; answer?: FakeAnswer } = {},
) {
  api = await startFakeApi(({ method }) => {
    if (method === "GET") return { body: { data: [{ name: "here", zones: ["a"] }] } };
    return answer ?? { body: answerOf([one]) };
  });
  const env = { BERTH_API_URL: api.url, BERTH_API_KEY: "x", BERTH_CONFIG: "/nonexistent/c" };
  return run(["estimate", ...words], { env, stdin });
}

const asked = () => api.requests.filter(({ method }) => method === "POST").map(({ path, body }) => ({ path, body }));

describe("an estimate", () => {
  test("of options has what was given and the only region, and shows price and room", async () => {
    const { code, out } = await estimate(["--size", "8g", "--instances", "3", "--zones", "3", "--storage", "1g"]);
    expect(code).toBe(0);
    const body = { region: "here", size: "8g", instances: 3, zones: 3, storage_bytes: 2 ** 30 };
    expect(asked()).toEqual([{ path: "/v1/estimates", body }]);
    expect(out).toContain("$0.528 an hour, $385.44 a month");
    expect(out).toContain("there is room");
    expect(out).toMatch(/^COMPONENT .*\ndata +8g +3 +24GiB +720GiB +\$0\.528 +\$385\.44$/m);
  });

  test("takes the engine and its version", async () => {
    await estimate(["--size", "8g", "--instances", "3", "--engine", "opensearch", "--version", "2.19.4"]);
    expect(asked()[0]?.body).toMatchObject({ engine: "opensearch", version: "2.19.4" });
  });

  const places = [
    { component: "data", ordinal: 0, zone: "a", machine_type: "m", machine: "existing", reason: null },
    { component: "data", ordinal: 1, zone: "b", machine_type: null, machine: "none", reason: "The pool is full." },
  ];
  test("shows of what has no place why, and of several clusters which, and ends with 1", async () => {
    const body = { ...answerOf([one, { ...one, placement: places }]), feasible: false };
    const { code, out, err } = await estimate(["-f", "-"], { stdin: JSON.stringify(TWO), answer: { body } });
    expect(code).toBe(EXIT_CODES.failure);
    expect(out).toMatch(/^CLUSTER +INSTANCE +ZONE +WHY NOT\n +2 +data-1 +b +The pool is full\.\n$/m);
    expect(out).not.toContain("data-0");
    expect(err).toContain("not every instance has a place");
  });

  test("of what a quota would refuse is shown, and ends with 6 as the create would", async () => {
    const whole = answerOf([one]);
    const body = { ...whole, feasible: false, admission: { ...whole.admission, would_exceed: ["memory_bytes"] } };
    const { code, out, err } = await estimate(["--size", "8g", "--instances", "3", "-o", "json"], { answer: { body } });
    expect({ code, out: JSON.parse(out) }).toEqual({ code: EXIT_CODES.quota, out: body });
    expect(err).toContain("memory");
  });

  test("with -o json is the API's answer unchanged", async () => {
    const { out } = await estimate(["--size", "8g", "--instances", "3", "-o", "json"]);
    expect(JSON.parse(out)).toEqual(answerOf([one]));
  });

  test.each([
    ["YAML", "clusters:\n  - {region: here, size: 8g, instances: 3}\n  - {region: here, size: 1g, instances: 1}\n"],
    ["JSON", JSON.stringify(TWO)],
  ])("of a file of %s with several clusters is asked for as it stands, and tells them apart", async (_, text) => {
    const file = join(folder, "spec");
    writeFileSync(file, text);
    const { out } = await estimate(["-f", file], { answer: { body: answerOf([one, one]) } });
    expect(asked().map(({ body }) => body)).toEqual([TWO]);
    expect(out).toMatch(/^CLUSTER +COMPONENT .*\n +1 +data .*\n +2 +data /m);
    expect(api.requests).toHaveLength(1);
  });

  test("reads - from stdin", async () => {
    await estimate(["--file", "-"], { stdin: JSON.stringify(TWO) });
    expect(asked().map(({ body }) => body)).toEqual([TWO]);
  });

  test.each([
    ["nothing", []],
    ["a size alone", ["--size", "8g"]],
    ["a file and an option", ["-f", "-", "--size", "8g"]],
    ["a file that is not there", ["-f", "/nonexistent/spec"]],
    ["text that is neither YAML nor JSON", ["-f", "-"]],
  ])("of %s is a usage error and asks for nothing", async (_, words) => {
    expect(await estimate(words, { stdin: "a: [" })).toMatchObject({ code: EXIT_CODES.usage, out: "" });
    expect(api.requests).toEqual([]);
  });

  test("that the API refuses names the place in the file", async () => {
    const errors = [{ pointer: "/clusters/1/size", code: "unknown_size", detail: "No such size." }];
    const answer = problem(422, "validation_failed", { errors });
    const { code, err } = await estimate(["-f", "-"], { stdin: JSON.stringify(TWO), answer });
    expect(code).toBe(EXIT_CODES.usage);
    expect(err).toContain("/clusters/1/size  No such size.");
  });
});
