import { afterEach, expect, test } from "vitest";
import { EXIT_CODES } from "../../exit-codes.ts";
import { type FakeAnswer, problem, startFakeApi } from "../../test-support/fake-api.ts";
import { run } from "../../test-support/run.ts";

const DEMO = { id: "cl_1", name: "demo" };

let api: Awaited<ReturnType<typeof startFakeApi>>;
afterEach(() => api.close());

async function update(words: readonly string[], answer: FakeAnswer = { body: DEMO }) {
  api = await startFakeApi(({ method, path }) => {
    if (method === "PATCH") return answer;
    if (path === "/v1/clusters") return { body: { data: [DEMO], next_page_token: null } };
    return { body: DEMO, headers: { etag: '"g7.s9"' } };
  });
  const env = { BERTH_API_URL: api.url, BERTH_API_KEY: "x", BERTH_CONFIG: "/nonexistent/c" };
  return run(["cluster", "update", "demo", "-o", "name", ...words], { env });
}

const patches = () => api.requests.filter(({ method }) => method === "PATCH");

test.each([
  [["--name", "search"], { name: "search" }],
  [["--label", "a=1", "--label", "b=", "--remove-label", "c"], { labels: { a: "1", b: "", c: null } }],
  [["--deletion-protection"], { deletion_protection: true }],
  [["--no-deletion-protection"], { deletion_protection: false }],
])("%j sends what was given and nothing else, of the version that was read", async (words, body) => {
  expect(await update(words)).toMatchObject({ code: 0, out: "cl_1\n" });
  expect(patches()).toMatchObject([{ path: "/v1/clusters/cl_1", headers: { "if-match": '"g7.s9"' } }]);
  expect(patches()[0]?.body).toEqual(body);
});

test.each([
  ["nothing", []],
  ["a label that is set and removed", ["--label", "a=1", "--remove-label", "a"]],
])("%s is a usage error and asks for nothing", async (_, words) => {
  expect(await update(words)).toMatchObject({ code: EXIT_CODES.usage, out: "" });
  expect(api.requests).toEqual([]);
});

test("somebody else's change is not lost: what to do is said", async () => {
  const { code, out, err } = await update(["--name", "search"], problem(412, "precondition_failed"));
  expect({ code, out }).toEqual({ code: EXIT_CODES.conflict, out: "" });
  expect(err).toContain("nothing of yours was stored");
  expect(err).toContain("berth cluster describe cl_1");
  expect(patches()).toHaveLength(1);
});
