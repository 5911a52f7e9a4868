import type { ReservationPurchase } from "@berth/contract";
import type { ReservationPurchaseRow } from "@berth/db";
import { moneyFromMicroUsd } from "@berth/domain";
import { iso, isoOrNull } from "../http/wire.ts";

export function toReservationPurchaseBody(row: ReservationPurchaseRow): ReservationPurchase {
  const money = (microUsd: number | null) => (microUsd === null ? null : moneyFromMicroUsd(microUsd));
  return {
    id: row.id,
    reservation_plan_id: row.planId,
    state: row.state,
    product: row.product,
    region: row.region,
    machine_type: row.machineType,
    count: row.count,
    offering_class: row.offeringClass,
    term: row.term,
    payment_option: row.paymentOption,
    most_upfront: money(row.upfrontMicroUsd),
    most_per_hour: money(row.hourlyMicroUsd),
    due_at: iso(row.dueAt),
    asked_at: isoOrNull(row.askedAt),
    external_id: row.externalId,
    waiting_for: [...row.waitingFor],
    generation: row.generation,
    created_at: iso(row.createdAt),
  };
}
