import { ROUTES } from "@berth/contract";
import { latestSeq } from "@berth/db";
import { ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { serveStream } from "../http/serve.ts";
import { followEvents } from "./follow-events.ts";
import { listEventPage, placeInFeed } from "./list-events.ts";

/** What happened in the organization, as a list and as a stream. */
export function eventRoutes(app: FastifyInstance, deps: ApiDeps): void {
  serveStream(app, ROUTES.listEvents, {
    list: async ({ db, principal, query }) => {
      const { type, target_id: targetId, operation_id: operationId, after } = query;
      const filter = { type, targetId, operationId, after };
      const page = await listEventPage(deps, db, "listEvents", principal.organizationId, filter, query);
      return page.ok ? ok({ status: 200, body: page.value }) : page;
    },
    follow: async ({ db, principal, query, headers, signal }) => {
      const { organizationId } = principal;
      const from = await placeInFeed(db, organizationId, headers["last-event-id"], query.after);
      if (!from.ok) return from;
      const { type, target_id: targetId, operation_id: operationId } = query;
      // Before the headers go out: what happens once they are here is told.
      const afterSeq = from.value ?? (await latestSeq(db, organizationId));
      const following = { type, targetId, operationId, afterSeq };
      return ok(followEvents(deps, db, organizationId, following, signal));
    },
  });
}
