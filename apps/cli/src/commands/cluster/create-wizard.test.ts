import { afterEach, describe, expect, test } from "vitest";
import { EXIT_CODES } from "../../exit-codes.ts";
import { type FakeAnswer, type FakeRequest, startFakeApi } from "../../test-support/fake-api.ts";
import { CTRL_C, DOWN, ENTER, fakeTerminal, type Reply } from "../../test-support/fake-terminal.ts";
import { run } from "../../test-support/run.ts";

const usd = (amount: string) => ({ amount, currency: "USD" });
const GIBIBYTE = 2 ** 30;
const size = (name: string, price: string) => ({
  name,
  memory_bytes: GIBIBYTE,
  cpu_millis: 500,
  storage_bytes: 30 * GIBIBYTE,
  price_per_hour: usd(price),
});
const CATALOGUE: Readonly<Record<string, readonly object[]>> = {
  "/v1/regions": [
    { name: "here", zones: ["a", "b"] },
    { name: "there", zones: ["c", "d", "e"] },
  ],
  "/v1/versions": [
    { engine: "elasticsearch", version: "9.2.1", default: false },
    { engine: "elasticsearch", version: "8.19.21", default: true },
    { engine: "opensearch", version: "2.19.4", default: true },
  ],
  "/v1/sizes": [size("1g", "0.022000000000"), size("8g", "0.176000000000")],
};
const PREVIEW = {
  feasible: true,
  name_taken: false,
  admission: { would_exceed: [], quotas: [], spend: { would_exceed: false, cap: null } },
  spec: { engine: "opensearch", version: "2.19.4", region: "there" },
  price_per_hour: usd("0.528000000000"),
  price_per_month: usd("385.440000000000"),
  placement: [],
  observed_at: null,
};
const CREATED = {
  id: "cl_1",
  name: "demo",
  initial_credential: { username: "admin", password: "secret" },
  current_operation: { id: "op_1" },
};

let api: Awaited<ReturnType<typeof startFakeApi>>;
afterEach(() => api.close());

async function create(words: readonly string[], replies: readonly Reply[], preview: object = PREVIEW) {
  api = await startFakeApi(({ path, query }: FakeRequest): FakeAnswer => {
    const data = CATALOGUE[path];
    if (data !== undefined) return { body: { data } };
    return query.get("dry_run") === "true" ? { body: preview } : { status: 202, body: CREATED };
  });
  const terminal = fakeTerminal(replies);
  const env = { BERTH_API_URL: api.url, BERTH_API_KEY: "berth_live_x", BERTH_CONFIG: "/nonexistent/c" };
  const result = await run(["cluster", "create", ...words], { env, terminal });
  return { ...result, screen: terminal.screen(), unanswered: terminal.waiting };
}

const made = () => api.requests.filter(({ method, query }) => method === "POST" && query.get("dry_run") !== "true");

const ANSWERS: readonly Reply[] = [
  { to: "Name", type: `demo${ENTER}` },
  { to: "Region", type: DOWN + ENTER },
  { to: "Version", type: DOWN + DOWN + ENTER },
  { to: "Size", type: DOWN + ENTER },
  { to: "Instances", type: ENTER },
  { to: "Zones", type: ENTER },
];

