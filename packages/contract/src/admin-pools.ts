import { REBALANCE_MODES, RESERVATION_PURCHASES } from "@berth/domain";
import { z } from "zod";
import {
  idExample,
  idField,
  idInput,
  ifMatch,
  listQuery,
  MEBIBYTE,
  money,
  moneyInput,
  nameInput,
  pageOf,
  timestamp,
  wordInput,
} from "./fields.ts";
import { route } from "./route.ts";

export const poolSchema = z
  .object({
    id: idField("pool"),
    kube_id: idField("kube"),
    name: z.string(),
    zones: z.array(z.string()),
    machine_types: z.array(z.string()),
    instances_per_machine: z.int(),
    cpu_limit_percent: z.int().meta({
      description:
        "An instance's CPU limit, in percent of its request. An instance may go to any of a kube's pools: it gets the lowest of theirs.",
    }),
    empty_after_seconds: z.int().meta({ description: "An empty machine goes after so long." }),
    max_machines: z.int(),
    max_price_per_hour: money.nullable().meta({
      description: "What its machines together may cost; null: no cap. No machine is launched that would overshoot it.",
    }),
    tenant_share_percent: z.int().meta({
      description: "No machine holds more of an organization than this share of its instances; one is always allowed.",
    }),
    headroom_instances: z.int().meta({
      description: "Room that its machines keep in each zone: for so many instances, of the CPU and memory beside it.",
    }),
    headroom_cpu_millis: z.int(),
    headroom_memory_bytes: z.int(),
    held_zones: z.array(z.string()).meta({ description: "Nothing is launched in these; what runs there stays." }),
    rebalance_mode: z.enum(REBALANCE_MODES).meta({
      description:
        "off: no moves are looked for; propose: plans wait for an operator; automatic: one that moves few enough instances " +
        "is approved by itself.",
    }),
    rebalance_min_saving_per_month: money.meta({ description: "A rebalance plan that saves less is none." }),
    rebalance_max_automatic_moves: z.int().meta({
      description: "In the mode automatic: a plan that moves more instances waits for an operator.",
    }),
    reservation_purchases: z.enum(RESERVATION_PURCHASES).meta({
      description:
        "on: a worker buys the reserved instances that an approved reservation plan has of its machine types' families, each within " +
        "the plan's price; off: nothing is bought.",
    }),
    image_id: z.string(),
    subnet_ids: z.record(z.string(), z.string()).meta({ description: "Zone to subnet." }),
    security_group_ids: z.array(z.string()),
    instance_profile: z.string().nullable(),
    machines: z.int().meta({ description: "Not terminated." }),
    generation: z.int().meta({ description: "Grows by one with each accepted change." }),
    created_at: timestamp,
  })
  .meta({ id: "Pool" });
export type Pool = z.infer<typeof poolSchema>;

const policy = {
  zones: z.array(wordInput).min(1).max(12),
  machine_types: z.array(wordInput).min(1).max(100),
  instances_per_machine: z.int().min(1).max(100),
  cpu_limit_percent: z.int().min(100).max(1600),
  empty_after_seconds: z.int().min(0).max(604_800),
  max_machines: z.int().min(0).max(5000),
  max_price_per_hour: moneyInput.nullable().meta({ description: "Of all its machines together; null: no cap." }),
  tenant_share_percent: z.int().min(1).max(100),
  headroom_instances: z.int().min(0).max(1000),
  headroom_cpu_millis: z.int().min(1).max(1_000_000),
  headroom_memory_bytes: z
    .int()
    .min(MEBIBYTE)
    .max(MEBIBYTE * 2 ** 24)
    .multipleOf(MEBIBYTE),
  held_zones: z.array(wordInput).max(12),
  rebalance_mode: z.enum(REBALANCE_MODES),
  rebalance_min_saving_per_month: moneyInput,
  rebalance_max_automatic_moves: z.int().min(0).max(100_000),
  reservation_purchases: z.enum(RESERVATION_PURCHASES),
  image_id: z.string().regex(/^ami-[0-9a-f]{8,17}$/, "An id of a machine image."),
  subnet_ids: z.record(wordInput, z.string().regex(/^subnet-[0-9a-f]{8,17}$/, "An id of a subnet.")),
  security_group_ids: z.array(z.string().regex(/^sg-[0-9a-f]{8,17}$/, "An id of a security group.")).max(16),
  instance_profile: z.string().regex(/^[\w+=,.@:/-]{1,256}$/, "Name or ARN of an instance profile."),
};

