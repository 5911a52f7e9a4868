import type { Page } from "@berth/db";
import type { PageTokens } from "./page-token.ts";

/** What a list's token is bound to: the route, whose data it is, and every filter. */
export type ListScope = readonly [operationId: string, organizationId: string, filter: unknown];

/** Where the page begins that a token asks for; undefined for the first. Throws the refusal invalid_page_token. */
export function startOf(tokens: PageTokens, scope: ListScope, token: string | undefined): string | undefined {
  return token === undefined ? undefined : tokens.read(scope, token);
}

/** A page's body; its token names the last row, by `keyOf`. */
export function toPageBody<Row, Body>(
  tokens: PageTokens,
  scope: ListScope,
  page: Page<Row>,
  toBody: (row: Row) => Body,
  keyOf: (row: Row) => string,
): { data: Body[]; next_page_token: string | null } {
  const last = page.rows.at(-1);
  return {
    data: page.rows.map(toBody),
    next_page_token: page.more && last !== undefined ? tokens.make(scope, keyOf(last)) : null,
  };
}
