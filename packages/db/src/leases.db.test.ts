import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { acquireLease, createLeases, LeaseEnded, releaseLease, renewLease } from "./leases.ts";
import { fenced, LeaseLost } from "./loops/fenced.ts";
import type { HeldLease, LiveLease } from "./loops/types.ts";
import { type OpenTestDatabase, openMigratedDatabase, waitFor } from "./testing/migrated-database.ts";

let db: OpenTestDatabase;
beforeAll(async () => {
  db = await openMigratedDatabase();
});
afterAll(() => db.close());

const LONG_MS = 60_000;
let sequence = 0;
const fresh = () => `cluster/cl_${++sequence}`;
async function mustAcquire(name: string, holder: string, ttlMs = LONG_MS) {
  const lease = await acquireLease(db.worker, name, holder, ttlMs);
  if (lease === undefined) throw new Error(`${holder} did not get ${name}`);
  return lease;
}
/** As if its time had passed. */
const expire = (name: string) =>
  db.owner.query("update lease set expires_at = clock_timestamp() - interval '1 ms' where name = $1", [name]);
const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("a lease", () => {
  it("goes to exactly one of many who want it at once", async () => {
    const name = fresh();
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, n) => acquireLease(db.worker, name, `w${n}`, LONG_MS)),
    );
    expect(all.filter((lease) => lease !== undefined)).toHaveLength(1);
  });

  it("that has run out goes to exactly one of many, with the next epoch", async () => {
    const name = fresh();
    await mustAcquire(name, "dead");
    await expire(name);
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, n) => acquireLease(db.worker, name, `w${n}`, LONG_MS)),
    );
    expect(all.flatMap((lease) => lease?.epoch ?? [])).toEqual([2n]);
  });

  it("is not given twice to the same holder: two runs of one process are two", async () => {
    const name = fresh();
    await mustAcquire(name, "w");
    expect(await acquireLease(db.worker, name, "w", LONG_MS)).toBeUndefined();
  });

  it("is free at once after its release, and its epoch only grows", async () => {
    const name = fresh();
    for (const epoch of [1n, 2n, 3n]) {
      const lease = await mustAcquire(name, "w");
      expect(lease.epoch).toBe(epoch);
      await releaseLease(db.worker, lease);
    }
  });

  it("is neither renewed nor released by a holder that lost it", async () => {
    const name = fresh();
    const old = await mustAcquire(name, "old");
    await expire(name);
    expect(await renewLease(db.worker, old, LONG_MS)).toBeUndefined(); // Run out, though nobody took it yet.
    const next = await mustAcquire(name, "next");
    await releaseLease(db.worker, old);
    expect(await renewLease(db.worker, next, LONG_MS)).toMatchObject({ epoch: next.epoch });
  });
});

describe("a fenced write", () => {
  const write = (lease: HeldLease, text: string) =>
    fenced(db.worker.pool, lease, async (client) => {
      await client.query(
        "insert into offering values ('r', 'z', $1, 1, 1, 1, 1, 'shared', 'x') on conflict (region, zone, machine_type) do nothing",
        [text],
      );
    });
  const wrote = async (text: string) =>
    (await db.owner.query("select 1 as one from offering where machine_type = $1", [text])).length === 1;

  it("lands while the lease is held", async () => {
    await write(await mustAcquire(fresh(), "w"), "held");
    expect(await wrote("held")).toBe(true);
  });

  it("of an earlier epoch is refused, also when the same holder has the later one", async () => {
    const name = fresh();
    const old = await mustAcquire(name, "w");
    await expire(name);
    await mustAcquire(name, "w");
    await expect(write(old, "late")).rejects.toThrow(LeaseLost);
    expect(await wrote("late")).toBe(false);
  });

  it("is refused once the lease ran out, though nobody else took it", async () => {
    const name = fresh();
    const lease = await mustAcquire(name, "w");
    await expire(name);
    await expect(write(lease, "expired")).rejects.toThrow(LeaseLost);
  });

  it("of somebody who only claims to hold it is refused", async () => {
    const lease = await mustAcquire(fresh(), "w");
    await expect(write({ ...lease, holder: "other" }, "forged")).rejects.toThrow(LeaseLost);
    await expect(write({ ...lease, epoch: lease.epoch + 1n }, "forged")).rejects.toThrow(LeaseLost);
  });

  it("that has begun ends before a later holder can begin: no later epoch comes in between", async () => {
    const name = fresh();
    const order: string[] = [];
    const lease = await mustAcquire(name, "old", 300);
    let finish: () => void = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const writing = fenced(db.worker.pool, lease, async (client) => {
      await client.query("select 1");
      await finished;
      order.push("old wrote");
    });
    // Its time is over while it writes; whoever takes over has to wait for the row.
    const takenOver = waitFor(() => acquireLease(db.worker, name, "next", LONG_MS), {
      timeoutMs: 10_000,
      what: "the take-over",
    }).then((next) => {
      order.push("next holds");
      return next;
    });
    await waitFor(
      async () =>
        (
          await db.owner.query(
            "select 1 as one from pg_stat_activity where wait_event_type = 'Lock' and query like '%insert into lease%'",
          )
        ).length > 0,
      { timeoutMs: 10_000, what: "the take-over to wait for the row" },
    );
    finish();
    await writing;
    expect((await takenOver).epoch).toBe(2n);
    expect(order).toEqual(["old wrote", "next holds"]);
  });

  it("does not end the process when the server ends its connection", async () => {
    const lease = await mustAcquire(fresh(), "w");
    const seen = await caught(
      fenced(db.worker.pool, lease, async (client) => {
        const { rows } = await client.query("select pg_backend_pid() as pid");
        await db.owner.query("select pg_terminate_backend($1)", [rows[0].pid]);
        await client.query("select 1");
      }),
    );
    expect(seen).toBeInstanceOf(Error);
    await write(lease, "after the break");
    expect(await wrote("after the break")).toBe(true);
  });
});

