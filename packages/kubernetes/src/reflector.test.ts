import { type KubernetesObject, PortError, type Reflection, type WatchEvent } from "@berth/ports";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type ReflectorSource, type ReflectorTimings, type RelistReason, startReflector } from "./reflector.ts";

const quick: ReflectorTimings = {
  relistEveryMs: 60_000,
  silentAfterMs: 5000,
  watchSeconds: [240, 480],
  backoffMs: [1, 5],
};

function pod(name: string, resourceVersion: string, uid = `uid-${name}`): KubernetesObject {
  return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "n", uid, resourceVersion } };
}

/** A server whose lists and watches the test writes by hand. */
class Script implements ReflectorSource {
  listed: KubernetesObject[] = [];
  resourceVersion = "10";
  listError: Error | undefined;
  readonly watches: {
    from: string;
    signal: AbortSignal;
    send: (part: Uint8Array) => void;
    end: (error?: Error) => void;
  }[] = [];

  list = async () => {
    if (this.listError !== undefined) throw this.listError;
    return { items: this.listed, resourceVersion: this.resourceVersion };
  };

  watch = async (from: string, _seconds: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> => {
    const body = new TransformStream<Uint8Array, Uint8Array>();
    const writer = body.writable.getWriter();
    signal.addEventListener("abort", () => void writer.abort(signal.reason).catch(() => {}));
    this.watches.push({
      from,
      signal,
      send: (part) => void writer.write(part).catch(() => {}),
      end: (error) => void (error === undefined ? writer.close() : writer.abort(error)).catch(() => {}),
    });
    return body.readable as unknown as AsyncIterable<Uint8Array>;
  };

  event(type: string, object: unknown): void {
    this.watches.at(-1)?.send(Buffer.from(`${JSON.stringify({ type, object })}\n`));
  }
}

let reflection: Reflection<KubernetesObject> | undefined;
afterEach(() => reflection?.stop());

function start(script: Script, timings: Partial<ReflectorTimings> = {}) {
  const events: string[] = [];
  const relists: RelistReason[] = [];
  const problems: unknown[] = [];
  reflection = startReflector(
    script,
    {
      timings: { ...quick, ...timings },
      now: () => performance.now(),
      random: () => 0.5,
      onRelist: (reason) => relists.push(reason),
      onProblem: (error) => problems.push(error),
    },
    (event: WatchEvent<KubernetesObject>) =>
      events.push(`${event.type} ${event.object.metadata.name}@${event.object.metadata.resourceVersion}`),
  );
  return { reflection, events, relists, problems };
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 4000, interval: 5 });

