import { err, ok, type Result } from "./result.ts";

/** Closed lists of rebalance plans. Stored as text in Postgres and checked there by constraints of the same words. */

/**
 * Of a pool. off: nothing is looked for; propose: plans wait for an operator; automatic: one that moves few enough
 * instances is approved by itself, and the others wait.
 */
export const REBALANCE_MODES = ["off", "propose", "automatic"] as const;
export type RebalanceMode = (typeof REBALANCE_MODES)[number];

/**
 * proposed: waits for an operator; approved: may begin; running: its moves are under way; paused: nothing more of it is
 * begun; succeeded: all of it is done; cancelled: an operator ended it; failed: something did not come back after a move;
 * superseded: the fleet is not the one any more that it was made for, or a newer one has taken its place.
 */
export const REBALANCE_PLAN_STATES = [
  "proposed",
  "approved",
  "running",
  "paused",
  "succeeded",
  "cancelled",
  "failed",
  "superseded",
] as const;
export type RebalancePlanState = (typeof REBALANCE_PLAN_STATES)[number];

/**
 * planned: not begun; moving: its new place is reserved, and it is on its way; moved: it runs there and its cluster is green;
 * skipped: there is nothing to move any more; missed: it came to run somewhere else.
 */
export const REBALANCE_MOVE_STATES = ["planned", "moving", "moved", "skipped", "missed"] as const;
export type RebalanceMoveState = (typeof REBALANCE_MOVE_STATES)[number];

/**
 * What a look for moves came to in a pool. off: its policy says so; static: its machines are brought, so there is nothing to
 * save; open: a plan that was approved is not over; proposed: there is a plan; cancelled: there is one, which an operator
 * cancelled within the last day; below_threshold: it would save less than the policy asks for; nothing: no move pays.
 */
export const REBALANCE_OUTCOMES = [
  "off",
  "static",
  "open",
  "proposed",
  "cancelled",
  "below_threshold",
  "nothing",
] as const;
export type RebalanceOutcome = (typeof REBALANCE_OUTCOMES)[number];

/** What an operator may do with a plan. */
export const REBALANCE_ACTS = ["approve", "pause", "resume", "cancel"] as const;
export type RebalanceAct = (typeof REBALANCE_ACTS)[number];

/** The act is none for a plan in this state. */
export interface ActNotAllowed {
  readonly kind: "act_not_allowed";
  readonly act: RebalanceAct;
  readonly state: RebalancePlanState;
}

/** For each act, the state that each state leads to. */
const ACTS: Readonly<Record<RebalanceAct, Readonly<Partial<Record<RebalancePlanState, RebalancePlanState>>>>> = {
  approve: { proposed: "approved", approved: "approved", running: "running" },
  pause: { approved: "paused", running: "paused", paused: "paused" },
  resume: { paused: "approved", approved: "approved", running: "running" },
  cancel: {
    proposed: "cancelled",
    approved: "cancelled",
    running: "cancelled",
    paused: "cancelled",
    cancelled: "cancelled",
  },
};

/** The state that an act leads to; the same where it is so already. One that was begun and is resumed begins again where it was. */
export function afterAct(act: RebalanceAct, state: RebalancePlanState): Result<RebalancePlanState, ActNotAllowed> {
  const next = ACTS[act][state];
  return next === undefined ? err({ kind: "act_not_allowed", act, state }) : ok(next);
}

/** Nothing more of it will be begun, ever. */
export function isRebalanceOver(state: RebalancePlanState): boolean {
  return state === "succeeded" || state === "cancelled" || state === "failed" || state === "superseded";
}
