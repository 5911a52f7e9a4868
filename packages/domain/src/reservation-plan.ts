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

/** What an operator decides of a proposed plan. */
export const RESERVATION_DECISIONS = ["approve", "reject"] as const;
export type ReservationDecision = (typeof RESERVATION_DECISIONS)[number];
