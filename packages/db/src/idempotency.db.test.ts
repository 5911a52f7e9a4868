import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  claimIdempotencyKey,
  forgetOldOutcomes,
  IdempotencyInFlight,
  placeOfOutcome,
  storeOutcome,
} from "./idempotency.ts";
import type { Tx } from "./sql.ts";
import { envelope, makeTenant, type Tenant } from "./testing/fixtures.ts";
import { type OpenTestDatabase, openMigratedDatabase, waitFor } from "./testing/migrated-database.ts";
import { sqlTransaction, transaction } from "./transaction.ts";

let db: OpenTestDatabase;
let tenant: Tenant;
beforeAll(async () => {
  db = await openMigratedDatabase();
  tenant = await makeTenant(db);
});
afterAll(() => db.close());

let sequence = 0;
const freshKey = () => `key-${++sequence}`;
const fingerprint = Buffer.from("POST /v1/clusters {}");

/** Does the work of a request once for its key, as the API does; the work is to count. */
function request(
  key: string,
  options: { tx?: typeof sqlTransaction; print?: Uint8Array; waitMs?: number; before?: (tx: Tx) => Promise<void> } = {},
) {
  const { organizationId } = tenant;
  return (options.tx ?? sqlTransaction)(db.owner, async (tx) => {
    const claim = await claimIdempotencyKey(tx, {
      organizationId,
      key,
      fingerprint: options.print ?? fingerprint,
      ...(options.waitMs === undefined ? {} : { waitMs: options.waitMs }),
    });
    if (claim.kind === "mismatch") return "mismatch";
    if (claim.kind === "replay") {
      const { status, headers, body } = claim.outcome;
      const text = Buffer.from(await envelope.open(placeOfOutcome(organizationId, key), body)).toString();
      return { replayed: true, status, headers, text };
    }
    await options.before?.(tx);
    const number = ++sequence;
    const seal = await envelope.prepare(placeOfOutcome(organizationId, key));
    storeOutcome(
      tx,
      { organizationId, key },
      { status: 202, headers: { location: `/v1/${number}` }, body: seal(Buffer.from(`body ${number}`)) },
    );
    return { replayed: false, status: 202, headers: { location: `/v1/${number}` }, text: `body ${number}` };
  });
}

describe.each([
  ["in SQL", sqlTransaction],
  ["in Prisma", transaction as unknown as typeof sqlTransaction],
])("a request with a key, %s", (_name, tx) => {
  it("is done once, however often it comes; the answers are one, secrets and all", async () => {
    const key = freshKey();
    const first = await request(key, { tx });
    expect(first).toMatchObject({ replayed: false });
    expect(await request(key, { tx })).toEqual({ ...(first as object), replayed: true });
  });

  it("is done once when two come at the same moment", async () => {
    const key = freshKey();
    const answers = await Promise.all([request(key, { tx }), request(key, { tx }), request(key, { tx })]);
    expect(answers.filter((one) => typeof one === "object" && !one.replayed)).toHaveLength(1);
    expect(new Set(answers.map((one) => (typeof one === "object" ? one.text : one))).size).toBe(1);
  });

  it("that fails leaves nothing: the twin that waited does the work", async () => {
    const key = freshKey();
    const [failed, done] = await Promise.allSettled([
      request(key, {
        tx,
        before: async () => {
          await waitFor(someoneWaits, { timeoutMs: 10_000, what: "the twin to wait" });
          throw new Error("no quota");
        },
      }),
      waitFor(() => claimStarted(key), { timeoutMs: 10_000, what: "the first claim" }).then(() => request(key, { tx })),
    ]);
    expect(failed).toMatchObject({ status: "rejected" });
    expect(done).toMatchObject({ status: "fulfilled", value: { replayed: false } });
  });

  it("whose twin takes too long is told so, and can come again", async () => {
    const key = freshKey();
    let finish: () => void = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const slow = request(key, { tx, before: () => finished });
    await waitFor(() => claimStarted(key), { timeoutMs: 10_000, what: "the first claim" });
    await expect(request(key, { tx, waitMs: 100 })).rejects.toThrow(IdempotencyInFlight);
    finish();
    await slow;
    expect(await request(key, { tx })).toMatchObject({ replayed: true });
  });

  it("with another body is refused", async () => {
    const key = freshKey();
    await request(key, { tx });
    expect(await request(key, { tx, print: Buffer.from("another") })).toBe("mismatch");
  });
});

/** An insert that is under way cannot be seen, but its locks can. */
const claimStarted = async (_key: string) =>
  (
    await db.owner.query(
      "select 1 as one from pg_locks where relation = 'idempotency_record'::regclass and mode = 'RowExclusiveLock' and database = (select oid from pg_database where datname = current_database())",
    )
  ).length > 0;
const someoneWaits = async () =>
  (
    await db.owner.query(
      "select 1 as one from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%idempotency_record%'",
    )
  ).length > 0;

describe("an outcome", () => {
  it("answers for 24 hours; after that the key is free, and the sweep removes what nobody asked for", async () => {
    const [used, unused] = [freshKey(), freshKey()];
    const first = await request(used);
    await request(unused);
    await db.owner.query("update idempotency_record set created_at = now() - interval '25 hours' where key = any($1)", [
      [used, unused],
    ]);
    expect(await request(used)).toMatchObject({ replayed: false });
    expect(first).toMatchObject({ replayed: false });
    expect(await forgetOldOutcomes(db.worker)).toBe(1);
    expect(await forgetOldOutcomes(db.worker)).toBe(0);
    expect(await request(used)).toMatchObject({ replayed: true });
  });

  it("of one organization is none of another's", async () => {
    const key = freshKey();
    await request(key);
    const other = await makeTenant(db);
    const claim = await sqlTransaction(db.owner, (tx) =>
      claimIdempotencyKey(tx, { organizationId: other.organizationId, key, fingerprint }),
    );
    expect(claim).toEqual({ kind: "claimed" });
  });

  it("is stored once, and only for a claimed key", async () => {
    const { organizationId } = tenant;
    const seal = async () => ({ status: 200, headers: {}, body: await envelope.seal("x", Buffer.from("")) });
    const outcome = await seal();
    await expect(
      sqlTransaction(db.owner, async (tx) => storeOutcome(tx, { organizationId, key: freshKey() }, outcome)),
    ).rejects.toMatchObject({ code: "22012" });
    const twice = sqlTransaction(db.owner, async (tx) => {
      const key = freshKey();
      await claimIdempotencyKey(tx, { organizationId, key, fingerprint });
      storeOutcome(tx, { organizationId, key }, outcome);
      storeOutcome(tx, { organizationId, key }, outcome);
    });
    await expect(twice).rejects.toMatchObject({ code: "22012" });
  });
});
