import { afterEach, expect, test } from "vitest";
import { EXIT_CODES } from "../exit-codes.ts";
import { type FakeAnswer, startFakeApi } from "../test-support/fake-api.ts";
import { run } from "../test-support/run.ts";

let api: Awaited<ReturnType<typeof startFakeApi>>;
afterEach(() => api.close());

const event = (n: number) => ({
  id: `evt_${n}`,
  created_at: "2026-11-28T00:00:00Z",
  type: "cluster.created",
  target: { type: "cluster", id: "cl_1" },
  operation_id: null,
  data: {},
});

const environment = () => ({ BERTH_API_URL: api.url, BERTH_API_KEY: "x", BERTH_CONFIG: "/nonexistent/c" });

test.each([
  [[], "more", "Only the oldest 2. Go on with: berth events --after evt_2\n"],
  [["--after", "evt_0"], "more", "Only the first 2. Go on with: berth events --after evt_2\n"],
  [["--cluster", "cl_1"], "more", "Only the oldest 2. Go on with: berth events --cluster cl_1 --after evt_2\n"],
  [[], null, ""],
])("events with %j of which there is %s say how to go on", async (words, next_page_token, err) => {
  const page = { data: [event(1), event(2)], next_page_token };
  api = await startFakeApi(({ path }) => ({ body: path === "/v1/events" ? page : { id: "cl_1" } }));
  const result = await run(["events", "--limit", "2", ...words], { env: environment() });
  expect(result).toMatchObject({ code: 0, err });
});

test.each([
  [[], [], "berth events -f"],
  [["--after", "evt_0"], [], "berth events -f --after evt_0"],
  [["--operation", "op_1"], [event(1)], "berth events -f --operation op_1 --after evt_1"],
])("following %j, stopped after %j, says how to go on", async (words, seen, command) => {
  const interruption = new AbortController();
  const answer: FakeAnswer = (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const one of seen) response.write(`id: ${one.id}\ndata: ${JSON.stringify(one)}\n\n`);
    response.flushHeaders();
    if (seen.length === 0) interruption.abort();
  };
  api = await startFakeApi(() => answer);
  const result = await run(["events", "-f", ...words], {
    env: environment(),
    interrupt: interruption.signal,
    onOut: () => interruption.abort(),
  });
  expect(result.code).toBe(EXIT_CODES.interrupted);
  expect(result.err).toBe(`error: stopped following\nGo on with: ${command}\n`);
});
