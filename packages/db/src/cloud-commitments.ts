import type { IdSource, LeftOutReason, NewCommitment } from "@berth/domain";
import { findSamePurchase, insertCommitment, lockCommitments } from "./commitments.ts";
import type { Database } from "./database.ts";
import type { Sql, Tx } from "./sql.ts";
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

/** All purchases that EC2 knows of in a region. */
export interface CloudPurchases {
  readonly region: string;
  readonly commitments: readonly CloudCommitment[];
  /** Of those that cover no machine of ours. */
  readonly notOursIds: readonly string[];
  /** Of those that came to nothing: their payment failed, or they were queued and deleted. */
  readonly unpaidIds: readonly string[];
}

/** A purchase that is no commitment of ours, and why. */
export interface LeftOutPurchase {
  readonly externalId: string;
  readonly region: string;
  readonly because: LeftOutReason;
}

/** Regions in which we launch machines. */
export async function listLaunchRegions(sql: Sql): Promise<string[]> {
  const rows = await sql.query<{ region: string }>("select distinct region from kube where not is_static order by 1");
  return rows.map(({ region }) => region);
}

/**
 * Registers those that are not known by their id, and lets the others end when EC2 says that they do: one that was sold,
 * exchanged or modified ends early. What may be what somebody registered without an id, and was not bought for a plan, is left
 * out, as is what is not ours; it is kept by name. Of a purchase that came to nothing what was registered is removed, and a plan's purchase that was taken for
 * bought is looked at again. Gives how many were registered, and what was not left out before.
 */
export function recordCloudCommitments(
  database: Database,
  ids: IdSource,
  { region, commitments, notOursIds, unpaidIds }: CloudPurchases,
): Promise<{ readonly registered: number; readonly newlyLeftOut: readonly LeftOutPurchase[] }> {
  return transaction(database, async (tx) => {
    await lockCommitments(tx);
    await removeUnpaid(tx, unpaidIds);
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
    const bought = await tx.query<{ externalId: string }>(
      `select external_id as "externalId" from reservation_purchase where external_id = any($1::text[])`,
      [externalIds],
    );
    const isBoughtHere = new Set(bought.map(({ externalId }) => externalId));
    const leftOut: LeftOutPurchase[] = notOursIds.map((externalId) => ({
      externalId,
      region,
      because: "not_ours_to_cover",
    }));
    let registered = 0;
    for (const one of commitments) {
      if (isKnown.has(one.externalId)) continue;
      const commitment: NewCommitment = {
        ...one,
        kind: "reserved_instances",
        family: null,
        commitmentMicroUsdPerHour: null,
        account: null,
      };
      if (!isBoughtHere.has(one.externalId) && (await findSamePurchase(tx, commitment)) !== undefined) {
        leftOut.push({ externalId: one.externalId, region, because: "maybe_registered" });
      } else {
        await insertCommitment(tx, { ...commitment, id: ids.next("commitment"), source: "ec2" });
        registered += 1;
      }
    }
    return { registered, newlyLeftOut: await recordLeftOut(tx, region, leftOut) };
  });
}

/** What is left out of the commitments of all regions, by region and id. */
export function listLeftOutPurchases(sql: Sql): Promise<LeftOutPurchase[]> {
  return sql.query<LeftOutPurchase>(
    `select external_id as "externalId", region, because from left_out_purchase order by region, external_id`,
  );
}

async function removeUnpaid(tx: Tx, unpaidIds: readonly string[]): Promise<void> {
  await tx.query("delete from commitment where source = 'ec2' and external_id = any($1::text[])", [unpaidIds]);
  await tx.query(
    `update reservation_purchase set state = 'buying', external_id = null, next_check_at = now(), wakes = wakes + 1
      where state = 'bought' and external_id = any($1::text[])`,
    [unpaidIds],
  );
}

/** Makes the region's list this one; gives what was not on it. */
async function recordLeftOut(tx: Tx, region: string, leftOut: readonly LeftOutPurchase[]): Promise<LeftOutPurchase[]> {
  const externalIds = leftOut.map(({ externalId }) => externalId);
  await tx.query("delete from left_out_purchase where region = $1 and not (external_id = any($2::text[]))", [
    region,
    externalIds,
  ]);
  return tx.query<LeftOutPurchase>(
    `insert into left_out_purchase as l (external_id, region, because)
     select e.id, $1, e.because from unnest($2::text[], $3::text[]) as e(id, because)
     on conflict (external_id) do update set because = excluded.because where l.because <> excluded.because
     returning external_id as "externalId", region, because`,
    [region, externalIds, leftOut.map(({ because }) => because)],
  );
}
