import { INSTANCE_STATES, MACHINE_STATES } from "@berth/domain";
import { z } from "zod";
import { guardSchema, idField, idInput, listQuery, money, pageOf, timestamp, wordInput } from "./fields.ts";
import { failureSchema } from "./problems.ts";
import { route } from "./route.ts";

const capacity = z.object({
  cpu_millis: z.int(),
  memory_bytes: z.int(),
  volumes: z.int(),
  instances: z.int(),
});

export const machineSchema = z
  .object({
    id: idField("machine"),
    kube_id: idField("kube"),
    pool_id: idField("pool"),
    node_name: z.string(),
    zone: z.string(),
    machine_type: z.string(),
    price_per_hour: money,
    allocatable: capacity.meta({ description: "What instances may use: an estimate until the node is there." }),
    requested: capacity.meta({ description: "What the instances that sit on it, or will, ask for." }),
    cloud_instance_id: z.string().nullable(),
    attempt: z.int().meta({ description: "Number of the launch attempt." }),
    status: z.object({
      state: z.enum(MACHINE_STATES),
      waiting_for: z.array(guardSchema),
      last_failure: failureSchema.nullable(),
      observed_at: timestamp.nullable(),
    }),
    created_at: timestamp,
    launched_at: timestamp.nullable(),
    ready_at: timestamp.nullable(),
    empty_since: timestamp.nullable(),
    terminated_at: timestamp.nullable(),
  })
  .meta({ id: "Machine" });
export type Machine = z.infer<typeof machineSchema>;

export const machineDetailSchema = machineSchema
  .extend({
    instances: z.array(
      z.object({
        id: idField("instance"),
        organization_id: idField("organization"),
        cluster_id: idField("cluster"),
        name: z.string(),
        state: z.enum(INSTANCE_STATES),
        cpu_millis: z.int(),
        memory_bytes: z.int(),
        decision_id: z.string().nullable(),
      }),
    ),
    launches: z.array(
      z.object({
        attempt: z.int(),
        machine_type: z.string(),
        zone: z.string(),
        outcome: z.enum(["pending", "launched", "refused"]),
        message: z.string().nullable(),
        created_at: timestamp,
      }),
    ),
  })
  .meta({ id: "MachineDetail" });
export type MachineDetail = z.infer<typeof machineDetailSchema>;

export const listMachines = route({
  operationId: "listMachines",
  method: "GET",
  path: "/v1/admin/machines",
  tag: "admin",
  summary: "List machines",
  description: "Oldest first. Terminated and failed ones only with `state`.",
  permission: "admin:fleet:read",
  query: listQuery("created_at", {
    kube_id: idInput("kube").optional().meta({ description: "Only those of this kube." }),
    pool_id: idInput("pool").optional().meta({ description: "Only those of this pool." }),
    zone: wordInput.optional().meta({ description: "Only those in this zone." }),
    machine_type: wordInput.optional().meta({ description: "Only those of this type." }),
    state: z.enum(MACHINE_STATES).optional().meta({ description: "Only those in this state." }),
  }),
  tenantData: "none",
  responses: { 200: { description: "A page.", schema: pageOf(machineSchema, "MachinePage") } },
  problems: [],
});

export const getMachine = route({
  operationId: "getMachine",
  method: "GET",
  path: "/v1/admin/machines/{machine_id}",
  tag: "admin",
  summary: "Get a machine with its instances and launches",
  permission: "admin:fleet:read",
  params: z.object({ machine_id: idInput("machine") }),
  tenantData: { within: "instances", organization: "organization_id", cluster: "cluster_id" },
  responses: { 200: { description: "The machine.", schema: machineDetailSchema } },
  problems: [],
});
