import type { RebalancePlan } from "@berth/contract";
import { changeRebalancePlan, lockRebalancePlan, type Tx } from "@berth/db";
import { afterAct, err, ok, type RebalanceAct, type RebalancePlanState, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { actorOf } from "../http/actor.ts";
import type { Principal } from "../http/authenticate.ts";
import { NOT_FOUND, type Refusal, refuse } from "../http/refusal.ts";
import { toRebalancePlanBody } from "./wire.ts";

const PAST: Readonly<Record<RebalanceAct, string>> = {
  approve: "approved",
  pause: "paused",
  resume: "resumed",
  cancel: "cancelled",
};

/** What can be done with a plan in each state. */
const NEXT: Readonly<Record<RebalancePlanState, string>> = {
  proposed: "It can be approved or cancelled.",
  approved: "It can be paused or cancelled.",
  running: "It can be paused or cancelled.",
  paused: "It can be resumed or cancelled.",
  succeeded: "It is over.",
  cancelled: "It is over.",
  failed: "It is over.",
  superseded: "It is over: a look may find another, by POST /v1/admin/rebalance_plans.",
};

/** An operator's act on a plan. One that changes nothing is no fault. One transaction, the caller's. */
export async function changePlan(
  deps: ApiDeps,
  tx: Tx,
  act: RebalanceAct,
  call: {
    readonly params: { readonly rebalance_plan_id: string };
    readonly principal: Principal;
    readonly requestId: string;
  },
): Promise<Result<{ readonly status: 200; readonly body: RebalancePlan }, Refusal>> {
  const before = await lockRebalancePlan(tx, call.params.rebalance_plan_id);
  if (before === undefined) return err(NOT_FOUND);
  const state = afterAct(act, before.state);
  if (!state.ok) {
    return refuse("invalid_state", `The plan is ${before.state}, and cannot be ${PAST[act]}. ${NEXT[before.state]}`);
  }
  if (state.value === before.state) return ok({ status: 200, body: toRebalancePlanBody(before) });
  const { organizationId } = call.principal;
  await changeRebalancePlan(tx, deps.ids, { before, act, state: state.value, organizationId, ...actorOf(call) });
  const after = await lockRebalancePlan(tx, before.id);
  if (after === undefined) throw new Error(`${before.id} was changed a moment ago`);
  return ok({ status: 200, body: toRebalancePlanBody(after) });
}
