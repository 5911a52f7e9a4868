import type { AuditFilter, AuditRow } from "@berth/db";
import { periodOf } from "../http/list.ts";

/** What a query leaves, as the database is asked for it. */
export function filterOf(query: {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly target_type?: string | undefined;
  readonly target_id?: string | undefined;
  readonly created_after?: string | undefined;
  readonly created_before?: string | undefined;
}): AuditFilter {
  return {
    actorId: query.actor,
    action: query.action,
    targetType: query.target_type,
    targetId: query.target_id,
    ...periodOf(query),
  };
}

/** A row's JSON: the very text that was hashed, and the hash. Nothing reads it into something else on the way. */
export function auditText({ content, hash }: AuditRow): string {
  return `${content.slice(0, -1)},"hash":"${hash}"}`;
}

/** A list's body. */
export function auditPageText(rows: readonly AuditRow[], nextPageToken: string | null): string {
  return `{"data":[${rows.map(auditText).join(",")}],"next_page_token":${JSON.stringify(nextPageToken)}}`;
}
