import { PRICE_BOOK_KINDS } from "@berth/domain";
import { z } from "zod";
import { guardSchema, idField, idInput, listQuery, pageOf, timestamp, wordInput } from "./fields.ts";
import { route } from "./route.ts";

export const priceReadingSchema = z
  .object({
    id: idField("priceReading"),
    region: z.string(),
    except: z.array(z.string()).meta({ description: "Machine types that are left out of each reading." }),
    books: z
      .array(
        z.object({
          kind: z.enum(PRICE_BOOK_KINDS),
          outcome: z.enum(["new_version", "unchanged", "refused"]).meta({
            description:
              "new_version: it holds; unchanged: the last book has the same; refused: by the rules of an import, and the last book holds on.",
          }),
          version: z.int().nullable().meta({ description: "Of the price book that holds; null where there is none." }),
          left_out: z.int().meta({
            description:
              "Prices of types that are not sold by the hour, or are left out; rates of types without a price.",
          }),
          faults: z.array(z.string()).meta({ description: "Why it was refused, by type and rule: the first of them." }),
          fault_count: z.int(),
        }),
      )
      .meta({ description: "What the last reading came to." }),
    waiting_for: z.array(guardSchema).meta({
      description:
        "What holds back: `price_list_refused`, or what AWS did not answer, as `access_denied`. The platform's organizations are told " +
        "of a refusal, and of a third failure in a row: `price_reading.held`.",
    }),
    asked_at: timestamp.nullable().meta({ description: "When an operator last asked." }),
    read_at: timestamp.nullable().meta({ description: "When AWS last answered; before that null." }),
    next_at: timestamp.nullable().meta({ description: "When it is read again; null: when somebody asks." }),
    created_at: timestamp,
  })
  .meta({ id: "PriceReading", description: "AWS's prices of a region, as they are read into price books." });
export type PriceReading = z.infer<typeof priceReadingSchema>;

export const createPriceReadingBody = z
  .strictObject({
    region: wordInput,
    except: z
      .array(wordInput)
      .max(100)
      .optional()
      .meta({ description: "Machine types to leave out from now on; without it those of before." }),
  })
  .meta({ id: "NewPriceReading", examples: [{ region: "us-east-1", except: ["u-6tb1.metal"] }] });

export const createPriceReading = route({
  operationId: "createPriceReading",
  method: "POST",
  path: "/v1/admin/price_readings",
  tag: "admin",
  summary: "Ask for a region's prices to be read from AWS",
  description:
    "A worker reads AWS's price list and the rates of savings plans with its own AWS credentials, and makes a price book of what changed: " +
    "on demand, reserved instances and each kind of savings plan by itself, by the rules of an import. It is read every day too, unless " +
    "the worker is set to `on_request`.",
  permission: "admin:fleet:act",
  body: createPriceReadingBody,
  responses: { 202: { description: "Asked for.", schema: priceReadingSchema, headers: ["Location"] } },
  problems: [],
  idempotent: true,
});

export const listPriceReadings = route({
  operationId: "listPriceReadings",
  method: "GET",
  path: "/v1/admin/price_readings",
  tag: "admin",
  summary: "List the regions whose prices are read from AWS",
  permission: "admin:fleet:read",
  query: listQuery("-created_at", {
    region: wordInput.optional().meta({ description: "Only of this region." }),
  }),
  tenantData: "none",
  responses: { 200: { description: "A page, newest first.", schema: pageOf(priceReadingSchema, "PriceReadingPage") } },
  problems: [],
});

export const getPriceReading = route({
  operationId: "getPriceReading",
  method: "GET",
  path: "/v1/admin/price_readings/{price_reading_id}",
  tag: "admin",
  summary: "Get what the last reading of a region's prices came to",
  permission: "admin:fleet:read",
  params: z.object({ price_reading_id: idInput("priceReading") }),
  tenantData: "none",
  responses: { 200: { description: "The reading.", schema: priceReadingSchema } },
  problems: [],
});
