import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isConflict, isUnavailable } from "./conflicts.ts";
import { createDatabase } from "./database.ts";
import { insertOrganization } from "./organizations.ts";
import { createRetryBudget, retryConflicts, TransactionContended } from "./retry.ts";
import { ids, type OpenTestDatabase, openMigratedDatabase } from "./testing/migrated-database.ts";
import { sqlTransaction, transaction } from "./transaction.ts";

let db: OpenTestDatabase;
beforeAll(async () => {
  db = await openMigratedDatabase();
});
afterAll(() => db.close());
beforeEach(async () => {
  await db.owner.query("truncate organization cascade");
  await db.owner.query("insert into organization (id, name) values ('a', 'a'), ('b', 'b')");
});

/** Two that must both have come this far before either goes on. */
function meeting(): () => Promise<void> {
  let waiting = 2;
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  return async () => {
    waiting -= 1;
    if (waiting <= 0) open();
    await gate;
  };
}

const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
const failures = async (...work: Promise<unknown>[]) =>
  (await Promise.all(work.map(caught))).filter((error) => error !== undefined);
const serializable = { isolationLevel: "Serializable", timeout: 20_000 } as const;

// Each provokes a real conflict with Prisma alone, without our retries, and gives what the loser saw: every shape that
// Prisma 7.10 has for it.
const PRISMA_CONFLICTS = {
  "P2034: a model call that finds a serialization failure": () => {
    const bothRead = meeting();
    const one = (name: string) =>
      db.owner.prisma.$transaction(async (tx) => {
        await tx.organization.findMany();
        await bothRead();
        await tx.organization.update({ where: { id: "a" }, data: { name } });
      }, serializable);
    return failures(one("x"), one("y"));
  },
  "P2010: a raw statement that finds a serialization failure": () => {
    const bothRead = meeting();
    const one = (name: string) =>
      db.owner.prisma.$transaction(async (tx) => {
        await tx.$queryRawUnsafe("select * from organization");
        await bothRead();
        await tx.$executeRawUnsafe("update organization set name = $1 where id = 'a'", name);
      }, serializable);
    return failures(one("x"), one("y"));
  },
  "DriverAdapterError: write skew that only COMMIT finds": () => {
    const bothWrote = meeting();
    const one = (id: string) =>
      db.owner.prisma.$transaction(async (tx) => {
        await tx.organization.findMany();
        await tx.organization.update({ where: { id }, data: { name: `${id}2` } });
        await bothWrote();
      }, serializable);
    return failures(one("a"), one("b"));
  },
  "P2034: a deadlock between model calls": () => {
    const bothHold = meeting();
    const one = (first: string, second: string) =>
      db.owner.prisma.$transaction(
        async (tx) => {
          await tx.organization.update({ where: { id: first }, data: { maxClusters: 1 } });
          await bothHold();
          await tx.organization.update({ where: { id: second }, data: { maxClusters: 2 } });
        },
        { timeout: 20_000 },
      );
    return failures(one("a", "b"), one("b", "a"));
  },
} satisfies Record<string, () => Promise<unknown[]>>;

describe("a conflict is recognised", () => {
  it.each(Object.entries(PRISMA_CONFLICTS))("from Prisma: %s", async (what, provoke) => {
    const lost = await provoke();
    expect(lost).toHaveLength(1);
    const { code, name } = lost[0] as { code?: string; name?: string };
    expect(code ?? name).toBe(what.split(":")[0]);
    expect(isConflict(lost[0])).toBe(true);
    expect(isUnavailable(lost[0])).toBe(false);
  });

  it("but not in what merely fails", async () => {
    const taken = await caught(db.owner.prisma.organization.create({ data: { id: "c", name: "a" } }));
    const wrong = await caught(db.owner.query("select nothing"));
    expect([taken, wrong].map(isConflict)).toEqual([false, false]);
    expect([undefined, null, "40001", new Error("40001")].map(isConflict)).toEqual([false, false, false, false]);
  });
});

