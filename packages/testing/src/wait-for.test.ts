import { describe, expect, it } from "vitest";
import { waitFor } from "./wait-for.ts";

describe("waitFor", () => {
  it("gives the first value that is not undefined, null or false", async () => {
    const answers = [undefined, null, false, 0];
    expect(await waitFor(() => answers.shift(), { timeoutMs: 1000, what: "zero", intervalMs: 1 })).toBe(0);
  });

  it("takes a throw for not yet", async () => {
    let calls = 0;
    const seen = await waitFor(
      () => {
        if (++calls < 3) throw new Error("connection refused");
        return calls;
      },
      { timeoutMs: 1000, what: "the third call", intervalMs: 1 },
    );
    expect(seen).toBe(3);
  });

  it("says at the end what it waited for, and the last throw as the cause", async () => {
    const cause = new Error("connection refused");
    const waiting = waitFor(() => Promise.reject(cause), { timeoutMs: 5, what: "the server", intervalMs: 1 });
    await expect(waiting).rejects.toThrow(/waited \d+ ms for the server: connection refused/);
    await expect(waiting).rejects.toHaveProperty("cause", cause);
  });

  it("looks once more after the last pause, so that a slow machine is not told wrong", async () => {
    let calls = 0;
    await waitFor(() => ++calls === 2, { timeoutMs: 1, what: "two calls", intervalMs: 60_000 });
    expect(calls).toBe(2);
  });

  it("ends with the signal's reason", async () => {
    const signal = AbortSignal.abort(new Error("the test is over"));
    await expect(waitFor(() => false, { timeoutMs: 1000, what: "nothing", signal })).rejects.toThrow(
      "the test is over",
    );
  });
});
