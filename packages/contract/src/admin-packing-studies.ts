import { PACKING_STUDY_KINDS, PACKING_STUDY_STATES } from "@berth/domain";
import { z } from "zod";
import { ratio } from "./admin-packing.ts";
import { idExample, idField, idInput, listQuery, money, pageOf, timestamp, wordInput } from "./fields.ts";
import { failureSchema } from "./problems.ts";
import { route } from "./route.ts";

const planned = z.object({
  price_per_hour: money,
  machines: z.int(),
  instances: z.int(),
  machines_by_type: z.array(z.object({ machine_type: z.string(), machines: z.int() })),
  density: z.object({ mean: z.number(), max: z.int() }).meta({ description: "Instances of a machine." }),
  blast_radius: z.object({
    instances: z.number().meta({ description: "Largest share of all instances on one machine." }),
    tenant: z.number().meta({ description: "And of one organization's, of those with two or more." }),
  }),
});

export const coldPlanResult = z
  .object({
    plan: planned.meta({ description: "The fleet's instances and its pools' headroom, planned from nothing." }),
    plan_cost_ratio: ratio.meta({ description: "Price of the plan / certified lower bound." }),
    fleet_price_per_hour: money,
    fleet_machines: z.int(),
    fleet_cost_ratio: ratio.meta({ description: "Price of the fleet as it was / certified lower bound." }),
    lower_bound_per_hour: money.meta({ description: "No fleet for these instances costs less." }),
    proof_gap: ratio.meta({ description: "How far the bound may be below the best that there is." }),
    verified: z.boolean().meta({ description: "What the independent verifier says of the certificate." }),
    refusals: z.array(z.object({ reason: z.string(), object: z.string(), because: z.string() })),
    stranded_per_hour: money.meta({ description: "What the machines cost beyond what their instances are worth." }),
    stranded: z.array(z.object({ node_name: z.string(), stranded_per_hour: money })).meta({
      description: "The machines that strand most.",
    }),
    recoverable_per_hour: money.meta({ description: "What the fleet costs beyond the plan; 0 where it costs less." }),
    instances_without_place: z.int().meta({ description: "In the plan, and not on the fleet's machines yet." }),
    violations: z.int().meta({ description: "Rules that the plan breaks: 0, as a checker of its own found." }),
    iterations: z.int(),
    rounds: z.int(),
  })
  .meta({ id: "ColdPlanResult" });

export const densityCurveResult = z
  .object({
    points: z.array(
      z.object({
        instances_per_machine: z.int().nullable().meta({ description: "The cap; null: none." }),
        price_per_hour: money,
        over_uncapped: ratio.meta({ description: "Price / price without a cap - 1." }),
        machines: z.int(),
        density: z.object({ mean: z.number(), max: z.int() }),
      }),
    ),
  })
  .meta({ id: "DensityCurveResult" });

const simulated = planned.extend({
  cost_ratio: ratio.meta({ description: "Against a bound without a certificate." }),
  zones: z.array(z.object({ zone: z.string(), instances: z.int(), share: z.number() })).meta({
    description: "What is lost with each zone.",
  }),
});

export const simulationResult = z
  .object({
    fleet_price_per_hour: money,
    fleet_machines: z.int(),
    before: simulated.meta({ description: "The fleet's own instances, planned from nothing: what to compare with." }),
    after: simulated.extend({
      instances_restored_elsewhere: z.int().meta({
        description: "Their volumes are in a zone that is out: made again in others, from backups.",
      }),
      instances_without_place: z.int().meta({ description: "They fit no type that is left, and are not planned." }),
    }),
  })
  .meta({ id: "SimulationResult" });

const whatIfShape = {
  without_families: z
    .array(wordInput)
    .max(50)
    .optional()
    .meta({ description: "Machine families that lack, as `m6a`." }),
  without_zones: z.array(wordInput).max(12).optional().meta({ description: "Zones that are out." }),
  customers: z.number().min(0.1).max(10).optional().meta({
    description: "So many times the clusters: 2 is each twice, 0.5 every other one.",
  }),
  new_clusters: z
    .array(
      z.strictObject({
        clusters: z.int().min(1).max(10_000),
        instances: z.int().min(1).max(12).meta({ description: "Of each." }),
        size: wordInput.meta({ description: "Of each instance: see GET /v1/sizes." }),
      }),
    )
    .max(20)
    .optional()
    .meta({
      description:
        "Clusters that come to those of the fleet, each of a customer of its own; no more than 100000 instances.",
    }),
  instances_per_machine: z.int().min(1).max(100).optional().meta({ description: "The cap." }),
};

