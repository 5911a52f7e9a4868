import { OFFERING_CLASSES, PAYMENT_OPTIONS, RESERVATION_PURCHASE_STATES, TERMS, type Term } from "@berth/domain";
import { z } from "zod";
import { guardSchema, idField, idInput, listQuery, money, pageOf, timestamp } from "./fields.ts";
import { route } from "./route.ts";

export { RESERVATION_PURCHASE_STATES } from "@berth/domain";

export const reservationPurchaseSchema = z
  .object({
    id: idField("reservationPurchase"),
    reservation_plan_id: idField("reservationPlan"),
    state: z.enum(RESERVATION_PURCHASE_STATES).meta({
      description:
        "planned: its month has not come, or something holds it back; buying: EC2 was asked, and what it sold is not known; bought: " +
        "EC2 knows it; by_hand: nothing here can buy it, as a savings plan, and it is bought when a commitment is registered for it; dropped: an operator, or a newer plan, gave it up.",
    }),
    product: z.string().meta({ description: "What the plan calls it." }),
    region: z.string().nullable(),
    machine_type: z.string().nullable(),
    count: z.int().nullable(),
    offering_class: z.enum(OFFERING_CLASSES).nullable(),
    term: z.enum(Object.keys(TERMS) as [Term, ...Term[]]),
    payment_option: z.enum(PAYMENT_OPTIONS),
    most_upfront: money.nullable().meta({ description: "Of one of them: dearer ones are not bought." }),
    most_per_hour: money.nullable(),
    due_at: timestamp.meta({ description: "From then on it may be bought." }),
    asked_at: timestamp.nullable().meta({ description: "When EC2 was asked." }),
    external_id: z.string().nullable().meta({ description: "AWS's id of the purchase." }),
    waiting_for: z.array(guardSchema),
    generation: z.int(),
    created_at: timestamp,
  })
  .meta({ id: "ReservationPurchase", description: "A part of an approved reservation plan that is bought at once." });
export type ReservationPurchase = z.infer<typeof reservationPurchaseSchema>;

const params = z.object({ reservation_purchase_id: idInput("reservationPurchase") });

export const listReservationPurchases = route({
  operationId: "listReservationPurchases",
  method: "GET",
  path: "/v1/admin/reservation_purchases",
  tag: "admin",
  summary: "List what approved reservation plans have to be bought",
  permission: "admin:fleet:read",
  query: listQuery("-created_at", {
    reservation_plan_id: idInput("reservationPlan").optional().meta({ description: "Only those of this plan." }),
    state: z.enum(RESERVATION_PURCHASE_STATES).optional().meta({ description: "Only those in this state." }),
  }),
  tenantData: "none",
  responses: {
    200: { description: "A page, newest first.", schema: pageOf(reservationPurchaseSchema, "ReservationPurchasePage") },
  },
  problems: [],
});

export const getReservationPurchase = route({
  operationId: "getReservationPurchase",
  method: "GET",
  path: "/v1/admin/reservation_purchases/{reservation_purchase_id}",
  tag: "admin",
  summary: "Get a purchase of a reservation plan",
  permission: "admin:fleet:read",
  params,
  tenantData: "none",
  responses: { 200: { description: "The purchase.", schema: reservationPurchaseSchema } },
  problems: [],
});

export const dropReservationPurchase = route({
  operationId: "dropReservationPurchase",
  method: "POST",
  path: "/v1/admin/reservation_purchases/{reservation_purchase_id}/drop",
  tag: "admin",
  summary: "Give up a purchase",
  description: "What EC2 has sold stays bought. One that was given up already stays so.",
  permission: "admin:fleet:act",
  params,
  responses: { 200: { description: "The purchase as it is now.", schema: reservationPurchaseSchema } },
  problems: ["invalid_state"],
  idempotent: true,
});

export const retryReservationPurchase = route({
  operationId: "retryReservationPurchase",
  method: "POST",
  path: "/v1/admin/reservation_purchases/{reservation_purchase_id}/retry",
  tag: "admin",
  summary: "Have a purchase asked for again, of which nothing shows",
  description:
    "EC2 has no token for a purchase: one whose answer was lost is looked for, and never asked for again by itself. Once it is " +
    "`purchase_unknown`, a person who has looked at EC2's console may say that nothing was sold; `purchase_unpaid` says that EC2 " +
    "let it go, as its payment failed.",
  permission: "admin:fleet:act",
  params,
  responses: { 200: { description: "The purchase as it is now.", schema: reservationPurchaseSchema } },
  problems: ["invalid_state"],
  idempotent: true,
});
