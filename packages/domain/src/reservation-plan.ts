/**
 * queued: waits for a worker; planning: one makes it; proposed: waits for an operator; approved: may be bought; rejected: an
 * operator refused it; superseded: a newer one was proposed before anybody decided; failed: it could not be made.
 */
export const RESERVATION_PLAN_STATES = [
  "queued",
  "planning",
  "proposed",
  "approved",
  "rejected",
  "superseded",
  "failed",
] as const;
export type ReservationPlanState = (typeof RESERVATION_PLAN_STATES)[number];

/**
 * Of a purchase of an approved plan. planned: its month has not come, or something holds it back; buying: EC2 was asked, and
 * what it answered is not known; bought: EC2 knows it; by_hand: nothing of ours can buy it, as a savings plan; dropped: an operator
 * gave it up.
 */
export const RESERVATION_PURCHASE_STATES = ["planned", "buying", "bought", "by_hand", "dropped"] as const;
export type ReservationPurchaseState = (typeof RESERVATION_PURCHASE_STATES)[number];

/** Of a pool: whether a worker may buy what an approved plan has of its machine types' families. */
export const RESERVATION_PURCHASES = ["off", "on"] as const;
export type ReservationPurchases = (typeof RESERVATION_PURCHASES)[number];

/** What an operator decides of a proposed plan. */
export const RESERVATION_DECISIONS = ["approve", "reject"] as const;
export type ReservationDecision = (typeof RESERVATION_DECISIONS)[number];
