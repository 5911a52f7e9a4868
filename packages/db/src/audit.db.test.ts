import { createHash } from "node:crypto";
import { type AuditRecord, canonicalJson, checkChain, type OrganizationId } from "@berth/domain";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { appendAudit, findAudit, findAuditHead, listAudit, listAuditOfAll, type NewAuditEvent } from "./audit.ts";
import type { Origin } from "./audit-trail.ts";
import { createDatabase, type Database } from "./database.ts";
import { appendEvent } from "./events.ts";
import { type ScopedDatabase, tenantDatabase } from "./scoped.ts";
import type { Sql, Tx } from "./sql.ts";
import { by, makeTenant } from "./testing/fixtures.ts";
import { ids, type OpenTestDatabase, openMigratedDatabase } from "./testing/migrated-database.ts";
import { sqlTransaction, transaction } from "./transaction.ts";

const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");

let db: OpenTestDatabase;
let pool: Database;
let organizationId: OrganizationId;
let tenant: ScopedDatabase;

const tenantOf = (id: OrganizationId) => tenantDatabase(pool, { organizationId: id, projectIds: [], clusterIds: [] });

beforeAll(async () => {
  db = await openMigratedDatabase();
  pool = createDatabase({ url: db.url, role: "berth_api", poolSize: 8, pipeline: true });
});
afterAll(async () => {
  await pool.close();
  await db.close();
});
beforeEach(async () => {
  ({ organizationId } = await makeTenant(db));
  tenant = tenantOf(organizationId);
});

const aChange = (over: Partial<NewAuditEvent> = {}): NewAuditEvent => ({
  organizationId,
  ...by,
  action: "project.update",
  targetType: "project",
  targetId: "prj_1",
  data: { before: { name: "a" }, after: { name: "b" } },
  ...over,
});
const append =
  (over: Partial<NewAuditEvent> = {}) =>
  (tx: Tx) =>
    appendAudit(tx, ids, aChange(over));

async function recordsOf(id = organizationId): Promise<AuditRecord[]> {
  const { rows } = await listAudit(db.owner, { organizationId: id, order: "ascending", limit: 10_000 });
  return rows.map(({ content, hash }) => ({ ...JSON.parse(content), hash }));
}

async function faultsOf(id = organizationId) {
  const head = await findAuditHead(db.owner, id);
  const seen = [{ organization_id: id, number: Number(head.number), hash: head.hash }];
  const check = checkChain({ sha256, organizationId: id, whole: true, seen });
  return [...(await recordsOf(id)).flatMap((record) => check.add(record)), ...check.end()];
}