export const packingStudySchema = z
  .object({
    id: idField("packingStudy"),
    kube_id: idField("kube"),
    kind: z.enum(PACKING_STUDY_KINDS),
    state: z.enum(PACKING_STUDY_STATES),
    progress: z.object({ percent: z.int(), step: z.string().nullable() }),
    what_if: z.object(whatIfShape).nullable().meta({ description: "Of a simulation: what it changes." }),
    failure: failureSchema.nullable(),
    cold_plan: coldPlanResult.nullable(),
    density_curve: densityCurveResult.nullable(),
    simulation: simulationResult.nullable(),
    created_by: z.string().meta({ description: "Id of a key; `system` for the nightly cold plan." }),
    created_at: timestamp,
    started_at: timestamp.nullable(),
    finished_at: timestamp.nullable(),
  })
  .meta({
    id: "PackingStudy",
    description: "A long computation about a kube's fleet, made by a worker; the result of its kind when it succeeded.",
  });
export type PackingStudy = z.infer<typeof packingStudySchema>;

const seconds = (most: number, described: string) =>
  z.int().min(1).max(most).optional().meta({ description: described });

const common = { kube_id: idInput("kube"), seed: z.int().min(0).max(2_147_483_647).optional() };

export const createPackingStudyBody = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("cold_plan"),
      ...common,
      seconds: seconds(600, "For the plan; 30 when absent."),
      bound_seconds: seconds(1800, "For the lower bound, after it; 60 when absent."),
    }),
    z.strictObject({
      kind: z.literal("density_curve"),
      ...common,
      seconds: seconds(120, "For each of eight caps; 5 when absent."),
    }),
    z.strictObject({
      kind: z.literal("simulation"),
      ...common,
      seconds: seconds(300, "For each of two plans, as it is and as it would be; 5 when absent."),
      what_if: z.strictObject(whatIfShape),
    }),
  ])
  .meta({
    id: "NewPackingStudy",
    examples: [
      { kind: "cold_plan", kube_id: idExample("kube"), seconds: 30, bound_seconds: 60 },
      { kind: "density_curve", kube_id: idExample("kube") },
      {
        kind: "simulation",
        kube_id: idExample("kube"),
        what_if: { without_families: ["m7i"], without_zones: ["us-east-1a"], customers: 2 },
      },
      {
        kind: "simulation",
        kube_id: idExample("kube"),
        what_if: { new_clusters: [{ clusters: 50, instances: 3, size: "8g" }] },
      },
    ],
  });
export type CreatePackingStudyBody = z.infer<typeof createPackingStudyBody>;

const params = z.object({ packing_study_id: idInput("packingStudy") });

export const createPackingStudy = route({
  operationId: "createPackingStudy",
  method: "POST",
  path: "/v1/admin/packing_studies",
  tag: "admin",
  summary: "Have a fleet planned from nothing, its density curve drawn, or a what-if simulated",
  description: "A worker makes it: look again until `state` is succeeded or failed. Nothing is moved or launched.",
  permission: "admin:fleet:act",
  body: createPackingStudyBody,
  responses: { 202: { description: "Asked for.", schema: packingStudySchema, headers: ["Location", "Retry-After"] } },
  problems: [],
  idempotent: true,
});

export const listPackingStudies = route({
  operationId: "listPackingStudies",
  method: "GET",
  path: "/v1/admin/packing_studies",
  tag: "admin",
  summary: "List packing studies",
  description: "Newest first. Of each kube a cold plan is made every night.",
  permission: "admin:fleet:read",
  query: listQuery("-created_at", {
    kube_id: idInput("kube").optional().meta({ description: "Only those of this kube." }),
    kind: z.enum(PACKING_STUDY_KINDS).optional().meta({ description: "Only those of this kind." }),
    state: z.enum(PACKING_STUDY_STATES).optional().meta({ description: "Only those in this state." }),
  }),
  tenantData: "none",
  responses: { 200: { description: "A page.", schema: pageOf(packingStudySchema, "PackingStudyPage") } },
  problems: [],
});

export const getPackingStudy = route({
  operationId: "getPackingStudy",
  method: "GET",
  path: "/v1/admin/packing_studies/{packing_study_id}",
  tag: "admin",
  summary: "Get a packing study",
  permission: "admin:fleet:read",
  params,
  tenantData: "none",
  responses: { 200: { description: "The study.", schema: packingStudySchema } },
  problems: [],
});

/** What the verifier takes, in the order in which it takes them. */
const STUDY_FILES = {
  types: "application/json",
  instances: "application/json",
  certificate: "application/json",
} as const;

export const getPackingStudyFile = route({
  operationId: "getPackingStudyFile",
  method: "GET",
  path: "/v1/admin/packing_studies/{packing_study_id}/file",
  tag: "admin",
  summary: "Get one of the files by which a cold plan's lower bound can be verified",
  description:
    "`npm run verify -w packages/packing -- types.json instances.json certificate.json` proves the bound without us. " +
    "Instances, clusters and organizations are numbered there.",
  permission: "admin:fleet:read",
  params,
  query: z.strictObject({
    format: z
      .enum(Object.keys(STUDY_FILES) as (keyof typeof STUDY_FILES)[])
      .default("certificate")
      .meta({ description: "Which: types, instances or certificate." }),
  }),
  tenantData: "none",
  responses: { 200: { description: "The file.", headers: ["Content-Disposition"] } },
  problems: ["invalid_state"],
  file: STUDY_FILES,
});
