import { createDatabase, insertApiKey, sqlTransaction, type Tx } from "@berth/db";
import { type ApiKeyId, type IdSource, type MemberId, type OrganizationId, permissionsOfRole } from "@berth/domain";
import type { NewApiKey } from "../http/api-key.ts";

const DAY_MS = 86_400_000;
const KEY_DAYS = 90;

/** Runs one transaction as the owner of the tables, after any other that makes or looks for the platform's organization. */
export async function asInstaller<T>(databaseUrl: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  const database = createDatabase({ url: databaseUrl, role: "berth_migrator", poolSize: 1 });
  try {
    return await sqlTransaction(database, async (tx) => {
      await tx.query(
        "select pg_advisory_xact_lock(hashtextextended('berth_platform_organization', 0))::text as locked",
      );
      return work(tx);
    });
  } finally {
    await database.close();
  }
}

/** The first organization of the platform's own people. */
export async function findPlatform(
  tx: Tx,
): Promise<{ readonly id: OrganizationId; readonly name: string } | undefined> {
  const [row] = await tx.query<{ id: OrganizationId; name: string }>(
    "select id, name from organization where kind = 'platform' order by id limit 1",
  );
  return row;
}

/** Stores a personal key of an owner of the platform's organization, which may all that they may. */
export async function insertOwnerKey(
  tx: Tx,
  ids: IdSource,
  owner: {
    readonly organizationId: OrganizationId;
    readonly memberId: MemberId;
    readonly key: NewApiKey;
    readonly name: string;
    readonly now: Date;
  },
): Promise<{ readonly id: ApiKeyId; readonly expiresAt: Date }> {
  const { organizationId, memberId, key, name, now } = owner;
  const id = ids.next("apiKey");
  const expiresAt = new Date(now.getTime() + KEY_DAYS * DAY_MS);
  await insertApiKey(tx, {
    id,
    organizationId,
    publicId: key.publicId,
    secretHash: key.secretHash,
    name,
    scopes: permissionsOfRole("platform", "owner"),
    memberId,
    expiresAt,
    createdBy: "system",
  });
  return { id, expiresAt };
}
