import { afterEach, expect, test } from "vitest";
import { startFakeApi } from "../../../test-support/fake-api.ts";
import { run } from "../../../test-support/run.ts";

const READING = {
  id: "prd_1",
  region: "us-east-1",
  except: ["u-6tb1.metal"],
  books: [
    {
      kind: "on_demand",
      outcome: "refused",
      version: 3,
      left_out: 1,
      faults: ["m7i.large: 0 (price_jumped)"],
      fault_count: 2,
    },
    { kind: "reserved_instances", outcome: "unchanged", version: 2, left_out: 0, faults: [], fault_count: 0 },
  ],
  waiting_for: [
    {
      name: "price_list_refused",
      subject: "us-east-1/on_demand",
      since: "2026-11-29T04:00:00.000Z",
      hint: "m7i.large",
    },
  ],
  asked_at: null,
  read_at: "2026-11-29T04:00:00.000Z",
  next_at: "2026-11-30T04:00:00.000Z",
  created_at: "2026-11-01T00:00:00.000Z",
};

let api: Awaited<ReturnType<typeof startFakeApi>>;
afterEach(() => api?.close());
async function priceBook(...words: string[]) {
  api = await startFakeApi(({ method, path }) => {
    if (method === "POST") return { status: 202, body: READING };
    if (path === "/v1/admin/price_readings") return { body: { data: [READING], next_page_token: null } };
    return { body: READING };
  });
  return run(["admin", "price-book", ...words], { env: { BERTH_API_URL: api.url, BERTH_API_KEY: "x" } });
}

test("a reading is asked for with what is left out from now on, and what was left out before stays when nothing is said", async () => {
  const { out } = await priceBook("read", "--region", "us-east-1", "--except", "mac1.metal,u-6tb1.metal");
  expect(out).toContain("berth admin price-book reading prd_1");
  expect(api.requests.at(-1)?.body).toEqual({ region: "us-east-1", except: ["mac1.metal", "u-6tb1.metal"] });
  await api.close();
  await priceBook("read", "--region", "us-east-1");
  expect(api.requests.at(-1)?.body).toEqual({ region: "us-east-1" });
});

test("readings are listed with what came of each kind and what holds them back, and one is shown with the reason", async () => {
  const { out } = await priceBook("readings", "--region", "us-east-1");
  expect(out).toMatch(/^us-east-1 +\S+ +on_demand:refused,reserved_instances:unchanged +price_list_refused +prd_1$/m);
  expect(api.requests.at(-1)?.query.get("region")).toBe("us-east-1");
  await api.close();
  const shown = await priceBook("reading", "prd_1");
  expect(shown.out).toMatch(
    /^on_demand: +refused, version 3 holds, 1 left out; m7i\.large: 0 \(price_jumped\); and 1 more$/m,
  );
  expect(shown.out).toMatch(/^Waits for: +price_list_refused: m7i\.large$/m);
});