describe.each([
  ["sqlTransaction", sqlTransaction],
  ["transaction", transaction],
] as const)("%s", (_name, run) => {
  it("runs the loser of a write skew again, so that both see each other", async () => {
    // Each may raise its own quota as long as the sum stays below 100: together they would pass it unseen.
    await db.owner.query("update organization set max_clusters = 40");
    const bothRead = meeting();
    const raise = (id: string) =>
      run(
        db.owner,
        async (tx) => {
          const rows = await tx.query<{ sum: number }>("select sum(max_clusters)::int as sum from organization");
          await bothRead();
          if ((rows[0]?.sum ?? 0) + 20 > 100) return "refused";
          await tx.query("update organization set max_clusters = max_clusters + 20 where id = $1", [id]);
          return "raised";
        },
        { isolation: "serializable" },
      );
    expect((await Promise.all([raise("a"), raise("b")])).sort()).toEqual(["raised", "refused"]);
    expect(await db.owner.query("select sum(max_clusters)::int as sum from organization")).toEqual([{ sum: 100 }]);
  });

  it("runs the loser of a deadlock again", async () => {
    const bothHold = meeting();
    const both = (first: string, second: string) =>
      run(db.owner, async (tx) => {
        await tx.query("update organization set max_clusters = max_clusters + 1 where id = $1", [first]);
        await bothHold();
        await tx.query("update organization set max_clusters = max_clusters + 1 where id = $1", [second]);
      });
    await Promise.all([both("a", "b"), both("b", "a")]);
    expect(await db.owner.query("select max_clusters as n from organization")).toEqual([{ n: 22 }, { n: 22 }]);
  });

  it("keeps nothing of what throws, and throws just that", async () => {
    const refusal = new Error("quota");
    const seen = await caught(
      run(db.owner, async (tx) => {
        await insertOrganization(tx, { id: ids.next("organization"), name: "half" });
        throw refusal;
      }),
    );
    expect(seen).toBe(refusal);
    expect(await db.owner.query("select id from organization where name = 'half'")).toEqual([]);
  });

  it("gives up after the tries it was given, and says so", async () => {
    let tries = 0;
    const conflict = Object.assign(new Error("lost"), { code: "40001" });
    const seen = await caught(
      run(
        db.owner,
        async () => {
          tries += 1;
          throw conflict;
        },
        { attempts: 3 },
      ),
    );
    expect(seen).toBeInstanceOf(TransactionContended);
    expect([tries, (seen as Error).cause]).toEqual([3, conflict]);
  });

  it("fails alone when the server ends its connection; the next one passes", async () => {
    const seen = await caught(
      run(db.owner, async (tx) => {
        const [row] = await tx.query<{ pid: number }>("select pg_backend_pid() as pid");
        await db.owner.query("select pg_terminate_backend($1)", [row?.pid]);
        await tx.query("select 1 as one");
      }),
    );
    expect(seen).toBeInstanceOf(Error);
    expect(isConflict(seen)).toBe(false);
    expect(isUnavailable(seen)).toBe(true);
    expect(await run(db.owner, (tx) => tx.query("select 1 as one"))).toEqual([{ one: 1 }]);
  });

  it("gives values in the same form: dates, lists, JSON, bytes and big numbers", async () => {
    const rows = await run(db.owner, (tx) =>
      tx.query<Record<string, unknown>>(
        `select $1::text as text, $2::int as int, $3::bigint as big, $4::text[] as list, $5::jsonb as json, $6::bytea as bytes,
                $7::timestamptz as at, $8::boolean as flag, null::text as nothing, count(*)::int as count from organization`,
        [
          "ä",
          7,
          "9007199254740993",
          ["x", "y,z"],
          JSON.stringify({ a: [1] }),
          Buffer.from([0, 255]),
          new Date(1000),
          true,
        ],
      ),
    );
    const [row] = rows;
    expect(row).toMatchObject({ text: "ä", int: 7, big: 9007199254740993n, list: ["x", "y,z"], json: { a: [1] } });
    expect(row).toMatchObject({ at: new Date(1000), flag: true, nothing: null, count: 2 });
    expect(Buffer.from(row?.bytes as Uint8Array)).toEqual(Buffer.from([0, 255]));
  });
});

describe("sqlTransaction alone", () => {
  it("does not call it done when a statement failed and somebody swallowed the error", async () => {
    const seen = await caught(
      sqlTransaction(db.owner, async (tx) => {
        await tx.query("select nothing").catch(() => {});
      }),
    );
    expect(String(seen)).toContain("swallowed");
  });

  it("fails within the time given when no connection is free", async () => {
    const small = createDatabase({ url: db.url, poolSize: 1, connectTimeoutMs: 200 });
    try {
      await sqlTransaction(small, async () => {
        const startedAt = performance.now();
        const seen = await caught(small.query("select 1 as one"));
        expect(isUnavailable(seen)).toBe(true);
        expect(performance.now() - startedAt).toBeLessThan(2000);
      });
    } finally {
      await small.close();
    }
  });

  it("has its statements ended when they take too long, and its connection when it does nothing", async () => {
    const strict = createDatabase({ url: db.url, statementTimeoutMs: 100, idleInTransactionTimeoutMs: 100 });
    try {
      const slow = await caught(strict.query("select pg_sleep(5)"));
      expect(slow).toMatchObject({ code: "57014" });
      const idle = await caught(
        sqlTransaction(strict, async (tx) => {
          await db.owner.query("select pg_sleep(0.5)");
          await tx.query("select 1 as one");
        }),
      );
      expect(isUnavailable(idle)).toBe(true);
    } finally {
      await strict.close();
    }
  });
});

describe("the retry budget", () => {
  it("stops retrying when most transactions conflict, and earns retries back from those that pass", async () => {
    const budget = createRetryBudget(0.5, 2);
    const conflict = Object.assign(new Error("lost"), { code: "40P01" });
    let tries = 0;
    const losing = () =>
      caught(
        retryConflicts(budget, 8, async () => {
          tries += 1;
          throw conflict;
        }),
      );
    await losing();
    expect(tries).toBe(3); // One try and the two of the reserve.
    await losing();
    expect(tries).toBe(4);
    for (let passed = 0; passed < 4; passed++) await retryConflicts(budget, 8, async () => {});
    tries = 0;
    await losing();
    expect(tries).toBeGreaterThan(1);
  });
});
