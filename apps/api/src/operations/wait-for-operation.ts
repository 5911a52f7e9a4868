import { findOperation, type OperationRow, type Sql } from "@berth/db";
import { isTerminal, type OrganizationId, ok, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { NOT_FOUND, type Refusal } from "../http/refusal.ts";

/**
 * The operation when it has ended, or as it is after `timeoutMs`, or when the caller has gone.
 *
 * Looks when one of its events says so, and every now and then in case one was lost: waiting costs next to nothing.
 */
export async function waitForOperation(
  deps: ApiDeps,
  db: Sql,
  organizationId: OrganizationId,
  id: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Result<OperationRow, Refusal>> {
  const endsAt = performance.now() + timeoutMs;
  const watch = await deps.feed.watch(organizationId, (event) => event.operationId === id, signal);
  try {
    for (;;) {
      const operation = await findOperation(db, organizationId, id);
      if (operation === undefined) return { ok: false, error: NOT_FOUND };
      const leftMs = endsAt - performance.now();
      if (isTerminal(operation.state) || leftMs <= 0 || signal.aborted) return ok(operation);
      await watch.changed(Math.min(leftMs, deps.settings.recheckMs));
    }
  } finally {
    watch.close();
  }
}
