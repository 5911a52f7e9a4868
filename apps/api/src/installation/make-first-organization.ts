import {
  appendAudit,
  createDatabase,
  insertApiKey,
  insertMember,
  insertOrganization,
  insertProject,
  sqlTransaction,
} from "@berth/db";
import {
  err,
  type IdSource,
  isEmailAddress,
  type OrganizationId,
  ok,
  permissionsOfRole,
  type Result,
} from "@berth/domain";
import type { NewApiKey } from "../http/api-key.ts";

const KEY_DAYS = 90;

/**
 * Makes the platform's own organization, with its first owner and their key: nobody has a key before, so no route can. As the
 * owner of the tables. Refuses when there is one; two at once wait for each other.
 */
export async function makeFirstOrganization(
  request: { readonly databaseUrl: string; readonly name: string; readonly email: string; readonly key: NewApiKey },
  ids: IdSource,
  now: Date,
): Promise<Result<{ readonly organizationId: OrganizationId; readonly expiresAt: Date }, string>> {
  const { databaseUrl, name, key } = request;
  const email = request.email.trim();
  if (!isEmailAddress(email)) return err(`${JSON.stringify(email)} is no e-mail address`);
  const database = createDatabase({ url: databaseUrl, role: "berth_migrator", poolSize: 1 });
  try {
    return await sqlTransaction(database, async (tx) => {
      await tx.query(
        "select pg_advisory_xact_lock(hashtextextended('berth_platform_organization', 0))::text as locked",
      );
      const [known] = await tx.query<{ id: string; name: string }>(
        "select id, name from organization where kind = 'platform' limit 1",
      );
      if (known !== undefined) {
        return err(`there is a platform organization already: ${known.name} (${known.id}). Its owners invite others.`);
      }
      const organizationId = ids.next("organization");
      const memberId = ids.next("member");
      const apiKeyId = ids.next("apiKey");
      const expiresAt = new Date(now.getTime() + KEY_DAYS * 86_400_000);
      await insertOrganization(tx, { id: organizationId, name, kind: "platform" });
      await insertProject(tx, { id: ids.next("project"), organizationId, name: "default" });
      const person = { id: memberId, organizationId, email: email.toLowerCase(), name: "First owner" } as const;
      await insertMember(tx, { ...person, role: "owner", createdBy: "system" });
      await insertApiKey(tx, {
        id: apiKeyId,
        organizationId,
        publicId: key.publicId,
        secretHash: key.secretHash,
        name: "first key",
        scopes: permissionsOfRole("platform", "owner"),
        memberId,
        expiresAt,
        createdBy: "system",
      });
      await appendAudit(tx, ids, {
        organizationId,
        actor: "system",
        requestId: ids.next("request"),
        action: "organization.create",
        targetType: "organization",
        targetId: organizationId,
        data: { name, kind: "platform", memberId, apiKeyId },
      });
      return ok({ organizationId, expiresAt });
    });
  } finally {
    await database.close();
  }
}
