import type { ReservationPlan, ReservationPlanDetail } from "@berth/contract";
import type { ReservationPlanRow } from "@berth/db";
import { iso, isoOrNull } from "../http/wire.ts";

/** What is shown of the planner's output in lists. */
interface Result {
  readonly purchases: readonly unknown[];
  readonly costUsd: string;
  readonly withoutPurchasesUsd: string;
}

export function toReservationPlanBody(row: ReservationPlanRow): ReservationPlan {
  const result = row.result as Result | null;
  return {
    id: row.id,
    state: row.state,
    created_by: row.createdBy,
    inputs_sha256: row.caseSha256,
    price_books: [...row.priceBooks],
    purchases: result?.purchases.length ?? null,
    cost_usd: result?.costUsd ?? null,
    without_purchases_usd: result?.withoutPurchasesUsd ?? null,
    failure: row.failure as ReservationPlan["failure"],
    decided_by: row.decidedBy,
    reason: row.reason,
    generation: row.generation,
    created_at: iso(row.createdAt),
    finished_at: isoOrNull(row.finishedAt),
    decided_at: isoOrNull(row.decidedAt),
  };
}

export function toReservationPlanDetail(row: ReservationPlanRow): ReservationPlanDetail {
  return { ...toReservationPlanBody(row), plan: row.result as ReservationPlanDetail["plan"] };
}
