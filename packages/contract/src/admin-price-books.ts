import { OFFERING_CLASSES, PAYMENT_OPTIONS, PRICE_BOOK_KINDS, TERMS, type Term } from "@berth/domain";
import { z } from "zod";
import { idField, idInput, listQuery, money, noteInput, pageOf, timestamp, wordInput } from "./fields.ts";
import { route } from "./route.ts";

export { PRICE_BOOK_KINDS } from "@berth/domain";

export const priceBookSchema = z
  .object({
    id: idField("priceBook"),
    region: z.string(),
    version: z.int().meta({ description: "Of its region: 1, 2, 3 … The last one of its kind holds." }),
    kind: z.enum(PRICE_BOOK_KINDS).meta({ description: "Prices on demand, or the rates of what one can commit to." }),
    source: z.string().meta({ description: "Where the prices come from." }),
    machine_types: z.int().meta({ description: "How many have a price in it." }),
    estimates: z.int().meta({
      description:
        "Rates of it that are estimates: to be seen here, and in no plan, purchase, bill or claim of savings.",
    }),
    created_at: timestamp.meta({ description: "When it was imported." }),
  })
  .meta({
    id: "PriceBook",
    description: "What machine types cost, on demand or committed to. Never changed: an import makes a new one.",
  });
export type PriceBook = z.infer<typeof priceBookSchema>;

export const wholePriceBookSchema = priceBookSchema
  .extend({
    prices: z.record(z.string(), money).meta({ description: "Of an hour on demand, by machine type; of rates none." }),
    rates: z
      .array(
        z.object({
          machine_type: z.string(),
          term: z.enum(Object.keys(TERMS) as [Term, ...Term[]]),
          offering_class: z.enum(OFFERING_CLASSES).nullable().meta({ description: "Of reserved instances." }),
          payment_option: z.enum(PAYMENT_OPTIONS),
          upfront: money.meta({ description: "Of one reserved instance, at the start." }),
          per_hour: money.meta({
            description:
              "Of one reserved instance what is charged each hour, of a savings plan the rate that usage counts by.",
          }),
          estimate: z.boolean().meta({ description: "Nobody asked this price: it was computed from others." }),
        }),
      )
      .meta({ description: "By machine type; of a book of prices on demand none." }),
  })
  .meta({ id: "WholePriceBook" });
export type WholePriceBook = z.infer<typeof wholePriceBookSchema>;

export const importedPriceBookSchema = priceBookSchema
  .extend({ changed_offerings: z.int().meta({ description: "Machine types in zones that have another price now." }) })
  .meta({ id: "ImportedPriceBook" });
export type ImportedPriceBook = z.infer<typeof importedPriceBookSchema>;

export const importPriceBookBody = z
  .strictObject({
    region: wordInput,
    source: noteInput(1000).meta({ description: "Where the prices come from, and of when they are." }),
    kind: z
      .enum(PRICE_BOOK_KINDS)
      .default("on_demand")
      .meta({ description: "Prices on demand, or the rates of what one can commit to." }),
    prices: z
      .string()
      .min(1)
      .max(250_000)
      .meta({
        description:
          "On each line a machine type and what it costs, in dollars as decimal numbers. On demand: `m7i.large 0.1008`. Reserved " +
          "instances, with term, offering class, payment option, and what is paid at the start and an hour: " +
          "`m7i.large 1y standard no_upfront 0 0.06668`. Savings plans, with term, payment option and rate: `m7i.large 1y no_upfront 0.0726`. " +
          "The word `estimate` at the end of a rate's line says that it is one.",
      }),
  })
  .meta({
    id: "NewPriceBook",
    examples: [
      {
        region: "us-east-1",
        source: "AWS Price List of 2026-11-28",
        prices: "m7i.xlarge 0.2016\nr7i.2xlarge 0.5292\n",
      },
      {
        region: "us-east-1",
        source: "AWS Price List of 2026-11-28",
        kind: "reserved_instances",
        prices: "m7i.xlarge 1y standard no_upfront 0 0.13336\n",
      },
    ],
  });
export type ImportPriceBookBody = z.infer<typeof importPriceBookBody>;

export const importPriceBook = route({
  operationId: "importPriceBook",
  method: "POST",
  path: "/v1/admin/price_books",
  tag: "admin",
  summary: "Import the prices of a region",
  description:
    "What could be launched costs that from here on; machines keep the price that they were launched at. The list is taken " +
    "as a whole or not at all: it is refused, by type and rule, when it is empty (`no_prices`, `no_rates`), for a price that is none (`not_a_price`), is not above zero " +
    "(`price_not_positive`) or above $2000 an hour (`price_too_high`), is a thousand times the last one or its family's " +
    "cheapest, a hundred times a new type's in other regions, or as little (`price_jumped`), and for the lack of a type that is in use (`price_missing`). A rate is held against the price on " +
    "demand: that must be known (`price_unknown`), a rate above it is no discount (`rate_above_price`), one below a twentieth " +
    "of it another unit (`rate_too_low`), and what is paid at the start and an hour must be its payment option's " +
    "(`payment_mismatch`). What held before holds on then.",
  permission: "admin:fleet:act",
  body: importPriceBookBody,
  responses: { 201: { description: "Imported; it holds.", schema: importedPriceBookSchema, headers: ["Location"] } },
  problems: [],
  idempotent: true,
});

export const listPriceBooks = route({
  operationId: "listPriceBooks",
  method: "GET",
  path: "/v1/admin/price_books",
  tag: "admin",
  summary: "List price books",
  permission: "admin:fleet:read",
  query: listQuery("-created_at", {
    region: wordInput.optional().meta({ description: "Only those of this region." }),
    kind: z.enum(PRICE_BOOK_KINDS).optional().meta({ description: "Only those of this kind." }),
  }),
  tenantData: "none",
  responses: { 200: { description: "A page, newest first.", schema: pageOf(priceBookSchema, "PriceBookPage") } },
  problems: [],
});

export const getPriceBook = route({
  operationId: "getPriceBook",
  method: "GET",
  path: "/v1/admin/price_books/{price_book_id}",
  tag: "admin",
  summary: "Get a price book with its prices",
  permission: "admin:fleet:read",
  params: z.object({ price_book_id: idInput("priceBook") }),
  tenantData: "none",
  responses: { 200: { description: "The price book.", schema: wholePriceBookSchema } },
  problems: [],
});
