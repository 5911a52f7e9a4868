import { afterEach, expect, test } from "vitest";
import { EXIT_CODES } from "../../exit-codes.ts";
import { startFakeApi } from "../../test-support/fake-api.ts";
import { run } from "../../test-support/run.ts";

let api: Awaited<ReturnType<typeof startFakeApi>>;
afterEach(() => api.close());

test("a wait that is stopped by Ctrl-C says how to go on", async () => {
  const interruption = new AbortController();
  let looks = 0;
  api = await startFakeApi(({ path }) => {
    if (path === "/v1/events") return (response) => void response.writeHead(200).flushHeaders();
    looks += 1;
    if (looks === 2) interruption.abort();
    return { body: { id: "cl_1", name: "demo", status: { state: "deleting", waiting_for: [] } } };
  });
  const env = { BERTH_API_URL: api.url, BERTH_API_KEY: "x", BERTH_CONFIG: "/nonexistent/c" };
  const words = ["cluster", "wait", "cl_1", "--for", "deleted"];
  const { code, out, err } = await run(words, { env, interrupt: interruption.signal });
  expect({ code, out }).toEqual({ code: EXIT_CODES.interrupted, out: "" });
  expect(err).toContain("Go on with: berth cluster wait cl_1 --for deleted\n");
});
