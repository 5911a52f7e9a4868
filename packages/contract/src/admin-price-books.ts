import { isPrintable } from "@berth/domain";
import { z } from "zod";
import { idField, idInput, listQuery, money, pageOf, timestamp, wordInput } from "./fields.ts";
import { route } from "./route.ts";

export const priceBookSchema = z
  .object({
    id: idField("priceBook"),
    region: z.string(),
    version: z.int().meta({ description: "Of its region: 1, 2, 3 … The last one holds." }),
    source: z.string().meta({ description: "Where the prices come from." }),
    machine_types: z.int().meta({ description: "How many have a price in it." }),
    created_at: timestamp.meta({ description: "When it was imported." }),
  })
  .meta({
    id: "PriceBook",
    description: "What machine types cost on demand. Never changed: an import makes a new one.",
  });
export type PriceBook = z.infer<typeof priceBookSchema>;

export const wholePriceBookSchema = priceBookSchema
  .extend({ prices: z.record(z.string(), money).meta({ description: "Of an hour, by machine type." }) })
  .meta({ id: "WholePriceBook" });
export type WholePriceBook = z.infer<typeof wholePriceBookSchema>;

export const importedPriceBookSchema = priceBookSchema
  .extend({ changed_offerings: z.int().meta({ description: "Machine types in zones that have another price now." }) })
  .meta({ id: "ImportedPriceBook" });
export type ImportedPriceBook = z.infer<typeof importedPriceBookSchema>;

export const importPriceBookBody = z
  .strictObject({
    region: wordInput,
    source: z
      .string()
      .trim()
      .min(1)
      .max(1000)
      .refine(isPrintable, "Text without control characters.")
      .meta({ description: "Where the prices come from, and of when they are." }),
    prices: z.string().min(1).max(131_072).meta({
      description: "A machine type and its price in dollars an hour, as a decimal number, on each line.",
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
    "as a whole or not at all: it is refused, by type and rule, for a price that is none (`not_a_price`), is not above zero " +
    "(`price_not_positive`) or above $2000 an hour (`price_too_high`), is a thousand times the last one or a thousandth of " +
    "it (`price_jumped`), and for the lack of a type that is in use (`price_missing`). What held before holds on then.",
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
