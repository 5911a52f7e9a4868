import { SAVINGS_STEPS } from "@berth/domain";
import { z } from "zod";
import { idField, money, timestamp } from "./fields.ts";
import { route } from "./route.ts";

const share = z.number().nullable().meta({ description: "0 to 1; null where there is nothing to be a share of." });

export const savingsSchema = z
  .object({
    made_at: timestamp.meta({ description: "Where the clock-hour begins that it is of." }),
    saving: share.meta({ description: "Of the first step's cost, what the last saves." }),
    steps: z
      .array(
        z.object({
          name: z.enum(SAVINGS_STEPS).meta({
            description:
              "A machine for each instance, on demand; the machines that there are, on demand; with the commitments that are held; " +
              "with those that are planned.",
          }),
          per_hour: money,
          per_month: money.meta({ description: "Of 730 hours." }),
          per_year: money.meta({ description: "Of 8,760 hours." }),
          on_demand_per_hour: money,
          committed_per_hour: money.meta({ description: "With what is paid at the start spread over the term." }),
          saved: share.meta({ description: "Of the first step's cost." }),
          coverage: share.meta({
            description: "Of the machines' normalized unit-hours, those that commitments cover.",
          }),
          utilization: share.meta({ description: "Of what is committed to, by its cost, what is used." }),
          machines: z
            .array(
              z.object({
                region: z.string(),
                machine_type: z.string(),
                count: z.int(),
                each_per_hour: money,
                per_hour: money,
              }),
            )
            .meta({ description: "The rows of the step: what they cost on demand." }),
          commitments: z.array(
            z.object({
              commitment_id: z.string().meta({ description: "Of the plan: its id, and which of its products." }),
              description: z.string(),
              per_hour: money,
              utilization: share,
            }),
          ),
        }),
      )
      .meta({ description: "Each is the one before and one change more." }),
    plan: z
      .object({
        reservation_plan_id: z.string().nullable().meta({
          description: "The plan that was approved last, or waits to be, as it is where its first year ends.",
        }),
        upfront: money.meta({ description: "Paid at the start." }),
        break_even_month: z.int().nullable().meta({
          description: "By whose end it has cost no more than going on without it; null: not within three years.",
        }),
        regret_at_less: z.number().meta({
          description:
            "Where demand falls by a fifth the day after: over the best of it, four fifths of it and none of it.",
        }),
      })
      .nullable()
      .meta({ description: "Null where nothing is planned." }),
    instances_without_machine: z
      .int()
      .meta({ description: "That no machine type of their own would hold: the first step is without them." }),
    unpriced_machine_types: z.array(z.string()).meta({ description: "Run, and are in no figure." }),
    unrated_commitments: z
      .array(idField("commitment"))
      .meta({ description: "Savings plans that count as unused, as no rate of theirs is known for what runs." }),
    price_books: z.array(
      z.object({
        price_book_id: idField("priceBook"),
        kind: z.string(),
        region: z.string(),
        version: z.int(),
        source: z.string(),
        estimates: z.int().meta({ description: "Rates of it that are estimates: no figure here rests on one." }),
        created_at: timestamp,
      }),
    ),
  })
  .meta({ id: "Savings", description: "What packing and commitments save against a machine for each instance." });
export type Savings = z.infer<typeof savingsSchema>;

export const SAVINGS_FILES = { html: "text/html", svg: "image/svg+xml", csv: "text/csv" } as const;

export const getSavings = route({
  operationId: "getSavings",
  method: "GET",
  path: "/v1/admin/savings",
  tag: "admin",
  summary: "See what packing and commitments save",
  description: "Of the machines that are paid for now, at the prices that hold now, by the exact bill of an hour.",
  permission: "admin:fleet:read",
  tenantData: "none",
  responses: { 200: { description: "The report.", schema: savingsSchema } },
  problems: [],
});

export const getSavingsFile = route({
  operationId: "getSavingsFile",
  method: "GET",
  path: "/v1/admin/savings/file",
  tag: "admin",
  summary: "Get the savings report to print, as a picture, or as rows",
  permission: "admin:fleet:read",
  query: z.strictObject({
    format: z
      .enum(Object.keys(SAVINGS_FILES) as (keyof typeof SAVINGS_FILES)[])
      .default("html")
      .meta({
        description:
          "html: a page on which every figure links to its rows; svg: the steps as a picture; csv: the rows.",
      }),
  }),
  tenantData: "none",
  responses: { 200: { description: "The file.", headers: ["Content-Disposition"] } },
  problems: [],
  file: SAVINGS_FILES,
});
