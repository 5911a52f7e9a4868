import type { ReservationPlan } from "@berth/contract";
import {
  decideReservationPlan,
  findReservationPlan,
  insertReservationPurchases,
  isBoughtSince,
  lockReservationPlan,
  type NewReservationPurchase,
  type Tx,
} from "@berth/db";
import { err, type OrganizationId, ok, type ReservationDecision, type Result } from "@berth/domain";
import type { PurchasePart } from "@berth/planner";
import type { ApiDeps } from "../deps.ts";
import { NOT_FOUND, type Refusal, refuse } from "../http/refusal.ts";
import { toReservationPlanBody } from "./wire.ts";

const DECIDED = { approve: "approved", reject: "rejected" } as const;

/** An operator's decision on a proposed plan. One that is decided so already stays as it is. One transaction, the caller's. */
export async function decide(
  deps: ApiDeps,
  tx: Tx,
  change: {
    readonly id: string;
    readonly decision: ReservationDecision;
    readonly reason: string | null;
    readonly organizationId: OrganizationId;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<{ readonly status: 200; readonly body: ReservationPlan }, Refusal>> {
  const { id, ...decision } = change;
  const plan = await lockReservationPlan(tx, id);
  if (plan === undefined) return err(NOT_FOUND);
  const decided = DECIDED[decision.decision];
  if (plan.state === decided) return ok({ status: 200, body: toReservationPlanBody(plan) });
  if (plan.state !== "proposed") {
    return refuse("invalid_state", `The plan is ${plan.state}, and cannot be ${decided}: only a proposed one can.`);
  }
  if (decision.decision === "approve" && (await isBoughtSince(tx, plan.createdAt))) {
    return refuse(
      "invalid_state",
      "Something was bought or registered since it was asked for, or EC2 was asked for something and may show it yet: it would be bought twice. Make a new plan once berth admin reservation-purchase list has nothing that is buying, half an hour after one was dropped or retried.",
    );
  }
  const row = await decideReservationPlan(tx, deps.ids, { ...decision, id: plan.id });
  if (decision.decision === "approve")
    await insertReservationPurchases(tx, deps.ids, plan.id, await purchasesOf(tx, plan.id));
  return ok({ status: 200, body: toReservationPlanBody(row) });
}

/** What the plan has to be bought, as its worker wrote it down. */
async function purchasesOf(tx: Tx, id: string): Promise<NewReservationPurchase[]> {
  const plan = await findReservationPlan(tx, id);
  const { parts = [] } = (plan?.result ?? {}) as { readonly parts?: readonly PurchasePart[] };
  return parts.map(({ reserved, ...part }) => ({
    ...part,
    region: reserved?.region ?? null,
    machineType: reserved?.machineType ?? null,
    count: reserved?.count ?? null,
    offeringClass: reserved?.offeringClass ?? null,
    upfrontMicroUsd: reserved?.upfrontMicroUsd ?? null,
    hourlyMicroUsd: reserved?.hourlyMicroUsd ?? null,
  }));
}
