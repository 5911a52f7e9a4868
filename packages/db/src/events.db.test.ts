import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findDue, markDue, parseDue } from "./due.ts";
import { appendEvent, latestSeq, listEvents, parseEventNotice, seqOfEvent } from "./events.ts";
import { insertCluster } from "./insert-cluster.ts";
import { acquireLease } from "./leases.ts";
import { listen } from "./listen.ts";
import { clusterStore } from "./loops/clusters.ts";
import { makeKube, makeTenant, newCluster, type Tenant } from "./testing/fixtures.ts";
import { ids, type OpenTestDatabase, openMigratedDatabase, waitFor } from "./testing/migrated-database.ts";
import { sqlTransaction } from "./transaction.ts";

let db: OpenTestDatabase;
let tenant: Tenant;
beforeAll(async () => {
  db = await openMigratedDatabase();
  tenant = await makeTenant(db);
});
afterAll(() => db.close());

const event = (type: string, organizationId = tenant.organizationId) =>
  ({ organizationId, type, targetType: "cluster", targetId: "cl_x" }) as const;
const append = (type: string) => sqlTransaction(db.owner, (tx) => appendEvent(tx, ids, event(type)));

describe("the feed of events", () => {
  it("is read in order, from where one left off", async () => {
    const { organizationId } = tenant;
    for (const type of ["a", "b", "c"]) await append(type);
    const all = (await listEvents(db.owner, { organizationId, limit: 100 })).rows;
    expect(all.map((one) => one.type)).toEqual(["a", "b", "c"]);
    const afterSeq = await seqOfEvent(db.owner, organizationId, all[0]?.id ?? "");
    expect(await listEvents(db.owner, { organizationId, limit: 1, afterSeq: afterSeq ?? 0n })).toMatchObject({
      rows: [{ type: "b" }],
      more: true,
    });
    expect(await latestSeq(db.owner, organizationId)).toBe(all.at(-1)?.seq);
    const other = await makeTenant(db);
    expect(await latestSeq(db.owner, other.organizationId)).toBe(0n);
    expect(await seqOfEvent(db.owner, other.organizationId, all[0]?.id ?? "")).toBeUndefined();
  });

  it("never shows an event behind one that was read already, however the writers' transactions interleave", async () => {
    const whose = await makeTenant(db);
    const { organizationId } = whose;
    let writing = true;
    const seen: bigint[] = [];
    const reader = (async () => {
      for (let last = 0n, isLast = false; !isLast; ) {
        // Only a read that began after the last commit may be the last one.
        const wroteAll = !writing;
        const { rows } = await listEvents(db.owner, { organizationId, afterSeq: last, limit: 1000 });
        isLast = wroteAll && rows.length === 0;
        seen.push(...rows.map((row) => row.seq));
        last = rows.at(-1)?.seq ?? last;
      }
    })();
    await Promise.all(
      Array.from({ length: 8 }, async (_, writer) => {
        for (let count = 0; count < 25; count++) {
          await sqlTransaction(db.owner, async (tx) => {
            await appendEvent(tx, ids, event(`w${writer}`, organizationId));
            // Between the number and the commit, as long as it may take.
            await tx.query("select pg_sleep(random() * 0.004)");
          });
        }
      }),
    );
    writing = false;
    await reader;
    const stored = await db.owner.query<{ seq: bigint }>(
      "select seq from event where organization_id = $1 order by seq",
      [organizationId],
    );
    expect(seen).toEqual(stored.map((row) => row.seq));
    expect(seen).toHaveLength(200);
  });
});

