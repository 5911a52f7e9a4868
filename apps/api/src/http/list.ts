import type { ListQuery, Page, PlaceInList } from "@berth/db";
import type { OrganizationId } from "@berth/domain";
import type { PageTokens } from "./page-token.ts";
import { startOf, toPageBody } from "./paginate.ts";

/** What the contract's listQuery reads, beside a list's own filters. */
interface ListParameters {
  readonly limit: number;
  readonly page_token?: string | undefined;
  readonly order: "created_at" | "-created_at";
  readonly created_after?: string | undefined;
  readonly created_before?: string | undefined;
}

/** One page of a list by age: what to ask the database for, and the body of what it gives. */
export interface Listing {
  readonly asked: ListQuery;
  readonly toBody: <Row, Body>(
    page: Page<Row>,
    toEntry: (row: Row) => Body,
    placeOf: (row: Row) => PlaceInList,
  ) => { data: Body[]; next_page_token: string | null };
}

/** Begins a list where its token says. The token is bound to the route, the organization and all of the query but the paging. */
export function startList(
  tokens: PageTokens,
  operationId: string,
  {
    principal,
    query,
  }: { readonly principal: { readonly organizationId: OrganizationId }; readonly query: ListParameters },
): Listing {
  const { limit, page_token, ...filter } = query;
  const scope = [operationId, principal.organizationId, filter] as const;
  const start = startOf(tokens, scope, page_token);
  return {
    asked: {
      ...periodOf(query),
      order: orderOf(query),
      beyond: start === undefined ? undefined : placeFrom(start),
      limit,
    },
    toBody: (page, toEntry, placeOf) => toPageBody(tokens, scope, page, toEntry, (row) => textOf(placeOf(row))),
  };
}

export function orderOf({ order }: Pick<ListParameters, "order">): ListQuery["order"] {
  return order === "created_at" ? "ascending" : "descending";
}

export function periodOf({
  created_after,
  created_before,
}: Pick<ListParameters, "created_after" | "created_before">): Pick<ListQuery, "createdAfter" | "createdBefore"> {
  return {
    createdAfter: created_after === undefined ? undefined : millisecondFrom(created_after),
    createdBefore: created_before === undefined ? undefined : millisecondFrom(created_before),
  };
}

/** The first whole millisecond from an instant on: rows have no finer times, so that it bounds them as the instant does. */
function millisecondFrom(instant: string): Date {
  const isFiner = /\.\d{3}\d*[1-9]/.test(instant);
  return new Date(Date.parse(instant) + (isFiner ? 1 : 0));
}

function textOf({ createdAt, id }: PlaceInList): string {
  return `${createdAt.toISOString()} ${id}`;
}

function placeFrom(text: string): PlaceInList {
  const space = text.indexOf(" ");
  return { createdAt: new Date(text.slice(0, space)), id: text.slice(space + 1) };
}
