import { afterAll, beforeAll, describe, it } from "vitest";
import { createDatabase, type TestDatabase } from "../postgres/create-database.ts";
import { queueConformance } from "./queue.ts";

describe("the queue on PostgreSQL", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  for (const { name, run } of queueConformance) {
    it(name, () => run({ kind: "postgres", url: database.url }));
  }
});
