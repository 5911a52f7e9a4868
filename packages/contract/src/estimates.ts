import { HOURS_PER_MONTH } from "@berth/domain";
import { z } from "zod";
import { checkForm, clusterPreviewSchema, clusterSpecFields } from "./clusters.ts";
import { money, pricePerMonth } from "./fields.ts";
import { admissionSchema } from "./quotas.ts";
import { route } from "./route.ts";

const MAX_CLUSTERS = 20;

const clusterInput = z
  .strictObject(clusterSpecFields)
  .superRefine(checkForm)
  .meta({ id: "NewClusterSpec", description: "The body of a create, without the name." });

/** One cluster as a create has it, without the name; or several in `clusters`. */
export const estimateBody = z
  .strictObject({
    ...clusterSpecFields,
    region: clusterSpecFields.region.optional(),
    clusters: z.array(clusterInput).min(1).max(MAX_CLUSTERS).optional(),
  })
  .superRefine((body, context) => {
    const fault = (field: string, message: string) => context.addIssue({ code: "custom", path: [field], message });
    const { clusters, ...one } = body;
    if (clusters === undefined) {
      if (body.region === undefined) fault("region", "Required, as in a create.");
      return checkForm(body, context);
    }
    for (const field of Object.keys(one)) fault(field, "Belongs into the entries of `clusters` when that is given.");
  })
  .meta({
    id: "NewEstimate",
    description: "The body of a create without the name; or several of them in `clusters`.",
    examples: [
      { region: "us-east-1", size: "8g", instances: 3 },
      {
        clusters: [
          { region: "us-east-1", size: "8g", instances: 3 },
          { region: "us-east-1", components: [{ name: "data", size: "2g", instances: 1 }] },
        ],
      },
    ],
  });
export type EstimateBody = z.infer<typeof estimateBody>;

const prices = { price_per_hour: money, price_per_month: pricePerMonth };
const totals = {
  instances: z.int(),
  memory_bytes: z.int(),
  cpu_millis: z.int().meta({ description: "Guaranteed." }),
  storage_bytes: z.int(),
};

const alternativeSchema = z
  .object({
    component: z.string(),
    size: z.string(),
    direction: z.enum(["smaller", "larger"]),
    fits: z.boolean().meta({ description: "Some machine type that is open there holds an instance of it." }),
    ...prices,
  })
  .meta({ id: "EstimateAlternative", description: "The same cluster with the next size of one component." });

export const clusterEstimateSchema = z
  .object({
    feasible: clusterPreviewSchema.shape.feasible,
    spec: clusterPreviewSchema.shape.spec,
    components: z.array(
      z.object({
        name: z.string(),
        size: z.string(),
        instance_price_per_hour: money.meta({ description: "Of one instance." }),
        ...prices,
        ...totals,
      }),
    ),
    ...prices,
    ...totals,
    placement: clusterPreviewSchema.shape.placement,
    alternatives: z.array(alternativeSchema),
    observed_at: clusterPreviewSchema.shape.observed_at,
  })
  .meta({ id: "ClusterEstimate" });
export type ClusterEstimate = z.infer<typeof clusterEstimateSchema>;

export const estimateSchema = z
  .object({
    clusters: z.array(clusterEstimateSchema).meta({ description: "In the order of the request." }),
    feasible: z.boolean().meta({ description: "All of them, together." }),
    ...prices,
    ...totals,
    hours_per_month: z.literal(HOURS_PER_MONTH),
    admission: admissionSchema.meta({ description: "What the quotas and the spend cap say to all of them together." }),
  })
  .meta({ id: "Estimate" });
export type Estimate = z.infer<typeof estimateSchema>;

export const createEstimate = route({
  operationId: "createEstimate",
  method: "POST",
  path: "/v1/estimates",
  tag: "catalogue",
  summary: "Estimate what clusters would cost",
  description:
    "Prices an hour and a month, by component and together; whether there is a place for all instances now, whether quotas " +
    "and the spend cap have room, and what the next sizes would cost. Nothing is stored.",
  permission: "clusters:read",
  body: estimateBody,
  responses: { 200: { description: "The estimate.", schema: estimateSchema } },
  problems: ["topology_invalid"],
  safe: "Nothing is stored or changed: asked twice, it answers twice.",
});