describe("an audit row", () => {
  it("is stored as the canonical JSON that its hash is of, by whichever kind of transaction", async () => {
    await tenant.transaction(append());
    await sqlTransaction(db.api, async () => {}); // Writes nothing, so it has no row.
    await sqlTransaction(db.worker, append({ targetId: "prj_2" }));
    await transaction(
      db.operator,
      append({ targetId: "prj_3", data: { odd: 'ü "\\ \u0001 🙂', pi: 3.14, big: 1e21 } }),
    );
    const { rows } = await listAudit(tenant, { organizationId, order: "ascending", limit: 10 });
    expect(rows.map(({ number }) => number)).toEqual([1n, 2n, 3n]);
    for (const { content, hash } of rows) {
      expect(content).toBe(canonicalJson(JSON.parse(content)));
      expect(hash).toBe(sha256(content));
    }
    expect(await faultsOf()).toEqual([]);
  });

  it("has what its reader sees in the columns by which it is found, and nothing else", async () => {
    await tenant.transaction(append());
    const [row] = await db.owner.query(
      `select organization_id, number::int as number, id, actor_id, action, target_type, target_id, created_at,
              previous_hash, hash from audit_event where organization_id = $1`,
      [organizationId],
    );
    const [record] = await recordsOf();
    expect(row).toEqual({
      organization_id: organizationId,
      number: 1,
      id: record?.id,
      actor_id: "key_test",
      action: "project.update",
      target_type: "project",
      target_id: "prj_1",
      created_at: new Date(record?.created_at ?? ""),
      previous_hash: "0".repeat(64),
      hash: record?.hash,
    });
  });

  it("says who it was and from where, in full in the actor's own chain and with less in another's", async () => {
    const origin: Origin = {
      actor: {
        type: "operator",
        id: "key_test",
        name: `berth_live_${"a".repeat(10)}_${"b".repeat(38)}`,
        organizationId,
        onBehalfOf: ids.next("member"),
      },
      ip: "203.0.113.9",
      userAgent: `curl/8 ${"x".repeat(300)}`,
    };
    const { organizationId: other } = await makeTenant(db);
    await transaction(
      db.operator,
      async (tx) => {
        await append()(tx);
        await append({ organizationId: other })(tx);
        await append({ actor: "system" })(tx);
      },
      { origin },
    );
    const [own, system] = await recordsOf();
    expect(own).toMatchObject({
      actor: { type: "operator", id: "key_test", name: "[redacted]" },
      on_behalf_of: origin.actor?.onBehalfOf,
      ip: "203.0.113.9",
      user_agent: `curl/8 ${"x".repeat(249)}`,
      outcome: "succeeded",
      changes: { before: { name: "a" }, after: { name: "b" } },
    });
    expect(system).toMatchObject({ actor: { type: "system", id: "system", name: null }, on_behalf_of: null, ip: null });
    expect((await recordsOf(other))[0]).toMatchObject({
      actor: { type: "operator", id: "key_test", name: null },
      on_behalf_of: origin.actor?.onBehalfOf,
      request_id: "req_test",
      ip: null,
      user_agent: null,
    });
  });

  it("of a request without a key has its address, whoever it says it is of", async () => {
    const origin: Origin = { actor: undefined, ip: "203.0.113.9", userAgent: null };
    await tenant.transaction(append({ actor: "inv_1" }), { origin });
    expect((await recordsOf())[0]).toMatchObject({ actor: { type: "invitation", name: null }, ip: "203.0.113.9" });
  });

  it("of a transaction that is rolled back is none, and leaves no gap", async () => {
    await tenant.transaction(append());
    const lost = tenant.transaction(async (tx) => {
      await append()(tx);
      throw new Error("no");
    });
    await expect(lost).rejects.toThrow("no");
    await tenant.transaction(append());
    expect((await recordsOf()).map(({ number }) => number)).toEqual([1, 2]);
  });

  it("that cannot be written undoes the change, and the refusal is PostgreSQL's", async () => {
    const projectId = ids.next("project");
    const planted = tenant.transaction(async (tx) => {
      await tx.query("insert into project (id, organization_id, name) values ($1, $2, 'x')", [
        projectId,
        organizationId,
      ]);
      await append({ organizationId: "org_nobody" as OrganizationId })(tx);
    });
    await expect(planted).rejects.toMatchObject({ code: "23503" });
    expect(await tenant.query("select id from project where id = $1", [projectId])).toEqual([]);
  });

  it("goes to no chain but the tenant's own", async () => {
    const { organizationId: other } = await makeTenant(db);
    await expect(tenant.transaction(append({ organizationId: other }))).rejects.toMatchObject({ code: "23503" });
    await expect(tenantOf(other).query("select * from audit_head")).resolves.toHaveLength(1);
    expect(await pool.query("select * from audit_head")).toEqual([]);
  });
});

