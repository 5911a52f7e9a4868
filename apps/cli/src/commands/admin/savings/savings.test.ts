import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { EXIT_CODES } from "../../../exit-codes.ts";
import { startFakeApi } from "../../../test-support/fake-api.ts";
import { run } from "../../../test-support/run.ts";

const usd = (amount: string) => ({ amount, currency: "USD" });
const step = (name: string, hour: string, saved: number, more: object = {}) => ({
  name,
  per_hour: usd(hour),
  per_month: usd("730.000000000000"),
  per_year: usd("8760.000000000000"),
  on_demand_per_hour: usd(hour),
  committed_per_hour: usd("0.000000000000"),
  saved,
  coverage: 0,
  utilization: null,
  machines: [
    {
      region: "us-east-1",
      machine_type: "m7i.xlarge",
      count: 5,
      each_per_hour: usd("0.200000000000"),
      per_hour: usd("1.000000000000"),
    },
  ],
  commitments: [],
  ...more,
});
const SAVINGS = {
  made_at: "2026-11-29T00:00:00.000Z",
  saving: 0.7,
  steps: [
    step("one_machine_each", "2.000000000000", 0),
    step("packed", "1.000000000000", 0.5),
    step("with_held", "0.600000000000", 0.7, {
      coverage: 1,
      utilization: 1,
      commitments: [
        {
          commitment_id: "cmt_1",
          description: "5 m7i.xlarge in us-east-1",
          per_hour: usd("0.600000000000"),
          utilization: 1,
        },
      ],
    }),
    step("with_plan", "0.600000000000", 0.7),
  ],
  plan: null,
  instances_without_machine: 2,
  unpriced_machine_types: ["m9z.large"],
  unrated_commitments: ["cmt_2"],
  price_books: [
    {
      price_book_id: "pbk_1",
      kind: "reserved_instances",
      region: "us-east-1",
      version: 2,
      source: "a list",
      estimates: 3,
      created_at: "2026-11-28T00:00:00.000Z",
    },
  ],
};

let api: Awaited<ReturnType<typeof startFakeApi>>;
afterEach(() => api?.close());
async function savings(...words: string[]) {
  api = await startFakeApi(({ path }) =>
    path === "/v1/admin/savings"
      ? { body: SAVINGS }
      : (response) => response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<!doctype html>"),
  );
  return run(["admin", "savings", ...words], { env: { BERTH_API_URL: api.url, BERTH_API_KEY: "x" } });
}

test("steps are shown with what each saves, and what the figures leave out", async () => {
  const { code, out, err } = await savings();
  expect(code).toBe(0);
  expect(out).toMatch(/^one machine each +\$2\.00 +\$730\.00 +\$8760\.00 +0% +0% +-$/m);
  expect(out).toMatch(/^with what is held +\$0\.60 .* 70% +100% +100%$/m);
  expect(out).toMatch(/^Saved: +70%$/m);
  expect(err).toContain("m9z.large");
  expect(err).toContain("2 of the instances");
});

test("rows are what each figure is the sum of", async () => {
  const { out } = await savings("--rows");
  expect(out).toMatch(/^with what is held +m7i\.xlarge, us-east-1 +5 +\$0\.20 +\$1\.00$/m);
  expect(out).toMatch(/^with what is held +5 m7i\.xlarge in us-east-1 +- +- +\$0\.60$/m);
  expect(out).toMatch(/^packed, on demand +sum +- +- +\$1\.00$/m);
});

test("the report to print goes to standard output, or to a file", async () => {
  expect((await savings("--file", "html")).out).toBe("<!doctype html>");
  await api.close();
  const folder = await mkdtemp(join(tmpdir(), "berth-savings-"));
  const path = join(folder, "savings.html");
  const { out, err } = await savings("--file", "html", "--out", path);
  expect({ out, written: await readFile(path, "utf8") }).toEqual({ out: "", written: "<!doctype html>" });
  expect(err).toContain(path);
  await rm(folder, { recursive: true });
});

test.each([[["--file", "pdf"]], [["--out", "x.html"]]])("%j is a usage error", async (words) => {
  expect((await savings(...words)).code).toBe(EXIT_CODES.usage);
});
