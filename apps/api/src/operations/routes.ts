import { ROUTES } from "@berth/contract";
import { findOperation, listOperations } from "@berth/db";
import { isTerminal, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { followEvents } from "../events/follow-events.ts";
import { listEventPage, placeInFeed } from "../events/list-events.ts";
import { startList } from "../http/list.ts";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve, serveStream } from "../http/serve.ts";
import { waitForOperation } from "./wait-for-operation.ts";
import { toOperationBody } from "./wire.ts";

/** Accepted changes and their progress. */
export function operationRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const { pageTokens } = deps;

  serve(app, ROUTES.listOperations, async (call) => {
    const { db, principal, query } = call;
    const list = startList(pageTokens, "listOperations", call);
    const page = await listOperations(db, {
      organizationId: principal.organizationId,
      targetId: query.cluster_id,
      state: query.state,
      kind: query.kind,
      ...list.asked,
    });
    return ok({ status: 200, body: list.toBody(page, toOperationBody, (row) => row) });
  });

  serve(app, ROUTES.getOperation, async ({ db, principal, params }) => {
    const operation = await findOperation(db, principal.organizationId, params.operation_id);
    if (operation === undefined) return { ok: false, error: NOT_FOUND };
    return ok({ status: 200, body: toOperationBody(operation) });
  });

  serve(app, ROUTES.waitForOperation, async ({ db, principal, params, query, signal }) => {
    const timeoutMs = query.timeout * 1000;
    const operation = await waitForOperation(
      deps,
      db,
      principal.organizationId,
      params.operation_id,
      timeoutMs,
      signal,
    );
    return operation.ok ? ok({ status: 200, body: toOperationBody(operation.value) }) : operation;
  });

  serveStream(app, ROUTES.listOperationEvents, {
    list: async ({ db, principal, params, query }) => {
      const { organizationId } = principal;
      const operation = await findOperation(db, organizationId, params.operation_id);
      if (operation === undefined) return { ok: false, error: NOT_FOUND };
      const filter = { operationId: operation.id, after: query.after };
      const page = await listEventPage(deps, db, "listOperationEvents", organizationId, filter, query);
      return page.ok ? ok({ status: 200, body: page.value }) : page;
    },
    follow: async ({ db, principal, params, query, headers, signal }) => {
      const { organizationId } = principal;
      const operation = await findOperation(db, organizationId, params.operation_id);
      if (operation === undefined) return { ok: false, error: NOT_FOUND };
      const from = await placeInFeed(db, organizationId, headers["last-event-id"], query.after);
      if (!from.ok) return from;
      const hasEnded = async () => {
        const now = await findOperation(db, organizationId, operation.id);
        return now === undefined || isTerminal(now.state);
      };
      // An operation's story is told from its beginning.
      const follow = { operationId: operation.id, afterSeq: from.value ?? 0n, hasEnded };
      return ok(followEvents(deps, db, organizationId, follow, signal));
    },
  });
}
