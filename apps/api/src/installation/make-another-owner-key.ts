import { appendAudit, findMemberByEmail, insertMember } from "@berth/db";
import { err, type IdSource, isEmailAddress, ok, type Result } from "@berth/domain";
import type { NewApiKey } from "../http/api-key.ts";
import type { MadeOwnerKey } from "./make-first-organization.ts";
import { asInstaller, findPlatform, insertOwnerKey } from "./owner-key.ts";

/**
 * Makes another key for an owner of the platform's organization, when no owner has one that works any more: for the owner of
 * that address, or a new one. As the owner of the tables. Nobody else's key or role is touched: an address of somebody who is
 * no owner is refused.
 */
export async function makeAnotherOwnerKey(
  request: { readonly databaseUrl: string; readonly email: string; readonly key: NewApiKey },
  ids: IdSource,
  now: Date,
): Promise<Result<MadeOwnerKey, string>> {
  const { databaseUrl, key } = request;
  const email = request.email.trim().toLowerCase();
  if (!isEmailAddress(email)) return err(`${JSON.stringify(email)} is no e-mail address`);
  return asInstaller(databaseUrl, async (tx) => {
    const platform = await findPlatform(tx);
    if (platform === undefined) return err("there is no platform organization yet: leave out --again");
    const { id: organizationId, name: organizationName } = platform;
    const known = await findMemberByEmail(tx, organizationId, email);
    if (known !== undefined && known.role !== "owner") {
      return err(
        `${email} is ${known.role} in ${organizationName} (${organizationId}): name an owner, or somebody new`,
      );
    }
    const memberId = known?.id ?? ids.next("member");
    if (known === undefined) {
      const person = { id: memberId, organizationId, email, name: "Owner" } as const;
      await insertMember(tx, { ...person, role: "owner", createdBy: "system" });
    }
    const made = await insertOwnerKey(tx, ids, { organizationId, memberId, key, name: "recovery key", now });
    await appendAudit(tx, ids, {
      organizationId,
      actor: "system",
      requestId: ids.next("request"),
      action: "organization.recover",
      targetType: "organization",
      targetId: organizationId,
      data: { memberId, email, isNewOwner: known === undefined, apiKeyId: made.id },
    });
    return ok({ organizationId, organizationName, expiresAt: made.expiresAt });
  });
}
