import type { AuditRow } from "@berth/db";

/** A row's JSON: the very text that was hashed, and the hash. Nothing reads it into something else on the way. */
export function auditText({ content, hash }: AuditRow): string {
  return `${content.slice(0, -1)},"hash":"${hash}"}`;
}

/** A list's body. */
export function auditPageText(rows: readonly AuditRow[], nextPageToken: string | null): string {
  return `{"data":[${rows.map(auditText).join(",")}],"next_page_token":${JSON.stringify(nextPageToken)}}`;
}
