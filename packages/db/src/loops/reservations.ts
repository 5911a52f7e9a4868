import type { ReservationPlanId, ReservationPlanState } from "@berth/domain";
import type { Pool } from "pg";
import type { PlanPriceBook } from "../reservation-plans.ts";
import { fenced } from "./fenced.ts";
import type { HeldLease } from "./types.ts";

/** How soon a plan is looked at again that nobody has ended: its worker is gone, and its lease with it. */
const SILENCE = "interval '5 minutes'";

export interface ReservationFailure {
  readonly code: string;
  readonly message: string;
}

export interface ReservationRecord {
  readonly state: ReservationPlanState;
  /** How often it was begun. */
  readonly attempts: number;
  /** Of the last time, while it is planned: what may pass. */
  readonly failure: ReservationFailure | null;
}

/** What the reservations loop reads and writes of its own rows. */
export interface ReservationStore {
  find(id: ReservationPlanId): Promise<ReservationRecord | undefined>;
  /** It is planned, once more. From here on it is due again after a while: its worker may be gone. */
  recordStarted(lease: HeldLease, id: ReservationPlanId): Promise<void>;
  /** What failed this time and may pass: when it is due again stays as it is. */
  recordTrouble(lease: HeldLease, id: ReservationPlanId, failure: ReservationFailure): Promise<void>;
  /** Proposes it; those that nobody has decided are superseded by it. */
  recordPlan(
    lease: HeldLease,
    id: ReservationPlanId,
    plan: {
      readonly caseText: string;
      readonly caseSha256: string;
      readonly priceBooks: readonly PlanPriceBook[];
      readonly result: object;
    },
  ): Promise<void>;
  /** The end: it is never due again. */
  recordFailure(lease: HeldLease, id: ReservationPlanId, failure: ReservationFailure): Promise<void>;
}

/** The reservations loop's reads and writes. */
export function reservationStore(pool: Pool): ReservationStore {
  return {
    find: async (id) => {
      const { rows } = await pool.query<ReservationRecord>(
        "select state, attempts, failure from reservation_plan where id = $1",
        [id],
      );
      return rows[0];
    },

    recordStarted: (lease, id) =>
      fenced(pool, lease, async (client) => {
        await client.query(
          `update reservation_plan set state = 'planning', attempts = attempts + 1, next_check_at = now() + ${SILENCE}
            where id = $1 and state in ('queued', 'planning')`,
          [id],
        );
      }),

    recordPlan: (lease, id, { caseText, caseSha256, priceBooks, result }) =>
      fenced(pool, lease, async (client) => {
        // One at a time: each has a lease of its own, and one proposed plan is left.
        await client.query("select pg_advisory_xact_lock(hashtextextended('reservation_plan', 0))");
        await client.query(
          "update reservation_plan set state = 'superseded', generation = generation + 1 where state = 'proposed'",
        );
        await client.query(
          `update reservation_plan set state = 'proposed', case_text = $2, case_sha256 = $3, price_books = $4, result = $5,
                  failure = null, finished_at = now(), next_check_at = null where id = $1 and state = 'planning'`,
          [id, caseText, caseSha256, JSON.stringify(priceBooks), JSON.stringify(result)],
        );
      }),

    recordTrouble: (lease, id, failure) =>
      fenced(pool, lease, async (client) => {
        await client.query("update reservation_plan set failure = $2 where id = $1 and state = 'planning'", [
          id,
          JSON.stringify(failure),
        ]);
      }),

    recordFailure: (lease, id, failure) =>
      fenced(pool, lease, async (client) => {
        await client.query(
          `update reservation_plan set state = 'failed', failure = $2, finished_at = now(), next_check_at = null
            where id = $1 and state in ('queued', 'planning')`,
          [id, JSON.stringify(failure)],
        );
      }),
  };
}
