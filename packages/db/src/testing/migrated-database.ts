import { randomUUID } from "node:crypto";
import { type IdSource, idFromUuid } from "@berth/domain";
// By its path: no package may name testing among its dependencies, and only this file of db's tests reaches it.
import { createDatabase as createTestDatabase, type TestDatabase } from "../../../testing/src/index.ts";
import { createDatabase, type Database, type DatabaseRole } from "../database.ts";
import { migrate } from "../migrate.ts";

export { waitFor } from "../../../testing/src/index.ts";
export { createTestDatabase, type TestDatabase };

/** An own database in which all migrations are applied. Its url is the superuser's. */
export function createMigratedDatabase(): Promise<TestDatabase> {
  return createTestDatabase({ template: { name: "berth", prepare: async (url) => void (await migrate({ url })) } });
}

export const ids: IdSource = { next: (kind) => idFromUuid(kind, randomUUID()) };

/** A migrated database and handles on it, as the superuser and as each role. `close` drops it. */
export interface OpenTestDatabase {
  readonly url: string;
  readonly owner: Database;
  readonly api: Database;
  readonly operator: Database;
  readonly worker: Database;
  close(): Promise<void>;
}

export async function openMigratedDatabase(): Promise<OpenTestDatabase> {
  const test = await createMigratedDatabase();
  const open = (role?: DatabaseRole) =>
    createDatabase({ url: test.url, poolSize: 20, ...(role === undefined ? {} : { role }) });
  const handles = {
    owner: open(),
    api: open("berth_api"),
    operator: open("berth_operator"),
    worker: open("berth_worker"),
  };
  return {
    ...handles,
    url: test.url,
    close: async () => {
      await Promise.all(Object.values(handles).map((one) => one.close()));
      await test.drop();
    },
  };
}
