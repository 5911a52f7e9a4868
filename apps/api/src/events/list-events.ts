import type { Event } from "@berth/contract";
import { listEvents, type Sql, seqOfEvent } from "@berth/db";
import { type OrganizationId, ok, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { startOf, toPageBody } from "../http/paginate.ts";
import { type Refusal, refuse } from "../http/refusal.ts";
import { toEventBody } from "./wire.ts";

/** A page of events, oldest first. */
export async function listEventPage(
  deps: ApiDeps,
  db: Sql,
  operation: string,
  organizationId: OrganizationId,
  filter: {
    readonly type?: string | undefined;
    readonly operationId?: string | undefined;
    readonly targetId?: string | undefined;
    readonly after?: string | undefined;
  },
  paging: { readonly limit: number; readonly page_token?: string | undefined },
): Promise<Result<{ data: Event[]; next_page_token: string | null }, Refusal>> {
  const scope = [operation, organizationId, filter] as const;
  const start = startOf(deps.pageTokens, scope, paging.page_token);
  const after =
    start === undefined ? await placeInFeed(db, organizationId, undefined, filter.after) : ok(BigInt(start));
  if (!after.ok) return after;
  const page = await listEvents(db, {
    organizationId,
    type: filter.type,
    operationId: filter.operationId,
    targetId: filter.targetId,
    afterSeq: after.value,
    limit: paging.limit,
  });
  return ok(toPageBody(deps.pageTokens, scope, page, toEventBody, ({ seq }) => seq.toString()));
}

/**
 * Where in the organization's feed to begin: after the event that Last-Event-ID names, which a broken stream sends by itself,
 * else after `after`. Undefined when neither is given; a refusal for an event that is none of this organization.
 */
export async function placeInFeed(
  sql: Sql,
  organizationId: OrganizationId,
  lastEventId: string | undefined,
  after: string | undefined,
): Promise<Result<bigint | undefined, Refusal>> {
  const id = lastEventId === undefined || lastEventId === "" ? after : lastEventId;
  if (id === undefined) return ok(undefined);
  const seq = await seqOfEvent(sql, organizationId, id);
  if (seq !== undefined) return ok(seq);
  const detail = "There is no such event in this organization.";
  if (id === lastEventId) return refuse("invalid_header", `Last-Event-ID: ${detail}`);
  return refuse("validation_failed", detail, { errors: [{ pointer: "?after", code: "unknown_event", detail }] });
}
