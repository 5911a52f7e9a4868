import { type Envelope, type SealedSecret, sealSecret } from "@berth/db";
import type { CredentialId, IdSource, OrganizationId } from "@berth/domain";
import { randomBase62 } from "../http/api-key.ts";

/** A credential's id and password, the password sealed for storing. Made before the transaction that stores it. */
export interface NewPassword {
  readonly id: CredentialId;
  readonly text: string;
  /** The last four characters. */
  readonly hint: string;
  readonly sealed: SealedSecret;
}

export async function newPassword(
  deps: { readonly envelope: Envelope; readonly ids: IdSource },
  organizationId: OrganizationId,
): Promise<NewPassword> {
  const id = deps.ids.next("credential");
  const text = randomBase62(28); // 166 bits.
  const sealed = await sealSecret(deps.envelope, `credential/${id}`, "password", text, organizationId);
  return { id, text, hint: text.slice(-4), sealed };
}
