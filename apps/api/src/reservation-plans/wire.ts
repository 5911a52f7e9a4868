import type { ReservationPlan, ReservationPlanDetail } from "@berth/contract";
import type { ReservationPlanRow, WholeReservationPlan } from "@berth/db";
import { iso, isoOrNull } from "../http/wire.ts";

export function toReservationPlanBody(row: ReservationPlanRow): ReservationPlan {
  return {
    id: row.id,
    state: row.state,
    created_by: row.createdBy,
    inputs_sha256: row.caseSha256,
    price_books: [...row.priceBooks],
    purchases: row.purchases,
    cost_usd: row.costUsd,
    without_purchases_usd: row.withoutPurchasesUsd,
    failure: row.failure as ReservationPlan["failure"],
    decided_by: row.decidedBy,
    reason: row.reason,
    generation: row.generation,
    created_at: iso(row.createdAt),
    finished_at: isoOrNull(row.finishedAt),
    decided_at: isoOrNull(row.decidedAt),
  };
}

export function toReservationPlanDetail(row: WholeReservationPlan): ReservationPlanDetail {
  return { ...toReservationPlanBody(row), plan: row.result as ReservationPlanDetail["plan"] };
}