export const createPoolBody = z
  .strictObject({
    kube_id: idInput("kube"),
    name: nameInput,
    zones: policy.zones,
    machine_types: policy.machine_types,
    instances_per_machine: policy.instances_per_machine.optional(),
    cpu_limit_percent: policy.cpu_limit_percent.optional(),
    empty_after_seconds: policy.empty_after_seconds.optional(),
    max_machines: policy.max_machines.optional(),
    max_price_per_hour: policy.max_price_per_hour.optional(),
    tenant_share_percent: policy.tenant_share_percent.optional(),
    headroom_instances: policy.headroom_instances.optional(),
    headroom_cpu_millis: policy.headroom_cpu_millis.optional(),
    headroom_memory_bytes: policy.headroom_memory_bytes.optional(),
    held_zones: policy.held_zones.optional(),
    rebalance_mode: policy.rebalance_mode.optional(),
    rebalance_min_saving_per_month: policy.rebalance_min_saving_per_month.optional(),
    rebalance_max_automatic_moves: policy.rebalance_max_automatic_moves.optional(),
    reservation_purchases: policy.reservation_purchases.optional(),
    image_id: policy.image_id.optional(),
    subnet_ids: policy.subnet_ids.optional(),
    security_group_ids: policy.security_group_ids.optional(),
    instance_profile: policy.instance_profile.optional(),
  })
  .meta({
    id: "NewPool",
    examples: [
      {
        kube_id: idExample("kube"),
        name: "memory",
        zones: ["us-east-1a", "us-east-1b"],
        machine_types: ["r7i.2xlarge"],
        max_machines: 40,
      },
    ],
  });
export type CreatePoolBody = z.infer<typeof createPoolBody>;

export const updatePoolBody = z
  .strictObject({
    zones: policy.zones.optional(),
    machine_types: policy.machine_types.optional(),
    instances_per_machine: policy.instances_per_machine.optional(),
    cpu_limit_percent: policy.cpu_limit_percent.optional(),
    empty_after_seconds: policy.empty_after_seconds.optional(),
    max_machines: policy.max_machines.optional(),
    max_price_per_hour: policy.max_price_per_hour.optional(),
    tenant_share_percent: policy.tenant_share_percent.optional(),
    headroom_instances: policy.headroom_instances.optional(),
    headroom_cpu_millis: policy.headroom_cpu_millis.optional(),
    headroom_memory_bytes: policy.headroom_memory_bytes.optional(),
    held_zones: policy.held_zones.optional(),
    rebalance_mode: policy.rebalance_mode.optional(),
    rebalance_min_saving_per_month: policy.rebalance_min_saving_per_month.optional(),
    rebalance_max_automatic_moves: policy.rebalance_max_automatic_moves.optional(),
    reservation_purchases: policy.reservation_purchases.optional(),
    image_id: policy.image_id.optional(),
    subnet_ids: policy.subnet_ids.optional(),
    security_group_ids: policy.security_group_ids.optional(),
    instance_profile: policy.instance_profile.nullable().optional(),
  })
  .meta({
    id: "PoolPatch",
    description: "JSON Merge Patch. What runs already is not touched.",
    examples: [
      { max_machines: 80, empty_after_seconds: 600, max_price_per_hour: { amount: "40.00", currency: "USD" } },
    ],
  });
export type UpdatePoolBody = z.infer<typeof updatePoolBody>;

const params = z.object({ pool_id: idInput("pool") });

export const createPool = route({
  operationId: "createPool",
  method: "POST",
  path: "/v1/admin/pools",
  tag: "admin",
  summary: "Create a pool of machines",
  permission: "admin:fleet:act",
  body: createPoolBody,
  responses: { 201: { description: "Created.", schema: poolSchema, headers: ["Location", "ETag"] } },
  problems: ["name_taken"],
  idempotent: true,
});

export const listPools = route({
  operationId: "listPools",
  method: "GET",
  path: "/v1/admin/pools",
  tag: "admin",
  summary: "List pools",
  permission: "admin:fleet:read",
  query: listQuery("created_at", {
    kube_id: idInput("kube").optional().meta({ description: "Only those of this kube." }),
  }),
  tenantData: "none",
  responses: { 200: { description: "A page, oldest first.", schema: pageOf(poolSchema, "PoolPage") } },
  problems: [],
});

export const getPool = route({
  operationId: "getPool",
  method: "GET",
  path: "/v1/admin/pools/{pool_id}",
  tag: "admin",
  summary: "Get a pool",
  permission: "admin:fleet:read",
  params,
  tenantData: "none",
  responses: { 200: { description: "The pool.", schema: poolSchema } },
  problems: [],
});

export const updatePool = route({
  operationId: "updatePool",
  method: "PATCH",
  path: "/v1/admin/pools/{pool_id}",
  tag: "admin",
  summary: "Change a pool's policy",
  permission: "admin:fleet:act",
  params,
  headers: ifMatch,
  body: updatePoolBody,
  responses: { 200: { description: "The pool as it is now.", schema: poolSchema, headers: ["ETag"] } },
  problems: [],
});