describe("startReflector", () => {
  it("lists, then follows the watch from the list's version", async () => {
    const script = new Script();
    script.listed = [pod("a", "5")];
    const { reflection, events } = start(script);
    await reflection.ready;
    await until(() => expect(script.watches).toHaveLength(1));
    expect(script.watches[0]?.from).toBe("10");
    script.event("ADDED", pod("b", "11"));
    script.event("MODIFIED", pod("a", "12"));
    script.event("DELETED", pod("b", "13"));
    await until(() => expect(events).toEqual(["added a@5", "added b@11", "changed a@12", "removed b@13"]));
    expect(reflection.items().map(({ metadata }) => metadata.name)).toEqual(["a"]);
  });

  it("puts together a line that comes in pieces, in the middle of a character", async () => {
    const script = new Script();
    const { events } = start(script);
    await until(() => expect(script.watches).toHaveLength(1));
    const bytes = Buffer.from(`${JSON.stringify({ type: "ADDED", object: pod("é", "11") })}\n`);
    const cut = bytes.indexOf(0xa9);
    for (const part of [bytes.subarray(0, 10), bytes.subarray(10, cut), bytes.subarray(cut)]) {
      script.watches[0]?.send(part);
    }
    await until(() => expect(events).toEqual(["added é@11"]));
  });

  it("resumes a watch that ended from the last bookmark", async () => {
    const script = new Script();
    const { relists } = start(script);
    await until(() => expect(script.watches).toHaveLength(1));
    script.event("BOOKMARK", { metadata: { resourceVersion: "99" } });
    await until(() => expect(script.watches).toHaveLength(1));
    script.watches[0]?.end();
    await until(() => expect(script.watches).toHaveLength(2));
    expect(script.watches[1]?.from).toBe("99");
    expect(relists).toEqual(["first"]);
  });

  it("goes on after a broken connection, and says so", async () => {
    const script = new Script();
    const { problems } = start(script);
    await until(() => expect(script.watches).toHaveLength(1));
    script.watches[0]?.end(new Error("socket hang up"));
    await until(() => expect(script.watches).toHaveLength(2));
    expect(problems).toHaveLength(1);
  });

  it("relists when its version has expired, and tells what changed meanwhile", async () => {
    const script = new Script();
    script.listed = [pod("a", "5"), pod("b", "6"), pod("c", "7")];
    const { events, relists } = start(script);
    await until(() => expect(script.watches).toHaveLength(1));
    events.length = 0;
    script.listed = [pod("a", "5"), pod("b", "20"), pod("c", "21", "uid-new"), pod("d", "22")];
    script.event("ERROR", { kind: "Status", code: 410, reason: "Expired", message: "too old" });
    await until(() => expect(relists).toEqual(["first", "expired"]));
    await until(() => expect(events).toEqual(["changed b@20", "removed c@7", "added c@21", "added d@22"]));
  });

  it("tells of removals that it missed", async () => {
    const script = new Script();
    script.listed = [pod("a", "5"), pod("b", "6")];
    const { events, reflection } = start(script);
    await until(() => expect(script.watches).toHaveLength(1));
    script.listed = [pod("b", "6")];
    script.event("ERROR", { kind: "Status", code: 410 });
    await until(() => expect(events).toContain("removed a@5"));
    expect(reflection.items()).toHaveLength(1);
  });

  it("opens a silent watch again, from where it was and without a relist", async () => {
    const script = new Script();
    const { problems, relists } = start(script, { silentAfterMs: 30 });
    await until(() => expect(script.watches.length).toBeGreaterThan(2));
    expect(script.watches[0]?.signal.aborted).toBe(true);
    expect(script.watches[2]?.from).toBe("10");
    expect(relists).toEqual(["first"]);
    expect(problems).toEqual([]);
  });

  it("keeps what it has while lists fail, and grows old", async () => {
    const script = new Script();
    script.listed = [pod("a", "5")];
    const { reflection, relists } = start(script);
    await reflection.ready;
    await until(() => expect(script.watches).toHaveLength(1));
    script.listError = new PortError("unavailable", "down");
    script.event("ERROR", { kind: "Status", code: 410 });
    await until(() => expect(relists.filter((reason) => reason === "list_failed").length).toBeGreaterThan(1));
    expect(reflection.items()).toHaveLength(1);
    await until(() => expect(reflection.ageMs()).toBeGreaterThan(5));
  });

  it("relists from time to time though the watch is well", async () => {
    const script = new Script();
    const { relists } = start(script, { relistEveryMs: 40 });
    await until(() => expect(relists.slice(0, 3)).toEqual(["first", "periodic", "periodic"]));
  });

  it("ends a watch with a line that is not JSON instead of skipping it", async () => {
    const script = new Script();
    const { problems } = start(script);
    await until(() => expect(script.watches).toHaveLength(1));
    script.watches[0]?.send(Buffer.from("{broken\n"));
    await until(() => expect(script.watches).toHaveLength(2));
    expect(String(problems[0])).toContain("not JSON");
  });

  it("survives a listener that throws", async () => {
    const script = new Script();
    script.listed = [pod("a", "5")];
    const problems: unknown[] = [];
    reflection = startReflector(
      script,
      { timings: quick, now: () => 0, random: Math.random, onProblem: (error) => problems.push(error) },
      () => {
        throw new Error("a bug of the loop");
      },
    );
    await reflection.ready;
    expect(reflection.items()).toHaveLength(1);
    expect(problems).toHaveLength(1);
  });

  it("stops", async () => {
    const script = new Script();
    const { reflection } = start(script);
    await until(() => expect(script.watches).toHaveLength(1));
    reflection.stop();
    expect(script.watches[0]?.signal.aborted).toBe(true);
    script.event("ADDED", pod("late", "11"));
    await expect.poll(() => script.watches.length, { interval: 20 }).toBe(1);
    expect(reflection.items()).toEqual([]);
  });
});