describe("a create on a terminal", () => {
  test("asks for what is missing, shows price, room and the same line, and creates what was agreed to", async () => {
    const { code, out, screen, unanswered } = await create([], [...ANSWERS, { to: "Create demo?", type: "y" }]);
    expect({ code, unanswered }).toEqual({ code: 0, unanswered: [] });
    const body = {
      name: "demo",
      region: "there",
      engine: "opensearch",
      version: "2.19.4",
      size: "8g",
      instances: 3,
      zones: 3,
    };
    expect(made().map((request) => request.body)).toEqual([body]);
    expect(screen).toMatch(/8g +0\.5 cores +30GiB storage +\$0\.176 an hour/);
    expect(screen).toContain("$0.528 an hour, $385.44 a month");
    expect(screen).toContain("there is room");
    expect(screen).toContain(
      "berth cluster create demo --region there --engine opensearch --version 2.19.4 --size 8g --instances 3 --zones 3\n",
    );
    expect(out).toContain("secret");
    expect(screen).not.toContain("secret");
  });

  test("offers the default version first", async () => {
    const { screen } = await create(
      ["demo", "--region", "here", "--engine", "elasticsearch"],
      [{ to: "Version", type: CTRL_C }],
    );
    const at = (text: string) => screen.indexOf(text);
    expect(at("elasticsearch 8.19.21 (default)")).toBeLessThan(at("elasticsearch 9.2.1"));
    expect(at("opensearch")).toBe(-1);
  });

  test("asks for nothing that was given, and no more zones than the region has", async () => {
    const words = ["search logs", "--region", "here", "--version", "9.2.1", "--instances", "5", "--label", "a=b c"];
    const { screen } = await create(words, [
      { to: "Size", type: ENTER },
      { to: "Zones", type: ENTER },
      { to: "Create search logs?", type: "y" },
    ]);
    expect(made()[0]?.body).toMatchObject({ name: "search logs", size: "1g", zones: 2, labels: { a: "b c" } });
    expect(screen).toContain(
      "berth cluster create 'search logs' --region here --version 9.2.1 --instances 5 --label 'a=b c' --size 1g --zones 2\n",
    );
  });

  test("does not take an answer that cannot be one", async () => {
    const { screen } = await create(
      ["--region", "here", "--version", "9.2.1", "--size", "1g"],
      [
        { to: "Name", type: `-${ENTER}` },
        { to: "a letter or digit at both ends", type: CTRL_C },
      ],
    );
    expect(screen).toContain("1 to 63 letters");
  });

  test.each(ANSWERS.map((_, index) => index))(
    "left at question %i ends as interrupted and makes nothing",
    async (n) => {
      const replies = ANSWERS.map((reply, index) => (index === n ? { to: reply.to, type: CTRL_C } : reply));
      const { code, out, err } = await create([], replies.slice(0, n + 1));
      expect({ code, out, requests: made() }).toEqual({ code: EXIT_CODES.interrupted, out: "", requests: [] });
      expect(err).toContain("nothing was done");
    },
  );

  test.each([
    ["no", "n", EXIT_CODES.usage],
    ["Enter alone", ENTER, EXIT_CODES.usage],
    ["Ctrl-C", CTRL_C, EXIT_CODES.interrupted],
  ])("that is answered with %s at the end makes nothing", async (_, type, expected) => {
    const { code, out } = await create([], [...ANSWERS, { to: "Create demo?", type }]);
    expect({ code, out, requests: made() }).toEqual({ code: expected, out: "", requests: [] });
  });

  test.each([
    ["a taken name", { name_taken: true }, EXIT_CODES.conflict],
    ["a quota", { admission: { ...PREVIEW.admission, would_exceed: ["instances"] } }, EXIT_CODES.quota],
  ])("is not offered what %s would refuse", async (_, over, expected) => {
    const { code } = await create([], ANSWERS, { ...PREVIEW, ...over });
    expect({ code, requests: made() }).toEqual({ code: expected, requests: [] });
  });

  test("says that instances without a place would wait", async () => {
    const replies = [...ANSWERS, { to: "it would wait for one. Create demo?", type: "n" }];
    expect((await create([], replies, { ...PREVIEW, feasible: false })).unanswered).toEqual([]);
  });

  test("with --dry-run asks and previews, and makes nothing", async () => {
    const { code, out } = await create(["--dry-run"], ANSWERS);
    expect({ code, requests: made() }).toEqual({ code: 0, requests: [] });
    expect(out).toContain("Nothing was stored");
  });

  test.each([
    ["y", 0, 1],
    ["n", EXIT_CODES.usage, 0],
  ])("that lacks the region alone asks for it, shows the price, and heeds %s", async (type, expected, clusters) => {
    const words = ["demo", "--size", "8g", "--instances", "3"];
    const { code, screen, unanswered } = await create(words, [
      { to: "Region", type: DOWN + ENTER },
      { to: "Create demo?", type },
    ]);
    expect({ code, unanswered, clusters: made().length }).toEqual({ code: expected, unanswered: [], clusters });
    expect(screen).toContain("$0.528 an hour, $385.44 a month");
    expect(screen).toContain("berth cluster create demo --size 8g --instances 3 --region there\n");
  });

  test("with --dry-run that lacks the region alone previews once", async () => {
    const words = ["demo", "--size", "8g", "--instances", "3", "--dry-run"];
    const { code } = await create(words, [{ to: "Region", type: ENTER }]);
    expect({ code, previews: api.requests.filter(({ method }) => method === "POST").length }).toEqual({
      code: 0,
      previews: 1,
    });
  });

  test("asks nothing when all was given", async () => {
    const words = ["demo", "--region", "here", "--size", "1g", "--instances", "1"];
    const { code, screen } = await create(words, []);
    expect(code).toBe(0);
    expect(screen).not.toContain("Create demo?");
    expect(made()).toHaveLength(1);
  });
});

test.each([["--no-input"], ["--yes"]])(
  "a create with %s asks nothing: a missing name is a usage error",
  async (option) => {
    const { code, err } = await create([option], []);
    expect({ code, requests: api.requests }).toEqual({ code: EXIT_CODES.usage, requests: [] });
    expect(err).toContain("missing required argument 'name'");
  },
);

test.each([[["demo"]], [["demo", "--size", "8g"]], [["demo", "--region", "here", "--instances", "3", "--dry-run"]]])(
  "%j without a terminal is told which options are missing, and asks for nothing",
  async (words) => {
    api = await startFakeApi(() => ({ body: { data: [] } }));
    const env = { BERTH_API_URL: api.url, BERTH_API_KEY: "x" };
    const { code, err } = await run(["cluster", "create", ...words], { env });
    expect({ code, requests: api.requests }).toEqual({ code: EXIT_CODES.usage, requests: [] });
    expect(err).toBe("error: give --size and --instances, or --component\n");
  },
);

test("a create without a terminal asks nothing", async () => {
  api = await startFakeApi(() => ({ body: { data: [] } }));
  const { code, err } = await run(["cluster", "create"], { env: { BERTH_API_URL: api.url, BERTH_API_KEY: "x" } });
  expect({ code, requests: api.requests }).toEqual({ code: EXIT_CODES.usage, requests: [] });
  expect(err).toContain("missing required argument 'name'");
});
