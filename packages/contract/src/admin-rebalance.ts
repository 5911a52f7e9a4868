import {
  REBALANCE_MODES,
  REBALANCE_MOVE_STATES,
  REBALANCE_OUTCOMES,
  REBALANCE_PLAN_STATES,
  type RebalanceAct,
} from "@berth/domain";
import { z } from "zod";
import { guardSchema, idField, idInput, listQuery, money, pageOf, pricePerMonth, timestamp } from "./fields.ts";
import { route } from "./route.ts";

export { REBALANCE_MODES, REBALANCE_PLAN_STATES, type RebalanceAct, type RebalanceMode } from "@berth/domain";

const heldSchema = z
  .array(
    z.object({
      reason: z.string().meta({
        description: "Why these nodes stay as they are, as `cluster_not_green`, `index_without_replicas` or `no_room`.",
        examples: ["cluster_not_green"],
      }),
      nodes: z.int(),
      instances: z.int().meta({ description: "On them; of a reason that concerns an instance, those alone." }),
    }),
  )
  .meta({ description: "Why others are held: each node that stays, by one reason." });

export const rebalancePlanSchema = z
  .object({
    id: idField("rebalancePlan"),
    kube_id: idField("kube"),
    pool_id: idField("pool"),
    state: z.enum(REBALANCE_PLAN_STATES),
    automatic: z.boolean().meta({ description: "Its pool's policy approved it." }),
    saving_per_hour: money,
    saving_per_month: pricePerMonth,
    cost: money.meta({ description: "What the restarts are reckoned to cost, once." }),
    instances: z.int().meta({ description: "That move: each restarts once." }),
    moved: z.int().meta({ description: "Of those, how many are over." }),
    clusters: z.int().meta({ description: "Whose instances move." }),
    launches: z.int().meta({ description: "Machines that it launches." }),
    removals: z.int().meta({ description: "Machines that go." }),
    hours: z.int().meta({ description: "Over how many hours its moves are spread." }),
    disrupted_minutes: z.int().meta({ description: "For which instances are away or behind, in sum." }),
    waiting_for: z.array(guardSchema),
    reason: z.string().nullable().meta({ description: "Why it ended as it did; null while it has not." }),
    generation: z.int().meta({ description: "Grows by one with each act of an operator." }),
    created_at: timestamp,
    last_seen_at: timestamp.meta({ description: "When a proposal was last found to hold." }),
    approved_at: timestamp.nullable(),
    started_at: timestamp.nullable(),
    finished_at: timestamp.nullable(),
  })
  .meta({ id: "RebalancePlan", description: "Moves that make a pool cheaper than they cost." });
export type RebalancePlan = z.infer<typeof rebalancePlanSchema>;

export const rebalancePlanDetailSchema = rebalancePlanSchema
  .extend({
    actions: z
      .array(
        z.object({
          kind: z.string().meta({ description: "drain, downsize, merge, split or repack." }),
          nodes: z.array(z.string()).meta({ description: "Emptied and removed, together." }),
          machines: z.array(z.string()).meta({ description: "Launched for what finds no room." }),
          moves: z.int(),
          saving_per_hour: money,
          cost: money,
        }),
      )
      .meta({ description: "What pays by itself: nodes that are emptied together." }),
    launches_planned: z.array(
      z.object({
        hour: z.int(),
        round: z.int(),
        machine: z.string(),
        machine_id: z.string().nullable().meta({ description: "Once it was made." }),
        machine_type: z.string(),
        zone: z.string(),
        price_per_hour: money,
      }),
    ),
    moves: z
      .array(
        z.object({
          hour: z.int().meta({ description: "It begins no earlier than so many hours after the plan." }),
          round: z.int().meta({ description: "It begins when the round before is over; no cluster is twice in one." }),
          instance_id: idField("instance"),
          cluster_id: idField("cluster"),
          organization_id: idField("organization"),
          from: z.string(),
          to: z.string(),
          state: z.enum(REBALANCE_MOVE_STATES),
          started_at: timestamp.nullable(),
          finished_at: timestamp.nullable(),
        }),
      )
      .meta({ description: "In their order." }),
    removals_planned: z.array(z.object({ hour: z.int(), round: z.int(), node: z.string() })),
    held: heldSchema,
  })
  .meta({ id: "RebalancePlanDetail" });
export type RebalancePlanDetail = z.infer<typeof rebalancePlanDetailSchema>;

