import { afterEach, expect, test } from "vitest";
import { EXIT_CODES } from "../exit-codes.ts";
import { type FakeAnswer, type FakeRequest, startFakeApi } from "../test-support/fake-api.ts";
import { run } from "../test-support/run.ts";

let api: Awaited<ReturnType<typeof startFakeApi>> | undefined;
afterEach(async () => {
  await api?.close();
  api = undefined;
});

const at = (second: number) => new Date(second * 1000).toISOString();
const operation = (state: string, steps: readonly object[], error: object | null = null) => ({
  id: "op_1",
  kind: "cluster.create",
  state,
  target: { type: "cluster", id: "cl_1", generation: 1 },
  progress: { percent: 0, step: null, steps },
  error,
  requested_by: "key_1",
  request_id: "req_1",
  created_at: at(0),
  started_at: at(0),
  finished_at: null,
});
const step = (name: string, state: string, message = "") => {
  return { name, state, started_at: at(0), finished_at: state === "succeeded" ? at(2) : null, message };
};
const waiting = [{ name: "waiting_for_machine", subject: "data-0", since: at(0), hint: "It boots." }];

/** Answers the n-th look at the operation with the n-th of these, then with the last; the event stream never ends and wakes often. */
function playing(looks: readonly object[]): (request: FakeRequest) => FakeAnswer {
  let look = 0;
  return ({ path, headers }) => {
    if (headers.accept === "text/event-stream") {
      return (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        const send = () => response.write('id: evt_1\nevent: operation.step\ndata: {"id":"evt_1"}\n\n');
        const timer = setInterval(send, 20);
        response.on("close", () => clearInterval(timer));
      };
    }
    if (path === "/v1/operations/op_1") return { body: looks[Math.min(look++, looks.length - 1)] };
    return { body: { id: "cl_1", status: { waiting_for: waiting } } };
  };
}

async function watch(words: readonly string[], looks: readonly object[], options: Parameters<typeof run>[1] = {}) {
  api = await startFakeApi(playing(looks));
  return run(["operation", "watch", "op_1", ...words], {
    ...options,
    env: { BERTH_API_URL: api.url, BERTH_API_KEY: "x" },
  });
}

const RUNNING = operation("running", [step("objects", "succeeded"), step("placement", "running", "2 of 3")]);
const DONE = operation("succeeded", [step("objects", "succeeded"), step("placement", "succeeded", "3 of 3")]);

test("each change of a step and each new reason to wait is one line on stderr, the operation is the data", async () => {
  const { code, out, err } = await watch([], [RUNNING, RUNNING, DONE]);
  expect(code).toBe(EXIT_CODES.ok);
  expect(err).toBe(
    [
      "objects succeeded (2s)",
      "placement running: 2 of 3",
      "  waits: waiting_for_machine (data-0): It boots.",
      "placement succeeded (2s): 3 of 3",
      "",
    ].join("\n"),
  );
  expect(out).toContain("State:");
});

test("with -o json stdout is the operation and stderr stays empty", async () => {
  const { out, err } = await watch(["-o", "json"], [RUNNING, DONE]);
  expect(JSON.parse(out)).toEqual(DONE);
  expect(err).toBe("");
});

test("an operation that fails ends with 7, and with its error as the problem object", async () => {
  const failed = operation("failed", [step("objects", "failed", "no")], {
    code: "denied",
    message: "no",
    retryable: false,
  });
  expect(await watch([], [failed])).toMatchObject({ code: EXIT_CODES.operationFailed, out: "" });
  await api?.close();
  const { err, code } = await watch(["-o", "json"], [failed]);
  expect(code).toBe(EXIT_CODES.operationFailed);
  expect(JSON.parse(err)).toMatchObject({ code: "denied", detail: "no", operation_id: "op_1" });
});

test("a wait that takes too long ends with 8 and says how to go on", async () => {
  const { code, err } = await watch(["--timeout", "100ms"], [RUNNING]);
  expect(code).toBe(EXIT_CODES.waitTimedOut);
  expect(err).toContain("berth operation watch op_1");
});

test("Ctrl-C stops the watching alone: 130, how to resume, and no request that changes anything", async () => {
  const interrupt = new AbortController();
  const onErr = (text: string) => {
    if (text.includes("placement running")) interrupt.abort();
  };
  const { code, err } = await watch([], [RUNNING], { interrupt: interrupt.signal, onErr });
  expect(code).toBe(EXIT_CODES.interrupted);
  expect(err).toContain("berth operation watch op_1");
  expect(api?.requests.every((request) => request.method === "GET")).toBe(true);
});
