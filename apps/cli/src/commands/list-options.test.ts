import { afterEach, beforeEach, expect, test } from "vitest";
import { EXIT_CODES } from "../exit-codes.ts";
import { startFakeApi } from "../test-support/fake-api.ts";
import { run } from "../test-support/run.ts";

let api: Awaited<ReturnType<typeof startFakeApi>>;
beforeEach(async () => {
  api = await startFakeApi(() => ({ status: 200, body: { data: [], next_page_token: null } }));
});
afterEach(() => api.close());

const berth = (...args: string[]) => run(args, { env: { BERTH_API_URL: api.url, BERTH_API_KEY: "k" } });
const LISTS = [["cluster"], ["operation"], ["key"], ["audit"], ["admin", "audit"]].map((noun): [string, string[]] => [
  noun.join(" "),
  noun,
]);

const CUT = { data: [{ id: "prj_1", name: "search", created_at: "2026-11-28T00:00:00Z" }], next_page_token: "more" };
const note = "Only the first 1: more with --limit\n";

test.each([
  ["table", CUT, note],
  ["name", CUT, note],
  ["json", CUT, ""],
  ["yaml", CUT, ""],
  ["table", { ...CUT, next_page_token: null }, ""],
])("a list as %s that was cut says so where the data does not", async (format, body, expected) => {
  await api.close();
  api = await startFakeApi(() => ({ body }));
  expect((await berth("project", "list", "--limit", "1", "-o", format)).err).toBe(expected);
});

test.each(LISTS)("berth %s list asks for the time and the order that are given", async (_, noun) => {
  await berth(...noun, "list");
  expect([...(api.requests.at(-1)?.query.keys() ?? [])]).toEqual(["limit"]);
  await berth(...noun, "list", "--order", "newest");
  expect(api.requests.at(-1)?.query.get("order")).toBe("-created_at");
  await berth(...noun, "list", "--order", "oldest", "--since", "2026-11-01", "--until", "2026-12-01T00:00:00Z");
  expect(Object.fromEntries(api.requests.at(-1)?.query ?? [])).toMatchObject({
    order: "created_at",
    created_after: "2026-11-01T00:00:00.000Z",
    created_before: "2026-12-01T00:00:00.000Z",
  });
  const asked = api.requests.length;
  expect((await berth(...noun, "list", "--order", "created_at")).code).toBe(EXIT_CODES.usage);
  expect(api.requests).toHaveLength(asked);
});
