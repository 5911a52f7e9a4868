import type { Event } from "@berth/contract";
import { type EventRow, latestSeq, listEvents, type Sql, tenantDatabase } from "@berth/db";
import type { OrganizationId } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import type { StreamMessage } from "../http/serve.ts";
import { toEventBody } from "./wire.ts";

export interface Following {
  readonly type?: string | undefined;
  readonly targetId?: string | undefined;
  readonly operationId?: string | undefined;
  /** Only later ones. */
  readonly afterSeq: bigint;
  /** Whether nothing more will come; asked before each look, so that the last events are still told. */
  readonly hasEnded?: () => Promise<boolean>;
}

const PAGE = 200;

/** Events as they are committed, each once and in order. Ends when the signal is aborted or `hasEnded` says so. */
export async function* followEvents(
  deps: ApiDeps,
  db: Sql,
  organizationId: OrganizationId,
  { type, targetId, operationId, afterSeq, hasEnded }: Following,
  signal: AbortSignal,
): AsyncGenerator<StreamMessage<Event>> {
  const fits = (event: EventRow) =>
    (type === undefined || event.type === type) &&
    (targetId === undefined || event.targetId === targetId) &&
    (operationId === undefined || event.operationId === operationId);
  const whole = tenantDatabase(deps.databases.tenants, { organizationId, projectIds: [], clusterIds: [] });
  const watch = await deps.feed.watch(organizationId, fits, signal);
  try {
    let after = afterSeq;
    let sawNothing = false;
    while (!signal.aborted) {
      // Of whoever reaches a part: what woke it was not theirs, and is not looked through again.
      const newest = sawNothing ? await latestSeq(whole, organizationId) : after;
      const isLast = (await hasEnded?.()) ?? false;
      const page = await listEvents(db, { organizationId, type, targetId, operationId, afterSeq: after, limit: PAGE });
      for (const row of page.rows) {
        yield { id: row.id, event: row.type, data: toEventBody(row) };
        after = row.seq;
      }
      if (page.more) continue;
      sawNothing = page.rows.length === 0;
      if (newest > after) after = newest;
      if (isLast) return;
      await watch.changed(deps.settings.recheckMs);
    }
  } finally {
    watch.close();
  }
}