describe("a chain", () => {
  it("of an organization that many write to at once, with events, has no gap, no fault and no deadlock", async () => {
    const { organizationId: other } = await makeTenant(db);
    await Promise.all(
      Array.from({ length: 60 }, (_, n) => {
        const mine = n % 2 === 0 ? organizationId : other;
        return tenantOf(mine).transaction(
          async (tx) => {
            const target = { organizationId: mine, targetType: "cluster", targetId: `cl_${n}` } as const;
            // In either order: the audit row is written last whenever it was asked for.
            if (n % 4 < 2) await appendAudit(tx, ids, { ...aChange(), ...target });
            await appendEvent(tx, ids, { ...target, type: "cluster.updated" });
            if (n % 4 >= 2) await appendAudit(tx, ids, { ...aChange(), ...target });
          },
          { attempts: 1 },
        );
      }),
    );
    for (const id of [organizationId, other]) {
      expect(await recordsOf(id)).toHaveLength(30);
      expect(await faultsOf(id)).toEqual([]);
    }
  });

  it("takes the rows of several organizations in one transaction, whoever else does the same", async () => {
    const others = await Promise.all(Array.from({ length: 6 }, async () => (await makeTenant(db)).organizationId));
    await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        sqlTransaction(
          db.operator,
          async (tx) => {
            const shuffled = others.map((id, at) => [(at * 7 + n) % others.length, id] as const).sort();
            for (const [, id] of shuffled) await append({ organizationId: id })(tx);
            await append({ organizationId: others[n % 6] ?? organizationId })(tx);
          },
          { attempts: 1 },
        ),
      ),
    );
    for (const id of others) {
      expect(await recordsOf(id)).toHaveLength(35);
      expect(await faultsOf(id)).toEqual([]);
    }
  });

  it("goes on in time when the clock goes back", async () => {
    await tenant.transaction(append());
    const ahead = "2099-01-01T00:00:00.000Z";
    const head = await findAuditHead(db.owner, organizationId);
    const record = {
      ...(await recordsOf())[0],
      id: "aud_ahead",
      number: 2,
      created_at: ahead,
      previous_hash: head.hash,
    };
    const { hash: _, ...content } = record;
    await db.owner.query("insert into audit_event (content) values ($1)", [canonicalJson(content)]);
    await tenant.transaction(append());
    expect((await recordsOf()).map((one) => one.created_at).slice(1)).toEqual([ahead, ahead]);
  });
});

describe("the database", () => {
  const forge = async (over: object) => {
    const head = await findAuditHead(db.owner, organizationId);
    const { hash: _, ...last } = (await recordsOf()).at(-1) ?? { hash: "" };
    return canonicalJson({
      ...last,
      number: Number(head.number) + 1,
      previous_hash: head.hash,
      id: ids.next("auditEvent"),
      ...over,
    });
  };
  const insert = (sql: { query: Tx["query"] }, content: string) =>
    sql.query("insert into audit_event (content) values ($1)", [content]);

  beforeEach(async () => {
    await tenant.transaction(append());
    await tenant.transaction(append());
  });

  it.each([
    ["skips a number", { number: 4 }],
    ["repeats a number", { number: 2 }],
    ["names another predecessor", { previous_hash: "f".repeat(64) }],
  ])("refuses a row that %s, whoever writes it", async (_, over) => {
    const content = await forge(over);
    for (const sql of [db.owner, db.operator, db.worker]) {
      await expect(insert(sql, content)).rejects.toMatchObject({ code: expect.stringMatching(/^23/) });
    }
    await expect(tenant.transaction((tx) => insert(tx, content))).rejects.toMatchObject({
      code: expect.stringMatching(/^23/),
    });
    expect(await recordsOf()).toHaveLength(2);
  });

  it("lets nobody say what its columns are", async () => {
    const column = "insert into audit_event (content, hash) values ($1, $2)";
    for (const sql of [db.operator, db.owner]) {
      await expect(sql.query(column, [await forge({}), "0".repeat(64)])).rejects.toMatchObject({ code: "428C9" });
    }
  });

  it.each([
    "update audit_event set content = content",
    "delete from audit_event",
    "truncate audit_event",
    "delete from audit_head",
    "truncate audit_head",
  ])("refuses even its superuser: %s", async (sql) => {
    await expect(db.owner.query(sql)).rejects.toMatchObject({ code: "42501" });
  });

  it.each(["number = 0", "number = number + 2", "number = number"])("moves a head forward alone: %s", async (step) => {
    const moved = db.owner.query(`update audit_head set ${step} where organization_id = $1`, [organizationId]);
    await expect(moved).rejects.toMatchObject({ code: "23514" });
  });

  it.each(["api", "operator", "worker"] as const)("lets the %s move no head itself", async (who) => {
    await expect(db[who].query("update audit_head set number = number + 1")).rejects.toMatchObject({ code: "42501" });
    await expect(db[who].query("insert into audit_head (organization_id) values ('x')")).rejects.toMatchObject({
      code: "42501",
    });
  });
});