describe("listening", () => {
  it("hears of events and due rows at their commit, and not of what is rolled back", async () => {
    const { kubeId } = await makeKube(db, tenant.organizationId);
    const heard: string[] = [];
    const listener = listen({
      database: { url: db.url, role: "berth_worker" },
      channels: ["berth_due", "berth_event"],
      onNotification: (channel, payload) => heard.push(`${channel} ${payload}`),
    });
    await listener.ready;
    const cluster = await newCluster(tenant, kubeId);
    await sqlTransaction(db.owner, async (tx) => {
      await insertCluster(tx, ids, await newCluster(tenant, kubeId));
      throw new Error("never mind");
    }).catch(() => {});
    await sqlTransaction(db.owner, (tx) => insertCluster(tx, ids, cluster));
    await waitFor(() => heard.length >= 2, { timeoutMs: 10_000, what: "two notifications" });
    const seq = await latestSeq(db.owner, tenant.organizationId);
    expect(heard.sort()).toEqual([`berth_due clusters:${cluster.id}`, `berth_event ${tenant.organizationId}:${seq}`]);
    await listener.close();
  });

  it("comes back after its connection broke, and says that something may have been missed", async () => {
    const starts: boolean[] = [];
    const heard: string[] = [];
    const listener = listen({
      database: { url: db.url, applicationName: "breaks" },
      channels: ["berth_event"],
      onNotification: (_channel, payload) => heard.push(payload),
      onListening: (isFirst) => starts.push(isFirst),
    });
    await listener.ready;
    for (let breaks = 1; breaks <= 3; breaks++) {
      await db.owner.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'breaks listener'",
      );
      await waitFor(() => starts.length === breaks + 1, { timeoutMs: 10_000, what: "the listener to come back" });
    }
    await append("after the breaks");
    await waitFor(() => heard.length === 1, { timeoutMs: 10_000, what: "the notification" });
    expect(starts).toEqual([true, false, false, false]);
    expect(parseEventNotice(heard[0] ?? "")?.organizationId).toBe(tenant.organizationId);
    await listener.close();
  });

  it("waits for a server that is not there yet, and can be closed meanwhile", async () => {
    const errors: unknown[] = [];
    const listener = listen({
      database: { url: "postgresql://nobody@127.0.0.1:1/none" },
      channels: ["berth_due"],
      onNotification: () => {},
      onError: (error) => errors.push(error),
    });
    await waitFor(() => errors.length >= 3, { timeoutMs: 10_000, what: "three tries" });
    await listener.close();
  });

  it("leaves payloads alone that it does not know", () => {
    expect(parseDue("clusters:cl_1")).toEqual({ loop: "clusters", id: "cl_1" });
    expect(["", "clusters", "nonsense:x"].map(parseDue)).toEqual([undefined, undefined, undefined]);
    expect(["", "org_1", "org_1:x"].map(parseEventNotice)).toEqual([undefined, undefined, undefined]);
  });
});

describe("a due row", () => {
  it("is found, page by page, until its loop records when to look again", async () => {
    const { kubeId } = await makeKube(db, tenant.organizationId);
    await db.owner.query("update cluster set next_check_at = null");
    const made: string[] = [];
    for (let count = 0; count < 3; count++) {
      const cluster = await newCluster(tenant, kubeId);
      await sqlTransaction(db.owner, (tx) => insertCluster(tx, ids, cluster));
      made.push(cluster.id);
    }
    made.sort();
    expect(await findDue(db.worker, "clusters", 10)).toEqual(made);
    expect(await findDue(db.worker, "clusters", 1, made[0])).toEqual([made[1]]);
    expect(await findDue(db.worker, "clusters", 10, made[2])).toEqual([]);
    await db.owner.query("update cluster set next_check_at = now() + interval '1 minute' where id = $1", [made[1]]);
    expect(await findDue(db.worker, "clusters", 10)).toEqual([made[0], made[2]]);
  });

  it("stays due when somebody asked for a look while a run was under way", async () => {
    const { kubeId } = await makeKube(db, tenant.organizationId);
    const cluster = await newCluster(tenant, kubeId);
    await sqlTransaction(db.owner, (tx) => insertCluster(tx, ids, cluster));
    const lease = await acquireLease(db.worker, `cluster/${cluster.id}`, "w", 60_000);
    if (lease === undefined) throw new Error("nobody else holds it");
    const store = clusterStore(db.worker.pool, ids);
    const run = async (meanwhile: () => Promise<void>) => {
      const found = await store.find(cluster.id);
      if (found === undefined) throw new Error("it was inserted");
      await meanwhile();
      await store.recordStatus(lease, cluster.id, {
        state: "creating",
        health: "unknown",
        observedGeneration: found.generation,
        waitingFor: [],
        lastFailure: undefined,
        failures: 0,
        wakes: found.wakes,
        nextCheckAt: new Date(Date.now() + 60_000),
        instances: [],
        operation: undefined,
      });
      return (await findDue(db.worker, "clusters", 100)).includes(cluster.id);
    };
    expect(await run(() => markDue(db.owner, "clusters", cluster.id))).toBe(true);
    expect(await run(async () => {})).toBe(false);
  });
});
