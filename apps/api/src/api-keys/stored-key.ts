import { type ApiKeyRow, findApiKey, type Tx } from "@berth/db";
import type { OrganizationId } from "@berth/domain";

/** The row as it is now, of a key that is there. */
export async function storedKey(tx: Tx, organizationId: OrganizationId, id: string): Promise<ApiKeyRow> {
  const stored = await findApiKey(tx, organizationId, id);
  if (stored === undefined) throw new Error(`${id} is gone`);
  return stored;
}
