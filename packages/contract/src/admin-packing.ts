import { MACHINE_STATES } from "@berth/domain";
import { z } from "zod";
import { idField, idInput, money, queryBoolean, timestamp } from "./fields.ts";
import { route } from "./route.ts";

/** A number from 0 on, rounded to six places; null where there is nothing to divide by. */
export const ratio = z.number().nullable();

const amounts = z.object({
  cpu_millis: z.int(),
  memory_bytes: z.int(),
  volumes: z.int(),
  instances: z.int().meta({ description: "Slots: a machine takes so many instances." }),
});

const measured = amounts.pick({ cpu_millis: true, memory_bytes: true });

const used = measured
  .extend({
    instances: z.int().meta({ description: "How many were measured; the figures are of these." }),
    requested: measured.meta({ description: "What they ask for." }),
    of_requested: z.object({ cpu: ratio, memory: ratio }).meta({ description: "Used / requested." }),
  })
  .nullable()
  .meta({
    id: "UsedCapacity",
    description:
      "What the instances that were measured in the last 15 minutes really use: CPU as a mean of some seconds, memory as the " +
      "working set. Null where none was measured.",
  });

export const packingFigures = z.object({
  machines: z.object({
    ready: z.int(),
    coming: z.int().meta({ description: "Planned, launching or booting: paid for soon, and filled already." }),
    leaving: z.int().meta({ description: "Draining or terminating: still paid for, and take nothing new." }),
  }),
  instances: z.int().meta({ description: "On these machines, or sent there." }),
  price_per_hour: money,
  requested: amounts.meta({ description: "What the instances ask for." }),
  allocatable: amounts.meta({ description: "What the machines leave for instances, after kubelet and daemons." }),
  used,
  density: z
    .object({ mean: ratio, max: z.int() })
    .meta({ description: "Instances that hold data, of a machine: mean over all, and most." }),
  blast_radius: z
    .object({
      instances: ratio.meta({ description: "Largest share of all instances on one machine." }),
      tenant: ratio.meta({
        description: "Largest share of one organization's instances on one machine, of those with two or more.",
      }),
    })
    .meta({ description: "What one dead machine takes with it." }),
  dominant_utilization: ratio.meta({
    description: "By price: of each machine the fullest of CPU, memory and volumes, requested over allocatable.",
  }),
  idle_per_day: money.meta({ description: "Paid in a day for what the fullest dimension of each machine leaves." }),
  one_machine_each_per_hour: money.nullable().meta({
    description:
      "What the same instances would cost with a machine for each: the cheapest x86 type that is not burstable, of the " +
      "pools' types and smaller ones of their families. Null where one fits none, or the machines were brought.",
  }),
  packing_saving: ratio.meta({ description: "1 - price / one machine each." }),
});

/** Of a cold plan: how far the fleet was from the best then. */
export const pastColdPlan = z.object({
  packing_study_id: idField("packingStudy"),
  kube_id: idField("kube"),
  fleet_cost_ratio: ratio.meta({ description: "Price of the fleet then / certified lower bound." }),
  plan_cost_ratio: ratio,
  verified: z.boolean(),
  stranded_per_hour: money,
  recoverable_per_hour: money,
  finished_at: timestamp,
});

export const packingSchema = z
  .object({
    total: packingFigures,
    pools: z.array(
      packingFigures
        .extend({ pool_id: idField("pool"), kube_id: idField("kube"), name: z.string() })
        .meta({ id: "PoolPacking" }),
    ),
    instances_without_place: z
      .int()
      .meta({ description: "They wait for a machine; of the kubes that were asked for." }),
    used_missing: z
      .enum(["not_measured"])
      .nullable()
      .meta({
        description:
          "Why `used` is null in all. not_measured: no instance was measured lately; no kube has a Metrics API (metrics-server), " +
          "or nothing runs.",
      }),
    cold_plans: z
      .array(pastColdPlan)
      .meta({ description: "Of each kube the last cold plan that succeeded: how far the fleet was from the best." }),
    nodes: z
      .array(
        z.object({
          machine_id: idField("machine"),
          node_name: z.string(),
          pool_id: idField("pool"),
          zone: z.string(),
          machine_type: z.string(),
          state: z.enum(MACHINE_STATES),
          price_per_hour: money,
          requested: amounts,
          allocatable: amounts,
          used,
          dominant_utilization: z.number(),
          idle_per_day: money,
        }),
      )
      .nullable()
      .meta({ description: "Each machine, those that waste most first; null unless asked for." }),
    nodes_left_out: z.int().meta({ description: "How many more there are than the 2000 that are listed." }),
  })
  .meta({ id: "Packing", description: "Ratios are decimal numbers, rounded to six places." });
export type Packing = z.infer<typeof packingSchema>;

export const getPacking = route({
  operationId: "getPacking",
  method: "GET",
  path: "/v1/admin/packing",
  tag: "admin",
  summary: "Get how full the machines are, and what that costs",
  description: "From what is stored of machines and placements: as old as the last look at each kube.",
  permission: "admin:fleet:read",
  query: z.strictObject({
    kube_id: idInput("kube").optional().meta({ description: "Only this kube's machines." }),
    pool_id: idInput("pool").optional().meta({ description: "Only this pool's machines." }),
    nodes: queryBoolean("Each machine too."),
  }),
  tenantData: "none",
  responses: { 200: { description: "The figures, in all and by pool.", schema: packingSchema } },
  problems: [],
});
