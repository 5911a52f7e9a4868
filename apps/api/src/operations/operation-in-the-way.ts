import type { OperationInProgress } from "@berth/db";
import { refuse } from "../http/refusal.ts";

/** One change of a cluster at a time: names the one that runs, so that the caller can wait for it. */
export function operationInTheWay({ operationId, operationKind }: OperationInProgress) {
  return refuse("operation_in_progress", `${operationKind} is under way on this cluster; wait for it.`, {
    extra: { operation_id: operationId },
  });
}
