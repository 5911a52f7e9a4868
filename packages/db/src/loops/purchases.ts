import type { CommitmentId, Guard, ReservationPurchaseId } from "@berth/domain";
import type { Pool } from "pg";
import { findReservationPurchase, type ReservationPurchaseRow } from "../reservation-purchases.ts";
import type { Sql } from "../sql.ts";
import { fenced } from "./fenced.ts";
import type { HeldLease } from "./types.ts";

/** One purchase with all that is decided by. */
export interface PurchaseRecord extends ReservationPurchaseRow {
  /** A pool of its region, which launches its machine type's family, lets reservations be bought. */
  readonly isAllowed: boolean;
  /** What EC2 knew of the region when it was asked; null before that, and where it refused for sure. */
  readonly knownIds: readonly string[] | null;
  /** Ids of the region's purchases that other rows have. */
  readonly takenIds: readonly string[];
  readonly failures: number;
  readonly wakes: number;
}

/** What EC2 sold. */
export interface BoughtReservation {
  readonly commitmentId: CommitmentId;
  readonly externalId: string;
  /** Of one of them. */
  readonly upfrontMicroUsd: number;
  readonly hourlyMicroUsd: number;
  readonly startsAt: Date;
  /** Until EC2 says better. */
  readonly endsAt: Date;
}

/** What the purchases loop reads and writes. */
export interface PurchaseStore {
  find(id: ReservationPurchaseId): Promise<PurchaseRecord | undefined>;
  /** Before EC2 is asked: from here on it may have sold. */
  recordAsked(lease: HeldLease, id: ReservationPurchaseId, knownIds: readonly string[]): Promise<void>;
  /**
   * It is bought, and a commitment from now on: a plan that is made next counts it, whatever EC2's lists show yet. Also where a
   * person has asked for it anew meanwhile.
   */
  recordBought(lease: HeldLease, id: ReservationPurchaseId, bought: BoughtReservation): Promise<void>;
  /** EC2 refused it for sure: nothing was sold. */
  recordRefused(lease: HeldLease, id: ReservationPurchaseId): Promise<void>;
  recordLook(
    lease: HeldLease,
    id: ReservationPurchaseId,
    look: {
      readonly waitingFor: readonly Guard[];
      readonly nextCheckInMs: number | undefined;
      readonly failures: number;
      readonly wakes: number;
    },
  ): Promise<void>;
}

/** The purchases loop's reads and writes. */
export function purchaseStore(pool: Pool): PurchaseStore {
  const sql: Sql = { query: async (text, values) => (await pool.query(text, [...(values ?? [])])).rows };
  return {
    find: async (id) => {
      const row = await findReservationPurchase(sql, id);
      if (row === undefined) return undefined;
      const { rows } = await pool.query<
        Pick<PurchaseRecord, "isAllowed" | "knownIds" | "takenIds" | "failures" | "wakes">
      >(
        `select p.failures, p.wakes, p.known_ids as "knownIds",
                exists (select 1 from pool o join kube k on k.id = o.kube_id, unnest(o.machine_types) t
                         where k.region = p.region and not k.is_static and o.reservation_purchases = 'on'
                           and split_part(t, '.', 1) = split_part(p.machine_type, '.', 1)) as "isAllowed",
                coalesce((select array_agg(o.external_id) from reservation_purchase o
                           where o.region = p.region and o.external_id is not null and o.id <> p.id), '{}') as "takenIds"
           from reservation_purchase p where p.id = $1`,
        [id],
      );
      const [more] = rows;
      return more === undefined ? undefined : { ...row, ...more };
    },

    recordAsked: (lease, id, knownIds) =>
      fenced(pool, lease, async (client) => {
        const { rowCount } = await client.query(
          `update reservation_purchase set state = 'buying', known_ids = $2, asked_at = now(), next_check_at = now() + interval '30 seconds'
            where id = $1 and state = 'planned'`,
          [id, knownIds],
        );
        if (rowCount !== 1) throw new Error(`${id} is not planned any more`);
      }),

    recordBought: (lease, id, { commitmentId, externalId, upfrontMicroUsd, hourlyMicroUsd, startsAt, endsAt }) =>
      fenced(pool, lease, async (client) => {
        // Unless it was read from EC2 before.
        await client.query(
          `insert into commitment (id, kind, region, machine_type, offering_class, term, payment_option, count, upfront_micro_usd,
                                   hourly_micro_usd, external_id, source, starts_at, ends_at)
           select $2, 'reserved_instances', region, machine_type, offering_class, term, payment_option, count, $4, $5, $3, 'ec2', $6, $7
             from reservation_purchase where id = $1 and state in ('planned', 'buying')
           on conflict (external_id) do nothing`,
          [id, commitmentId, externalId, upfrontMicroUsd, hourlyMicroUsd, startsAt, endsAt],
        );
        await client.query(
          `update reservation_purchase set state = 'bought', external_id = $2, waiting_for = '[]', failures = 0, next_check_at = null
            where id = $1 and state in ('planned', 'buying')`,
          [id, externalId],
        );
      }),

    recordRefused: (lease, id) =>
      fenced(pool, lease, async (client) => {
        await client.query(
          "update reservation_purchase set state = 'planned', known_ids = null where id = $1 and state = 'buying'",
          [id],
        );
      }),

    recordLook: (lease, id, { waitingFor, nextCheckInMs, failures, wakes }) =>
      fenced(pool, lease, async (client) => {
        await client.query(
          `update reservation_purchase set waiting_for = $2, failures = $4,
                  next_check_at = case when wakes > $5 then now() when $3::float8 is null then null
                                       else now() + $3::float8 * interval '1 millisecond' end
            where id = $1`,
          [id, JSON.stringify(waitingFor), nextCheckInMs ?? null, failures, wakes],
        );
      }),
  };
}
