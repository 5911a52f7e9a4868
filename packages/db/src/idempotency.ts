import type { OrganizationId } from "@berth/domain";
import { hasState } from "./conflicts.ts";
import type { Sealed } from "./envelope.ts";
import type { Sql, Tx } from "./sql.ts";

/** How long an outcome answers for its key. */
export const IDEMPOTENCY_HOURS = 24;

/** The outcome of a request, kept encrypted: it may hold a secret that is shown once. */
export interface StoredOutcome {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Open with `placeOfOutcome`. */
  readonly body: Sealed;
}

export type IdempotencyClaim =
  /** Ours: do the work, then `storeOutcome`, in this transaction. */
  | { readonly kind: "claimed" }
  /** Done before: answer this again. */
  | { readonly kind: "replay"; readonly outcome: StoredOutcome }
  /** The key was used with another request. */
  | { readonly kind: "mismatch" };

/** The first request with the key is still at work and did not end in the time given. The transaction is lost. */
export class IdempotencyInFlight extends Error {
  override readonly name = "IdempotencyInFlight";
}

/** Where the body is kept, as it is authenticated. */
export function placeOfOutcome(organizationId: OrganizationId, key: string): string {
  return `idempotency_record/${organizationId}/${key}`;
}

/**
 * Claims a key for this transaction, or gives what an earlier one stored under it.
 *
 * The claim is a row of the same transaction as the work: it appears with the work or not at all, so a crash between them
 * leaves nothing to clean up. A twin waits on that row (`waitMs`, then IdempotencyInFlight) and sees the outcome, or, when
 * the first rolled back, claims the key itself. `fingerprint` tells whether it is the same request: method, path and body.
 */
export async function claimIdempotencyKey(
  tx: Tx,
  claim: {
    readonly organizationId: OrganizationId;
    readonly key: string;
    readonly fingerprint: Uint8Array;
    readonly waitMs?: number;
  },
): Promise<IdempotencyClaim> {
  const waitMs = claim.waitMs ?? 10_000;
  let claimed: object[];
  try {
    // They leave together, in this order; what comes after the claim is void when it fails, as the transaction is then.
    [, claimed] = await Promise.all([
      // The statement may take as long as the lock may; both limits are the transaction's own.
      tx.query("select set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)", [
        String(waitMs),
        String(waitMs + 1000),
      ]),
      tx.query(
        `insert into idempotency_record as r (organization_id, key, fingerprint) values ($1, $2, $3)
       on conflict (organization_id, key) do update
         set fingerprint = excluded.fingerprint, created_at = now(), status = null, headers = null,
             key_id = null, wrapped_key = null, nonce = null, ciphertext = null
         where r.created_at < now() - $4::int * interval '1 hour'
       returning key`,
        [claim.organizationId, claim.key, claim.fingerprint, IDEMPOTENCY_HOURS],
      ),
      tx.query("set local lock_timeout to default"),
      tx.query("set local statement_timeout to default"),
    ]);
  } catch (error) {
    if (hasState(error, "55P03"))
      throw new IdempotencyInFlight("a request with this key is under way", { cause: error });
    throw error;
  }
  if (claimed.length === 1) return { kind: "claimed" };
  return readClaim(tx, claim);
}

async function readClaim(
  tx: Tx,
  claim: { readonly organizationId: OrganizationId; readonly key: string; readonly fingerprint: Uint8Array },
): Promise<IdempotencyClaim> {
  const [row] = await tx.query<Sealed & { same: boolean; status: number; headers: Record<string, string> }>(
    `select fingerprint = $3 as same, status, headers, key_id as "keyId", wrapped_key as "wrappedKey", nonce, ciphertext
       from idempotency_record where organization_id = $1 and key = $2`,
    [claim.organizationId, claim.key, claim.fingerprint],
  );
  if (row === undefined || (row.same && row.status === null)) throw new IdempotencyInFlight("no outcome was stored");
  if (!row.same) return { kind: "mismatch" };
  const { status, headers, keyId, wrappedKey, nonce, ciphertext } = row;
  return { kind: "replay", outcome: { status, headers, body: { keyId, wrappedKey, nonce, ciphertext } } };
}

/**
 * Stores what the request is answered, with the work it answers for and at its end. A key that was not claimed in the same
 * transaction, or has an outcome already, undoes it all: the division by none fails (22012).
 */
export function storeOutcome(
  tx: Tx,
  key: { readonly organizationId: OrganizationId; readonly key: string },
  outcome: StoredOutcome,
): void {
  const { keyId, wrappedKey, nonce, ciphertext } = outcome.body;
  tx.atEnd({
    text: `with stored as (
        update idempotency_record
           set status = $3, headers = $4::jsonb, key_id = $5, wrapped_key = $6, nonce = $7, ciphertext = $8
         where organization_id = $1 and key = $2 and status is null returning key)
      select 1 / count(*) from stored`,
    values: [
      key.organizationId,
      key.key,
      outcome.status,
      JSON.stringify(outcome.headers),
      keyId,
      wrappedKey,
      nonce,
      ciphertext,
    ],
  });
}

/** Removes outcomes that answer for nothing any more; some at a time. Gives how many. */
export async function forgetOldOutcomes(sql: Sql, limit = 1000): Promise<number> {
  const [row] = await sql.query<{ count: number }>(
    `with old as (
       delete from idempotency_record where (organization_id, key) in (
         select organization_id, key from idempotency_record where created_at < now() - $1::int * interval '1 hour'
          order by created_at limit $2)
       returning created_at)
     select count(*)::int as count from old`,
    [IDEMPOTENCY_HOURS, limit],
  );
  return row?.count ?? 0;
}
