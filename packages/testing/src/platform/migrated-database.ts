import { createDatabase, type Database, migrate } from "@berth/db";
import { createDatabase as createTestDatabase } from "../postgres/create-database.ts";

/** A database of its own with the schema, as its owner sees it and as a worker does. */
export interface MigratedDatabase {
  readonly owner: Database;
  readonly worker: Database;
  drop(): Promise<void>;
}

export async function createMigratedDatabase(): Promise<MigratedDatabase> {
  const test = await createTestDatabase({
    template: { name: "berth", prepare: async (url) => void (await migrate({ url })) },
  });
  const owner = createDatabase({ url: test.url, poolSize: 2 });
  const worker = createDatabase({ url: test.url, role: "berth_worker", poolSize: 8 });
  const drop = async () => {
    await owner.close();
    await worker.close();
    await test.drop();
  };
  return { owner, worker, drop };
}