describe("withLease", () => {
  it("lets one work at a time and tells the others nothing but undefined", async () => {
    const name = fresh();
    let atOnce = 0;
    let most = 0;
    const leases = createLeases(db.worker, { holder: "w" });
    const results = await Promise.all(
      Array.from({ length: 10 }, () =>
        leases.withLease(name, async () => {
          most = Math.max(most, ++atOnce);
          await db.owner.query("select pg_sleep(0.05)");
          atOnce -= 1;
          return "done";
        }),
      ),
    );
    expect([most, results.filter((one) => one === "done").length]).toEqual([1, 1]);
    expect(await leases.withLease(name, async (lease) => lease.epoch)).toBe(2n);
  });

  it("renews while the work goes on, far beyond the lease's life", async () => {
    const name = fresh();
    const leases = createLeases(db.worker, { holder: "w", ttlMs: 300 });
    await leases.withLease(name, async (lease) => {
      const startedAt = performance.now();
      await waitFor(() => performance.now() - startedAt > 1000, { timeoutMs: 5000, what: "three lives to pass" });
      lease.ensureHeld();
      expect(lease.signal.aborted).toBe(false);
      expect(await acquireLease(db.worker, name, "other", LONG_MS)).toBeUndefined();
      await fenced(db.worker.pool, lease, async () => {});
    });
  });

  it("aborts the signal when the lease is lost, frees nothing of the new holder's, and passes the work's error on", async () => {
    const name = fresh();
    const leases = createLeases(db.worker, { holder: "w", ttlMs: 300 });
    let next: HeldLease | undefined;
    const seen = await caught(
      leases.withLease(name, async ({ signal }) => {
        await expire(name);
        next = await mustAcquire(name, "next");
        await untilAborted(signal);
        signal.throwIfAborted();
      }),
    );
    expect(seen).toBeInstanceOf(LeaseEnded);
    expect(await acquireLease(db.worker, name, "third", LONG_MS)).toBeUndefined();
    await fenced(db.worker.pool, next as HeldLease, async () => {});
  });

  it("aborts by our own clock when the database cannot be asked", async () => {
    const name = fresh();
    let down = false;
    const errors: unknown[] = [];
    const sql = {
      query: <Row extends object>(text: string, values?: readonly unknown[]) =>
        down ? Promise.reject(new Error("away")) : db.worker.query<Row>(text, values),
    };
    const leases = createLeases(sql, { holder: "w", ttlMs: 300, onRenewalError: (_name, error) => errors.push(error) });
    await leases.withLease(name, async ({ signal, ensureHeld }) => {
      down = true;
      await untilAborted(signal);
      expect(ensureHeld).toThrow(LeaseEnded);
    });
    expect(errors.length).toBeGreaterThan(1); // Tried again before it gave up, and the release failed too.
  });

  it("frees the lease when the work throws", async () => {
    const name = fresh();
    const leases = createLeases(db.worker, { holder: "w" });
    await expect(leases.withLease(name, () => Promise.reject(new Error("bug")))).rejects.toThrow("bug");
    expect(await leases.withLease(name, async () => "again")).toBe("again");
  });

  /** The work's lease, on clocks that move when the test says so. */
  const onClocks = (work: (lease: LiveLease, clocks: { monotonic: number; wall: number }) => Promise<void>) => {
    const clocks = { monotonic: 5000, wall: 1_800_000_000_000 };
    const leases = createLeases(db.worker, {
      holder: "w",
      ttlMs: LONG_MS,
      clocks: { monotonicMs: () => clocks.monotonic, wallMs: () => clocks.wall },
    });
    return leases.withLease(fresh(), (lease) => work(lease, clocks));
  };

  it("allows no effect to a process that was frozen for the lease's life, before any timer has run", () =>
    onClocks(async ({ ensureHeld, signal }, clocks) => {
      clocks.monotonic += LONG_MS * 0.9;
      ensureHeld();
      clocks.monotonic += 1; // The rest is for what has been begun to arrive.
      expect(ensureHeld).toThrow(LeaseEnded);
      expect(signal.aborted).toBe(false);
    }));

  it("nor to one whose machine slept, which the monotonic clock does not count", () =>
    onClocks(async ({ ensureHeld }, clocks) => {
      clocks.wall += LONG_MS;
      expect(ensureHeld).toThrow(LeaseEnded);
    }));

  it("is not prolonged by a wall clock that is set back", () =>
    onClocks(async ({ ensureHeld }, clocks) => {
      clocks.monotonic += LONG_MS;
      clocks.wall -= LONG_MS;
      expect(ensureHeld).toThrow(LeaseEnded);
    }));
});

/** On a machine that does much else it may be over before anybody listens. */
async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
