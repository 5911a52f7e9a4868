import type { ReservationPurchase } from "@berth/contract";
import { changeReservationPurchase, lockReservationPurchase, type ReservationPurchaseRow, type Tx } from "@berth/db";
import { err, type OrganizationId, ok, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { NOT_FOUND, type Refusal, refuse } from "../http/refusal.ts";
import { toReservationPurchaseBody } from "./wire.ts";

/** An operator's word on a purchase. One that changes nothing is no fault. One transaction, the caller's. */
export async function changePurchase(
  deps: ApiDeps,
  tx: Tx,
  change: {
    readonly id: string;
    readonly act: "drop" | "retry";
    readonly organizationId: OrganizationId;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<{ readonly status: 200; readonly body: ReservationPurchase }, Refusal>> {
  const { id, ...more } = change;
  const purchase = await lockReservationPurchase(tx, id);
  if (purchase === undefined) return err(NOT_FOUND);
  if (change.act === "drop" && purchase.state === "dropped") {
    return ok({ status: 200, body: toReservationPurchaseBody(purchase) });
  }
  const refused = refusalOf(change.act, purchase);
  if (refused !== undefined) return refuse("invalid_state", refused);
  const row = await changeReservationPurchase(tx, deps.ids, { ...more, id: purchase.id });
  return ok({ status: 200, body: toReservationPurchaseBody(row) });
}

function refusalOf(act: "drop" | "retry", { state, waitingFor }: ReservationPurchaseRow): string | undefined {
  if (act === "drop") return state === "bought" ? "It is bought, and stays bought." : undefined;
  if (state !== "buying") return `It is ${state}: only one that EC2 was asked for can be asked for again.`;
  return waitingFor.some(({ name }) => name === "purchase_unknown" || name === "purchase_unpaid")
    ? undefined
    : "It is looked for still: EC2 may show it yet.";
}
