import { RESERVATION_PLAN_STATES } from "@berth/domain";
import { z } from "zod";
import { idField, idInput, listQuery, noteInput, pageOf, timestamp } from "./fields.ts";
import { route } from "./route.ts";

export { RESERVATION_PLAN_STATES } from "@berth/domain";

export const reservationPlanSchema = z
  .object({
    id: idField("reservationPlan"),
    state: z.enum(RESERVATION_PLAN_STATES),
    created_by: z.string().meta({ description: "Id of a key, or `system` for the nightly one." }),
    inputs_sha256: z
      .string()
      .nullable()
      .meta({ description: "Of the file `case`, in hexadecimal; null before the plan is made." }),
    price_books: z
      .array(
        z.object({
          id: idField("priceBook"),
          kind: z.string(),
          region: z.string(),
          version: z.int(),
          source: z.string(),
        }),
      )
      .meta({ description: "Whose prices are in it." }),
    purchases: z.int().nullable().meta({ description: "How many; null before it is made." }),
    cost_usd: z.string().nullable().meta({ description: "Expected over its months, with what is bought." }),
    without_purchases_usd: z.string().nullable(),
    failure: z.object({ code: z.string(), message: z.string() }).nullable().meta({
      description:
        "Why it could not be made, as `short_history`: a month of machines is needed. While it is planned, what failed before and is tried again.",
    }),
    decided_by: z.string().nullable(),
    reason: z.string().nullable().meta({ description: "Of a rejection." }),
    generation: z.int(),
    created_at: timestamp,
    finished_at: timestamp.nullable(),
    decided_at: timestamp.nullable(),
  })
  .meta({ id: "ReservationPlan", description: "What to commit to. What it says never changes." });
export type ReservationPlan = z.infer<typeof reservationPlanSchema>;

export const reservationPlanDetailSchema = reservationPlanSchema
  .extend({
    plan: z
      .record(z.string(), z.unknown())
      .nullable()
      .meta({
        description:
          "As `npm run plan -w packages/planner` prints it (docs/planner.md); null before it is made. `base` says of each region what its " +
          "demand was made of (`packed` or, with why, `ran`), and `leftOut` what the plan is without.",
      }),
  })
  .meta({ id: "ReservationPlanDetail" });
export type ReservationPlanDetail = z.infer<typeof reservationPlanDetailSchema>;

export const rejectReservationPlanBody = z
  .strictObject({
    reason: noteInput(500).meta({ description: "For whoever reads the plan later." }),
  })
  .meta({
    id: "NewReservationPlanRejection",
    examples: [{ reason: "The contract of the largest tenant ends in May." }],
  });

export const RESERVATION_PLAN_FILES = { case: "application/json", plan: "application/json" } as const;

const params = z.object({ reservation_plan_id: idInput("reservationPlan") });

export const createReservationPlan = route({
  operationId: "createReservationPlan",
  method: "POST",
  path: "/v1/admin/reservation_plans",
  tag: "admin",
  summary: "Ask for a reservation plan",
  description:
    "Made by a worker for the machines that today's instances come to when they are packed anew, by the hours of the last year, of the " +
    "commitments that are held and the rates that hold. One is made every night too. Nothing is bought by it.",
  permission: "admin:fleet:act",
  responses: { 202: { description: "Asked for.", schema: reservationPlanSchema, headers: ["Location"] } },
  problems: [],
  idempotent: true,
});

export const listReservationPlans = route({
  operationId: "listReservationPlans",
  method: "GET",
  path: "/v1/admin/reservation_plans",
  tag: "admin",
  summary: "List reservation plans",
  permission: "admin:fleet:read",
  query: listQuery("-created_at", {
    state: z.enum(RESERVATION_PLAN_STATES).optional().meta({ description: "Only those in this state." }),
  }),
  tenantData: "none",
  responses: {
    200: { description: "A page, newest first.", schema: pageOf(reservationPlanSchema, "ReservationPlanPage") },
  },
  problems: [],
});

export const getReservationPlan = route({
  operationId: "getReservationPlan",
  method: "GET",
  path: "/v1/admin/reservation_plans/{reservation_plan_id}",
  tag: "admin",
  summary: "Get a reservation plan with its purchases",
  permission: "admin:fleet:read",
  params,
  tenantData: "none",
  responses: { 200: { description: "The plan.", schema: reservationPlanDetailSchema } },
  problems: [],
});

export const getReservationPlanFile = route({
  operationId: "getReservationPlanFile",
  method: "GET",
  path: "/v1/admin/reservation_plans/{reservation_plan_id}/file",
  tag: "admin",
  summary: "Get a reservation plan, or what it was made of, as a file",
  description: "`npm run plan -w packages/planner -- case.json` makes the same plan of the case without us.",
  permission: "admin:fleet:read",
  params,
  query: z.strictObject({
    format: z
      .enum(Object.keys(RESERVATION_PLAN_FILES) as (keyof typeof RESERVATION_PLAN_FILES)[])
      .default("plan")
      .meta({ description: "case: what it was made of; plan: what it says." }),
  }),
  tenantData: "none",
  responses: { 200: { description: "The file.", headers: ["Content-Disposition"] } },
  problems: ["invalid_state"],
  file: RESERVATION_PLAN_FILES,
});

export const approveReservationPlan = route({
  operationId: "approveReservationPlan",
  method: "POST",
  path: "/v1/admin/reservation_plans/{reservation_plan_id}/approve",
  tag: "admin",
  summary: "Approve a proposed reservation plan",
  description:
    "It says that it may be bought, and buys nothing. One that is approved already stays so. Refused where something was bought or " +
    "registered since the plan was asked for, or is being bought: the plan does not know of it.",
  permission: "admin:fleet:act",
  params,
  responses: { 200: { description: "The plan as it is now.", schema: reservationPlanSchema } },
  problems: ["invalid_state"],
  idempotent: true,
});

export const rejectReservationPlan = route({
  operationId: "rejectReservationPlan",
  method: "POST",
  path: "/v1/admin/reservation_plans/{reservation_plan_id}/reject",
  tag: "admin",
  summary: "Reject a proposed reservation plan",
  permission: "admin:fleet:act",
  params,
  body: rejectReservationPlanBody,
  responses: { 200: { description: "The plan as it is now.", schema: reservationPlanSchema } },
  problems: ["invalid_state"],
  idempotent: true,
});
