import type { IdSource, NewCommitment } from "@berth/domain";
import { findSamePurchase, insertCommitment, lockCommitments } from "./commitments.ts";
import type { Database } from "./database.ts";
import type { Sql } from "./sql.ts";
import { transaction } from "./transaction.ts";

/** Reserved instances as EC2 tells of them. */
export type CloudCommitment = Pick<NewCommitment, "zone" | "term" | "paymentOption" | "startsAt" | "endsAt"> & {
  readonly [Field in
    | "externalId"
    | "region"
    | "machineType"
    | "offeringClass"
    | "count"
    | "upfrontMicroUsd"
    | "hourlyMicroUsd"]: NonNullable<NewCommitment[Field]>;
};

/** Regions in which we launch machines. */
export async function listLaunchRegions(sql: Sql): Promise<string[]> {
  const rows = await sql.query<{ region: string }>("select distinct region from kube where not is_static order by 1");
  return rows.map(({ region }) => region);
}

/**
 * Registers those that are not known by their id, and lets the others end when EC2 says that they do: one that was sold,
 * exchanged or modified ends early. `ambiguous` may be what somebody registered without an id; they are left out.
 */
export function recordCloudCommitments(
  database: Database,
  ids: IdSource,
  commitments: readonly CloudCommitment[],
): Promise<{ readonly registered: number; readonly ambiguous: readonly string[] }> {
  return transaction(database, async (tx) => {
    const ambiguous: string[] = [];
    let registered = 0;
    if (commitments.length === 0) return { registered, ambiguous };
    await lockCommitments(tx);
    const externalIds = commitments.map(({ externalId }) => externalId);
    const known = await tx.query<{ externalId: string }>(
      `select external_id as "externalId" from commitment where external_id = any($1::text[])`,
      [externalIds],
    );
    await tx.query(
      `update commitment c set ends_at = e.ends_at from unnest($1::text[], $2::timestamptz[]) as e(external_id, ends_at)
        where c.external_id = e.external_id and c.source = 'ec2' and c.ends_at <> e.ends_at`,
      [externalIds, commitments.map(({ endsAt }) => endsAt)],
    );
    const isKnown = new Set(known.map(({ externalId }) => externalId));
    for (const one of commitments) {
      if (isKnown.has(one.externalId)) continue;
      const commitment: NewCommitment = {
        ...one,
        kind: "reserved_instances",
        family: null,
        commitmentMicroUsdPerHour: null,
        account: null,
      };
      if ((await findSamePurchase(tx, commitment)) !== undefined) ambiguous.push(one.externalId);
      else {
        await insertCommitment(tx, { ...commitment, id: ids.next("commitment"), source: "ec2" });
        registered += 1;
      }
    }
    return { registered, ambiguous };
  });
}
