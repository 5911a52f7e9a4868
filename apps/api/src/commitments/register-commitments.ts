import type { CreateCommitmentBody, Fault } from "@berth/contract";
import {
  auditCommitments,
  type CommitmentRow,
  findSamePurchase,
  insertCommitment,
  lockCommitments,
  type PrismaTx,
  recordBoughtByHand,
} from "@berth/db";
import {
  type CommitmentFault,
  type CommitmentSource,
  checkCommitment,
  err,
  type OrganizationId,
  ok,
  type Result,
} from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { type Refusal, refuse } from "../http/refusal.ts";
import { draftOf, FIELD_NAMES } from "./wire.ts";

/** One of a request: what is said of it, and what a fault of one of its fields points to. */
export interface Given {
  readonly body: CreateCommitmentBody;
  readonly at: (field: keyof CreateCommitmentBody, detail: string) => Pick<Fault, "pointer" | "detail">;
}

/** Registers all of them, or none. One transaction, the caller's. */
export async function registerCommitments(
  deps: ApiDeps,
  tx: PrismaTx,
  given: readonly Given[],
  by: {
    readonly source: Exclude<CommitmentSource, "ec2">;
    readonly organizationId: OrganizationId;
    readonly actor: string;
    readonly requestId: string;
  },
): Promise<Result<readonly CommitmentRow[], Refusal>> {
  const { source } = by;
  const regions = await lockCommitments(tx);
  const now = deps.clock.now();
  const checked = given.map(({ body, at }) => ({ body, at, commitment: checkCommitment(draftOf(body), regions, now) }));
  const faults = checked.flatMap(({ body, at, commitment }) => [
    ...(commitment.ok ? [] : commitment.error.map((fault) => faultOf(fault, at))),
    ...purchaseFaults(body, at),
  ]);
  const [first] = faults;
  if (first !== undefined) return refuse("validation_failed", first.detail, { errors: faults });
  const rows: CommitmentRow[] = [];
  for (const { body, at, commitment } of checked) {
    if (!commitment.ok) return err({ code: "internal", detail: "It was checked a moment ago." });
    const same = await findSamePurchase(tx, commitment.value);
    if (same !== undefined) {
      // One of this request has an id that nobody will ever see.
      const before = rows.findIndex((row) => row.id === same);
      const who = before === -1 ? same : `Commitment ${before + 1} of the file`;
      const detail = `${who} is this purchase, or cannot be told from it: give each an external_id.`;
      const fault = { code: "already_registered", ...at("external_id", detail) };
      return refuse("already_registered", fault.detail, { errors: [fault] });
    }
    const { reservation_purchase_id: purchaseId, external_id: externalId } = body;
    if (
      purchaseId !== undefined &&
      externalId !== undefined &&
      !(await recordBoughtByHand(tx, purchaseId, externalId))
    ) {
      const detail = `There is no purchase ${purchaseId} that is to be made by hand: berth admin reservation-purchase list --state by_hand.`;
      const fault = { code: "not_by_hand", ...at("reservation_purchase_id", detail) };
      return refuse("validation_failed", fault.detail, { errors: [fault] });
    }
    const id = deps.ids.next("commitment");
    rows.push(await insertCommitment(tx, { ...commitment.value, id, source }));
  }
  await auditCommitments(tx, deps.ids, by, source === "file" ? "commitment.import" : "commitment.create", rows);
  return ok(rows);
}

/** A purchase is known by AWS's id once it is bought, and what is bought by hand is a savings plan. */
function purchaseFaults(body: CreateCommitmentBody, at: Given["at"]): Fault[] {
  if (body.reservation_purchase_id === undefined) return [];
  if (body.kind === "reserved_instances") {
    const detail = "Reserved instances are read from EC2: drop the purchase that they stand for.";
    return [{ code: "not_of_kind", ...at("reservation_purchase_id", detail) }];
  }
  return body.external_id === undefined
    ? [{ code: "required", ...at("external_id", "AWS's id tells which purchase it is.") }]
    : [];
}

function faultOf({ field, rule, detail }: CommitmentFault, at: Given["at"]): Fault {
  return { code: rule, ...at(FIELD_NAMES[field], detail) };
}
