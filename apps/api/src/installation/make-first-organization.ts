import { appendAudit, insertMember, insertOrganization, insertProject } from "@berth/db";
import { err, type IdSource, isEmailAddress, type OrganizationId, ok, type Result } from "@berth/domain";
import type { NewApiKey } from "../http/api-key.ts";
import { asInstaller, findPlatform, insertOwnerKey } from "./owner-key.ts";

/** What the command has made: the organization whose owner's key it is, and when that ends. */
export interface MadeOwnerKey {
  readonly organizationId: OrganizationId;
  readonly organizationName: string;
  readonly expiresAt: Date;
}

/**
 * Makes the platform's own organization, with its first owner and their key: nobody has a key before, so no route can. As the
 * owner of the tables. Refuses when there is one; two at once wait for each other.
 */
export async function makeFirstOrganization(
  request: { readonly databaseUrl: string; readonly name: string; readonly email: string; readonly key: NewApiKey },
  ids: IdSource,
  now: Date,
): Promise<Result<MadeOwnerKey, string>> {
  const { databaseUrl, name, key } = request;
  const email = request.email.trim().toLowerCase();
  if (!isEmailAddress(email)) return err(`${JSON.stringify(email)} is no e-mail address`);
  return asInstaller(databaseUrl, async (tx) => {
    const known = await findPlatform(tx);
    if (known !== undefined) {
      return err(
        `there is a platform organization already: ${known.name} (${known.id}). Its owners invite others; ` +
          "if none of them has a key that works, add --again.",
      );
    }
    const organizationId = ids.next("organization");
    const memberId = ids.next("member");
    await insertOrganization(tx, { id: organizationId, name, kind: "platform" });
    await insertProject(tx, { id: ids.next("project"), organizationId, name: "default" });
    const person = { id: memberId, organizationId, email, name: "First owner" } as const;
    await insertMember(tx, { ...person, role: "owner", createdBy: "system" });
    const made = await insertOwnerKey(tx, ids, { organizationId, memberId, key, name: "first key", now });
    await appendAudit(tx, ids, {
      organizationId,
      actor: "system",
      requestId: ids.next("request"),
      action: "organization.create",
      targetType: "organization",
      targetId: organizationId,
      data: { name, kind: "platform", memberId, apiKeyId: made.id },
    });
    return ok({ organizationId, organizationName: name, expiresAt: made.expiresAt });
  });
}