describe("reading", () => {
  const numbers = async (query: Partial<Parameters<typeof listAudit>[1]>) =>
    (await listAudit(tenant, { organizationId, order: "ascending", limit: 100, ...query })).rows.map((row) =>
      Number(row.number),
    );

  beforeEach(async () => {
    for (const [action, targetId, actor] of [
      ["a.create", "x_1", "key_1"],
      ["a.update", "x_1", "key_2"],
      ["a.create", "x_2", "key_1"],
      ["a.delete", "x_1", "system"],
    ] as const) {
      await tenant.transaction(append({ action, targetId, actor, targetType: targetId === "x_2" ? "y" : "x" }));
      const at = Date.now();
      // Another millisecond, so that times tell them apart.
      await vi.waitUntil(() => Date.now() > at, { interval: 1 });
    }
  });

  it("filters by actor, action and target, in either order, from any place", async () => {
    expect(await numbers({})).toEqual([1, 2, 3, 4]);
    expect(await numbers({ order: "descending" })).toEqual([4, 3, 2, 1]);
    expect(await numbers({ beyond: 2n })).toEqual([3, 4]);
    expect(await numbers({ order: "descending", beyond: 3n })).toEqual([2, 1]);
    expect(await numbers({ actorId: "key_1" })).toEqual([1, 3]);
    expect(await numbers({ action: "a.create", targetId: "x_2" })).toEqual([3]);
    expect(await numbers({ targetType: "x" })).toEqual([1, 2, 4]);
  });

  it("filters by time: after is from that instant on, before is up to it", async () => {
    const [, second, , fourth] = (await recordsOf()).map(({ created_at }) => new Date(created_at));
    expect(await numbers({ createdAfter: second })).toEqual([2, 3, 4]);
    expect(await numbers({ createdBefore: fourth })).toEqual([1, 2, 3]);
    expect(await numbers({ createdAfter: second, createdBefore: fourth })).toEqual([2, 3]);
    expect(await numbers({ createdBefore: new Date(0) })).toEqual([]);
    expect(await numbers({ createdAfter: new Date("2099-01-01") })).toEqual([]);
  });

  it("finds a row in its own chain alone", async () => {
    const { organizationId: other } = await makeTenant(db);
    const [first] = await recordsOf();
    expect((await findAudit(tenant, organizationId, first?.id ?? ""))?.number).toBe(1n);
    expect(await findAudit(tenantOf(other), other, first?.id ?? "")).toBeUndefined();
    expect(await findAudit(tenantOf(other), organizationId, first?.id ?? "")).toBeUndefined();
  });

  it("across chains is the operator's", async () => {
    const list = async (sql: Sql, order: "ascending" | "descending", beyond?: string) =>
      (await listAuditOfAll(sql, { order, beyond, limit: 1000 })).rows;
    const all = await list(db.operator, "descending");
    expect(new Set(all.map((row) => row.organizationId)).size).toBeGreaterThan(1);
    expect(await list(pool, "descending")).toEqual([]);
    const sorted = all.map(({ id }) => id);
    expect(sorted).toEqual([...sorted].sort().reverse());
    expect((await list(db.operator, "ascending")).map(({ id }) => id)).toEqual([...sorted].reverse());
    expect((await list(db.operator, "descending", sorted[1])).map(({ id }) => id)).toEqual(sorted.slice(2));
    expect(await list(db.operator, "ascending", sorted[0])).toEqual([]);
  });
});
