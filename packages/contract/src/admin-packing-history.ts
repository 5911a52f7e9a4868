import { z } from "zod";
import { pastColdPlan, ratio } from "./admin-packing.ts";
import { idField, idInput, money, timestamp } from "./fields.ts";
import { route } from "./route.ts";

const which = {
  kube_id: idInput("kube").optional().meta({ description: "Only this kube's pools." }),
  pool_id: idInput("pool").optional().meta({ description: "Only this pool." }),
};

const share = z.object({ cpu: ratio, memory: ratio, volumes: ratio, instances: ratio });

export const packingHistorySchema = z
  .object({
    since: timestamp,
    until: timestamp,
    step_seconds: z.int().meta({ description: "From one point to the next: as many as make at most 500 points." }),
    points: z
      .array(
        z.object({
          at: timestamp.meta({ description: "Where the step begins; the figures are the last of it." }),
          machines: z.int(),
          instances: z.int(),
          price_per_hour: money,
          idle_per_day: money,
          requested_share: share.meta({ description: "Requested / allocatable." }),
          used_share: share.pick({ cpu: true, memory: true }).meta({
            description: "Used / requested, of the instances that were measured; null where none was.",
          }),
          density: ratio,
          dominant_utilization: ratio,
        }),
      )
      .meta({ description: "Oldest first, summed over the pools; none where nothing was sampled." }),
    cold_plans: z.array(pastColdPlan).meta({
      description:
        "Cold plans of the kubes that ended in this time, oldest first; of more than 500 the latest. They are kept for 30 days.",
    }),
  })
  .meta({ id: "PackingHistory" });
export type PackingHistory = z.infer<typeof packingHistorySchema>;

export const getPackingHistory = route({
  operationId: "getPackingHistory",
  method: "GET",
  path: "/v1/admin/packing/history",
  tag: "admin",
  summary: "Get how full the machines were over time",
  description: "A worker takes a sample of each pool every ten minutes; they are kept for 180 days.",
  permission: "admin:fleet:read",
  query: z.strictObject({
    ...which,
    since: timestamp.optional().meta({ description: "From this instant on; a day before `until` when absent." }),
    until: timestamp.optional().meta({ description: "Before this instant; the end of these ten minutes when absent." }),
  }),
  tenantData: "none",
  responses: { 200: { description: "The points.", schema: packingHistorySchema } },
  problems: [],
});

const expected = <T extends z.ZodType>(value: T) =>
  z.object({
    in_days: z.int(),
    expected: value,
    low: value.meta({ description: "With 95 % not less." }),
    high: value.meta({ description: "With 95 % not more." }),
  });
const reached = z
  .object({
    expected_on: z.iso.date().nullable().meta({ description: "Null: not within a year." }),
    earliest_on: z.iso.date().nullable().meta({ description: "When the upper end of the interval is there." }),
  })
  .nullable();

export const capacityForecastSchema = z
  .object({
    pools: z.array(
      z
        .object({
          pool_id: idField("pool"),
          kube_id: idField("kube"),
          name: z.string(),
          days_sampled: z.int().meta({ description: "Whole UTC days before today with samples, of the last 90." }),
          unknown_because: z
            .enum(["too_few_samples"])
            .nullable()
            .meta({ description: "Why nothing is forecast. too_few_samples: fewer than seven days." }),
          price_per_hour: z.array(expected(money)),
          machines: z.array(expected(z.number())),
          spend_cap_reached: reached.meta({ description: "Null where there is no cap, or nothing is forecast." }),
          machine_cap_reached: reached,
        })
        .meta({ id: "PoolForecast" }),
    ),
  })
  .meta({ id: "CapacityForecast" });
export type CapacityForecast = z.infer<typeof capacityForecastSchema>;

export const getCapacityForecast = route({
  operationId: "getCapacityForecast",
  method: "GET",
  path: "/v1/admin/capacity_forecast",
  tag: "admin",
  summary: "Get what pools will cost in 30 and 90 days, and when they reach their caps",
  description:
    "The straight line of least squares through the means of whole days, with its 95 % interval for a day's mean. It goes on " +
    "as it went: it knows no seasons and no plans.",
  permission: "admin:fleet:read",
  query: z.strictObject(which),
  tenantData: "none",
  responses: { 200: { description: "Each pool's.", schema: capacityForecastSchema } },
  problems: [],
});
