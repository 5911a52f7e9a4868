import { ROUTES } from "@berth/contract";
import { findPriceBook, listPriceBooks } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { actorOf } from "../http/actor.ts";
import { once } from "../http/idempotency.ts";
import { startList } from "../http/list.ts";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { importPriceBook } from "./import-price-book.ts";
import { toPriceBookBody, toWholePriceBookBody } from "./wire.ts";

/** What machine types cost, import by import. For operators. */
export function priceBookRoutes(app: FastifyInstance, deps: ApiDeps): void {
  serve(app, ROUTES.importPriceBook, async (call) => {
    const { organizationId } = call.principal;
    return once(deps, ROUTES.importPriceBook, call, async (tx) => {
      const book = await importPriceBook(deps, tx, { body: call.body, organizationId, ...actorOf(call) });
      if (!book.ok) return book;
      return ok({ status: 201, headers: { Location: `/v1/admin/price_books/${book.value.id}` }, body: book.value });
    });
  });

  serve(app, ROUTES.listPriceBooks, async (call) => {
    const list = startList(deps.pageTokens, "listPriceBooks", call);
    const page = await listPriceBooks(call.db, { region: call.query.region, kind: call.query.kind, ...list.asked });
    return ok({ status: 200, body: list.toBody(page, toPriceBookBody, (row) => row) });
  });

  serve(app, ROUTES.getPriceBook, async ({ db, params }) => {
    const book = await findPriceBook(db, params.price_book_id);
    if (book === undefined) return err(NOT_FOUND);
    return ok({ status: 200, body: toWholePriceBookBody(book) });
  });
}
