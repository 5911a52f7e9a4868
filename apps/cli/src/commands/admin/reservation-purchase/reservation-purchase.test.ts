import { afterEach, expect, test } from "vitest";
import { startFakeApi } from "../../../test-support/fake-api.ts";
import { run } from "../../../test-support/run.ts";

const usd = (amount: string) => ({ amount, currency: "USD" });
const PURCHASE = {
  id: "rpu_1",
  reservation_plan_id: "rsp_1",
  state: "buying",
  product: "us-east-1/m7i 1y standard partial_upfront",
  region: "us-east-1",
  machine_type: "m7i.4xlarge",
  count: 2,
  offering_class: "standard",
  term: "1y",
  payment_option: "partial_upfront",
  most_upfront: usd("2001.000000000000"),
  most_per_hour: usd("0.239000000000"),
  due_at: "2026-12-01T00:00:00.000Z",
  asked_at: "2026-12-01T00:00:10.000Z",
  external_id: null,
  waiting_for: [
    { name: "purchase_unknown", subject: "rpu_1", since: "2026-12-01T00:20:00.000Z", hint: "look at its console" },
  ],
  generation: 1,
  created_at: "2026-11-29T00:00:00.000Z",
};

let api: Awaited<ReturnType<typeof startFakeApi>>;
afterEach(() => api?.close());
async function purchase(...words: string[]) {
  api = await startFakeApi(({ method, path }) => {
    if (method === "POST") return { body: { ...PURCHASE, state: path.endsWith("/drop") ? "dropped" : "planned" } };
    if (path === "/v1/admin/reservation_purchases") return { body: { data: [PURCHASE], next_page_token: null } };
    return { body: PURCHASE };
  });
  return run(["admin", "reservation-purchase", ...words], { env: { BERTH_API_URL: api.url, BERTH_API_KEY: "x" } });
}

test("purchases are listed with what holds each, and shown with the price that they are bought within", async () => {
  const { out } = await purchase("list", "--state", "buying");
  expect(out).toMatch(
    /^buying +2 m7i\.4xlarge in us-east-1 +1y +partial_upfront +2026-12-01 +purchase_unknown +rpu_1$/m,
  );
  expect(api.requests.at(-1)?.query.get("state")).toBe("buying");
  await api.close();
  const shown = await purchase("get", "rpu_1");
  expect(shown.out).toMatch(/^At most: +\$2001\.00 at the start and \$0\.239 an hour each$/m);
  expect(shown.out).toMatch(/^Waits for: +purchase_unknown: look at its console$/m);
});

test.each([
  ["drop", "dropped"],
  ["retry", "planned"],
])("%s is sent, and what became of it is told", async (act, state) => {
  expect((await purchase(act, "rpu_1")).out).toBe(`rpu_1 is ${state}.\n`);
  expect(api.requests.at(-1)).toMatchObject({ method: "POST", path: `/v1/admin/reservation_purchases/rpu_1/${act}` });
});
