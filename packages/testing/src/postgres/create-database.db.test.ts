import { Client } from "pg";
import { describe, expect, it } from "vitest";
import { createDatabase, type DatabaseTemplate } from "./create-database.ts";
import { startThrowawayPostgres } from "./throwaway-postgres.ts";

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

let prepared = 0;
const withNotes: DatabaseTemplate = {
  name: "create_database_test",
  prepare: async (url) => {
    prepared++;
    await query(url, "create table note (text text); insert into note values ('from the template')");
  },
};

describe("createDatabase", () => {
  it("gives each caller an own copy of a template that is prepared once", async () => {
    const copies = await Promise.all([1, 2, 3].map(() => createDatabase({ template: withNotes })));
    expect(prepared).toBe(1);
    const [first, second] = copies as [(typeof copies)[0], (typeof copies)[0]];
    await query(first.url, "insert into note values ('mine')");
    expect(await query(first.url, "select text from note order by text")).toHaveLength(2);
    expect(await query(second.url, "select text from note")).toEqual([{ text: "from the template" }]);
    await Promise.all(copies.map((copy) => copy.drop()));
    await expect(query(first.url, "select 1")).rejects.toThrow("does not exist");
  });

  it("leaves nothing behind that looks finished when a template's preparation fails", async () => {
    let broken = true;
    const template: DatabaseTemplate = {
      name: "create_database_broken",
      prepare: async (url) => {
        await query(url, "create table half (id int)");
        if (broken) throw new Error("migration 7 failed");
      },
    };
    await expect(createDatabase({ template })).rejects.toThrow("migration 7 failed");
    broken = false;
    const database = await createDatabase({ template });
    expect(await query(database.url, "select * from half")).toEqual([]);
  });

  it("is in UTF-8 and sorts by code point, whatever the machine's locale", async () => {
    const { url } = await createDatabase();
    const rows = await query(url, "select word from (values ('b'), ('B'), ('ä'), ('a')) words (word) order by word");
    expect(rows).toEqual([{ word: "B" }, { word: "a" }, { word: "b" }, { word: "ä" }]);
  });
});

describe("startThrowawayPostgres", () => {
  it("keeps with fsync what was committed before it was killed", async () => {
    const server = await startThrowawayPostgres({ fsync: true });
    try {
      await query(server.url, "create table note (text text); insert into note values ('committed')");
      await server.kill();
      await expect(query(server.url, "select 1")).rejects.toThrow();
      await server.startAgain();
      expect(await query(server.url, "select text from note")).toEqual([{ text: "committed" }]);
    } finally {
      await server.stop();
    }
  });
});