export const rebalanceLookSchema = z
  .object({
    kube_id: idField("kube"),
    looked_at: timestamp
      .nullable()
      .meta({ description: "When moves were last looked for; null before the first time." }),
    next_look_at: timestamp.nullable(),
    waiting_for: z.array(guardSchema),
    pools: z
      .array(
        z.object({
          pool_id: idField("pool"),
          mode: z.enum(REBALANCE_MODES),
          outcome: z.enum(REBALANCE_OUTCOMES),
          saving_per_month: pricePerMonth,
          plan_id: z.string().nullable(),
          held: heldSchema,
        }),
      )
      .meta({ description: "What the last look came to." }),
  })
  .meta({ id: "RebalanceLook" });
export type RebalanceLook = z.infer<typeof rebalanceLookSchema>;

export const createRebalancePlanBody = z
  .strictObject({ kube_id: idInput("kube") })
  .meta({ id: "NewRebalancePlan", examples: [{ kube_id: "kub_01jd0v6m3pf8tb2k7n5xq4w9ze" }] });

const params = z.object({ rebalance_plan_id: idInput("rebalancePlan") });

export const createRebalancePlan = route({
  operationId: "createRebalancePlan",
  method: "POST",
  path: "/v1/admin/rebalance_plans",
  tag: "admin",
  summary: "Look for moves in a kube now",
  description:
    "Asks for the look that is taken every hour. What it comes to shows in `/v1/admin/kubes/{kube_id}/rebalance` once " +
    "`looked_at` has grown; the answer has what the last one came to.",
  permission: "admin:fleet:act",
  body: createRebalancePlanBody,
  responses: {
    202: { description: "Asked for.", schema: rebalanceLookSchema, headers: ["Location", "Retry-After"] },
  },
  problems: [],
  idempotent: true,
});

export const getRebalanceLook = route({
  operationId: "getRebalanceLook",
  method: "GET",
  path: "/v1/admin/kubes/{kube_id}/rebalance",
  tag: "admin",
  summary: "Get what the last look for moves in a kube came to",
  permission: "admin:fleet:read",
  params: z.object({ kube_id: idInput("kube") }),
  tenantData: "none",
  responses: { 200: { description: "The look.", schema: rebalanceLookSchema } },
  problems: [],
});

export const listRebalancePlans = route({
  operationId: "listRebalancePlans",
  method: "GET",
  path: "/v1/admin/rebalance_plans",
  tag: "admin",
  summary: "List rebalance plans",
  permission: "admin:fleet:read",
  query: listQuery("-created_at", {
    kube_id: idInput("kube").optional().meta({ description: "Only those of this kube." }),
    pool_id: idInput("pool").optional().meta({ description: "Only those of this pool." }),
    state: z.enum(REBALANCE_PLAN_STATES).optional().meta({ description: "Only those in this state." }),
  }),
  tenantData: "none",
  responses: {
    200: { description: "A page, newest first.", schema: pageOf(rebalancePlanSchema, "RebalancePlanPage") },
  },
  problems: [],
});

export const getRebalancePlan = route({
  operationId: "getRebalancePlan",
  method: "GET",
  path: "/v1/admin/rebalance_plans/{rebalance_plan_id}",
  tag: "admin",
  summary: "Get a rebalance plan with its moves, in their order",
  permission: "admin:fleet:read",
  params,
  tenantData: { within: "moves", organization: "organization_id", cluster: "cluster_id" },
  responses: { 200: { description: "The plan.", schema: rebalancePlanDetailSchema } },
  problems: [],
});

const act = <const Act extends RebalanceAct>(name: Act, summary: string, description: string) =>
  route({
    operationId: `${name}RebalancePlan`,
    method: "POST",
    path: `/v1/admin/rebalance_plans/{rebalance_plan_id}/${name}`,
    tag: "admin",
    summary,
    description,
    permission: "admin:fleet:act",
    params,
    responses: { 200: { description: "The plan as it is now.", schema: rebalancePlanSchema } },
    problems: ["invalid_state"],
    idempotent: true,
  } as const);

export const approveRebalancePlan = act(
  "approve",
  "Approve a rebalance plan",
  "It begins as soon as nothing of `waiting_for` holds it back. One that is approved already stays so.",
);

export const pauseRebalancePlan = act(
  "pause",
  "Pause a rebalance plan",
  "A move that is under way comes to its end, and no other begins.",
);

export const resumeRebalancePlan = act(
  "resume",
  "Resume a paused rebalance plan",
  "It goes on where it was, unless the fleet is not the one any more that it was made for.",
);

export const cancelRebalancePlan = act(
  "cancel",
  "Cancel a rebalance plan",
  "A move that is under way comes to its end. What was moved stays where it is. The same plan is not proposed again for a day.",
);
