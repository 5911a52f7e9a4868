import { z } from "zod";
import { idField, idInput, jsonObject, listQuery, money, pageOf, timestamp } from "./fields.ts";
import { route } from "./route.ts";

export const DECISION_OUTCOMES = ["placed", "waiting_for_machine", "refused"] as const;

export const decisionSchema = z
  .object({
    id: idField("decision"),
    kube_id: idField("kube"),
    organization_id: idField("organization"),
    cluster_id: idField("cluster"),
    instance_id: idField("instance"),
    outcome: z.enum(DECISION_OUTCOMES),
    node_name: z.string().nullable(),
    machine_id: z.string().nullable(),
    candidates: z.int().meta({ description: "How many were looked at." }),
    executed_at: timestamp.nullable().meta({ description: "When the gate was lifted." }),
    verdict: z.string().nullable().meta({ description: "What kube-scheduler made of it: bound or refused." }),
    created_at: timestamp,
    last_seen_at: timestamp.meta({ description: "When a refusal was last found to hold: it is stored once." }),
  })
  .meta({ id: "PlacementDecision" });
export type PlacementDecision = z.infer<typeof decisionSchema>;

export const decisionDetailSchema = decisionSchema
  .extend({
    candidates: z.array(
      z.object({
        target: z.string().meta({ description: "A node, or `new <machine type>`." }),
        machine_type: z.string(),
        zone: z.string(),
        pool_id: z.string().nullable(),
        price_per_hour: money.nullable(),
        rejection: jsonObject.nullable().meta({ description: "Why it was refused; null when it was possible." }),
        score: z.number().nullable().meta({ description: "Lower is better; null when it was refused." }),
      }),
    ),
    considered: z.int().meta({
      description:
        "How many candidates there were. Up to 200 nodes each is listed; beyond that the best and some of each reason.",
    }),
    refusals: z
      .array(
        z.object({
          reason: z.string().meta({ description: "A kind of rejection, or what closes a candidate, as `pool_full`." }),
          dimension: z.string().nullable().meta({ description: "Of `no_room`: what lacks, as `memory`." }),
          count: z.int(),
        }),
      )
      .meta({ description: "How many candidates were refused, by reason: of all of them, listed or not." }),
    reasons: z
      .array(z.string())
      .meta({ description: "Of a refusal: each kind of rejection once, as `pool_full`.", examples: [["no_room"]] }),
  })
  .meta({ id: "PlacementDecisionDetail" });
export type PlacementDecisionDetail = z.infer<typeof decisionDetailSchema>;

export const listPlacementDecisions = route({
  operationId: "listPlacementDecisions",
  method: "GET",
  path: "/v1/admin/placement_decisions",
  tag: "admin",
  summary: "List placement decisions",
  description: "Newest first.",
  permission: "admin:fleet:read",
  query: listQuery("-created_at", {
    kube_id: idInput("kube").optional().meta({ description: "Only those of this kube." }),
    cluster_id: idInput("cluster").optional().meta({ description: "Only those of this cluster." }),
    instance_id: idInput("instance").optional().meta({ description: "Only those of this instance." }),
    machine_id: idInput("machine").optional().meta({ description: "Only those for this machine." }),
    outcome: z.enum(DECISION_OUTCOMES).optional().meta({ description: "Only those with this outcome." }),
  }),
  tenantData: { within: "data", organization: "organization_id", cluster: "cluster_id" },
  responses: { 200: { description: "A page.", schema: pageOf(decisionSchema, "PlacementDecisionPage") } },
  problems: [],
});

export const getPlacementDecision = route({
  operationId: "getPlacementDecision",
  method: "GET",
  path: "/v1/admin/placement_decisions/{decision_id}",
  tag: "admin",
  summary: "Get a placement decision with its candidates",
  permission: "admin:fleet:read",
  params: z.object({ decision_id: idInput("decision") }),
  tenantData: { organization: "organization_id", cluster: "cluster_id" },
  responses: { 200: { description: "The decision.", schema: decisionDetailSchema } },
  problems: [],
});
