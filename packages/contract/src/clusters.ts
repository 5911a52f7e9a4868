import {
  CLUSTER_HEALTHS,
  CLUSTER_STATES,
  ENGINES,
  INSTANCE_STATES,
  isLabelKey,
  isLabelValue,
  MAX_INSTANCES_PER_CLUSTER,
  MAX_LABELS,
  ROLES,
} from "@berth/domain";
import { z } from "zod";
import { credentialSecretSchema } from "./credentials.ts";
import {
  GIBIBYTE,
  guardSchema,
  idField,
  idInput,
  ifMatch,
  listQuery,
  MEBIBYTE,
  money,
  nameInput,
  pageOf,
  pricePerMonth,
  queryBoolean,
  queryText,
  shownAs,
  timestamp,
  wordInput,
} from "./fields.ts";
import { operationReferenceSchema } from "./operations.ts";
import { failureSchema } from "./problems.ts";
import { admissionSchema } from "./quotas.ts";
import { route } from "./route.ts";

const roles = z
  .array(z.enum(ROLES))
  .min(1)
  .max(ROLES.length)
  .refine((list) => new Set(list).size === list.length, "Each role once.");
const instances = z.int().min(1).max(MAX_INSTANCES_PER_CLUSTER);
const storage = z
  .int()
  .min(GIBIBYTE)
  .max(16_384 * GIBIBYTE)
  .multipleOf(MEBIBYTE)
  .meta({ description: "Of one instance, a multiple of 1 MiB; what the size includes when absent." });
const zones = z
  .int()
  .min(1)
  .max(3)
  .meta({ description: "Number of zones to spread over; as many as there are instances, at most three, when absent." });

/** A label of a filter: the first colon parts key and value, as neither may have one. */
function isLabel(text: string): boolean {
  const colon = text.indexOf(":");
  return colon > 0 && isLabelKey(text.slice(0, colon)) && isLabelValue(text.slice(colon + 1));
}

const labelsInput = z
  .record(
    z.string().refine(isLabelKey, "A Kubernetes label key."),
    z.string().refine(isLabelValue, "A Kubernetes label value: at most 63 letters, digits, dots, underscores, dashes."),
  )
  .refine((labels) => Object.keys(labels).length <= MAX_LABELS, `At most ${MAX_LABELS} labels.`)
  .meta({ description: `At most ${MAX_LABELS}, in Kubernetes label syntax.`, examples: [{ team: "search" }] });

export const componentInput = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(20)
      .meta({ examples: ["data"] }),
    roles: roles.optional().meta({ description: "master, data and ingest when absent." }),
    instances,
    size: wordInput,
    storage_bytes: storage.optional(),
    zones: zones.optional(),
  })
  .meta({ id: "NewComponent" });

/** What a cluster is made of: its components, or, short, `size` and `instances` of a single one named `data`. */
export const clusterSpecFields = {
  project_id: idInput("project").optional().meta({ description: "The organization's first project when absent." }),
  region: wordInput,
  engine: z.enum(ENGINES).optional().meta({ description: "elasticsearch when absent." }),
  version: wordInput.optional().meta({ description: "The engine's default of /v1/versions when absent." }),
  components: z.array(componentInput).min(1).max(20).optional(),
  size: wordInput.optional(),
  instances: instances.optional(),
  storage_bytes: storage.optional(),
  zones: zones.optional(),
  labels: labelsInput.optional(),
  deletion_protection: z.boolean().optional(),
};

interface Forms {
  readonly components?: unknown;
  readonly size?: unknown;
  readonly instances?: unknown;
  readonly storage_bytes?: unknown;
  readonly zones?: unknown;
}

/** One of the two forms, and not both. */
export function checkForm(body: Forms, context: z.RefinementCtx): void {
  const fault = (field: string, message: string) => context.addIssue({ code: "custom", path: [field], message });
  if (body.components === undefined) {
    if (body.size === undefined) fault("size", "Give `components`, or `size` and `instances`.");
    if (body.instances === undefined) fault("instances", "Give `components`, or `size` and `instances`.");
    return;
  }
  for (const field of ["size", "instances", "storage_bytes", "zones"] as const) {
    if (body[field] !== undefined) fault(field, "Belongs into `components` when that is given.");
  }
}

export const createClusterBody = z
  .strictObject({ name: nameInput, ...clusterSpecFields })
  .superRefine(checkForm)
  .meta({
    id: "NewCluster",
    description:
      "Either `components`, or the short form `size` and `instances`: one component `data` with the default roles.",
    examples: [
      { name: "demo", region: "us-east-1", size: "8g", instances: 3 },
      {
        name: "logs",
        region: "us-east-1",
        engine: "opensearch",
        components: [
          { name: "master", roles: ["master"], size: "1g", instances: 3 },
          { name: "data", roles: ["data", "ingest"], size: "8g", instances: 2, storage_bytes: 500 * GIBIBYTE },
        ],
        labels: { team: "search" },
        deletion_protection: true,
      },
    ],
  });
export type CreateClusterBody = z.infer<typeof createClusterBody>;
export type ClusterSpecBody = Omit<CreateClusterBody, "name">;

const labelsPatch = z
  .record(
    z.string().refine(isLabelKey, "A Kubernetes label key."),
    z
      .string()
      .refine(isLabelValue, "A Kubernetes label value: at most 63 letters, digits, dots, underscores, dashes.")
      .nullable(),
  )
  .meta({
    description: "Sets these labels and leaves the others; null removes one. Null for all of it removes all.",
    examples: [{ team: "search", tier: null }],
  });

export const updateClusterBody = z
  .strictObject({
    name: nameInput.optional().meta({ description: "What the engine calls itself stays as it is." }),
    labels: labelsPatch.nullable().optional(),
    deletion_protection: z.boolean().optional(),
  })
  .meta({
    id: "ClusterPatch",
    description: "JSON Merge Patch (RFC 7396).",
    examples: [{ name: "search", labels: { team: "search", tier: null } }],
  });
export type UpdateClusterBody = z.infer<typeof updateClusterBody>;

const componentSpecSchema = z
  .object({
    name: z.string(),
    roles: z.array(z.enum(ROLES)),
    instances: z.int(),
    size: z.string(),
    memory_bytes: z.int().meta({ description: "Of one instance." }),
    cpu_millis: z.int().meta({ description: "Of one instance, guaranteed." }),
    storage_bytes: z.int().meta({ description: "Of one instance." }),
    zones: z.array(z.string()),
  })
  .meta({ id: "ComponentSpec" });

export const conditionSchema = z
  .object({
    type: z.enum(["Placed", "Formed", "UsersReady", "Healthy"]),
    status: z.enum(["True", "False", "Unknown"]),
    reason: z.string(),
    message: z.string(),
    last_transition_time: timestamp.nullable().meta({ description: "null when that was not recorded." }),
    observed_generation: z.int(),
  })
  .meta({ id: "Condition", description: "In the shape of a Kubernetes condition; all are True in a healthy cluster." });

export const clusterSchema = z
  .object({
    id: idField("cluster"),
    project_id: idField("project"),
    name: z.string(),
    labels: z.record(z.string(), z.string()),
    deletion_protection: z.boolean(),
    generation: z.int().meta({ description: "Grows by one with each accepted change." }),
    observed_generation: z.int().meta({ description: "The generation that the status is about." }),
    spec: z.object({
      engine: z.enum(ENGINES),
      version: z.string(),
      region: z.string(),
      components: z.array(componentSpecSchema),
    }),
    status: z.object({
      state: z.enum(CLUSTER_STATES),
      health: z.enum(CLUSTER_HEALTHS),
      conditions: z.array(conditionSchema),
      waiting_for: z
        .array(guardSchema)
        .meta({ description: "Why it is not further yet; empty when nothing is held back." }),
      last_failure: failureSchema.nullable(),
      instances: z.object({ total: z.int(), running: z.int() }),
      observed_at: timestamp
        .nullable()
        .meta({ description: "When somebody last looked; what is said here is that old." }),
    }),
    price_per_hour: money,
    current_operation: operationReferenceSchema.nullable(),
    created_at: timestamp,
    delete_requested_at: timestamp.nullable(),
    purge_at: timestamp
      .nullable()
      .meta({ description: "When the volumes go; until then a deleted cluster can be restored." }),
    deleted_at: timestamp.nullable().meta({ description: "When the last of it was gone, its volumes too." }),
  })
  .meta({ id: "Cluster" });
export type Cluster = z.infer<typeof clusterSchema>;

/** The answer to a create: the cluster, and the only sight of its first credential. */
export const createdClusterSchema = clusterSchema
  .extend({ initial_credential: credentialSecretSchema })
  .meta({ id: "CreatedCluster" });
export type CreatedCluster = z.infer<typeof createdClusterSchema>;

/** What a create would do. Machines are named by type and zone: other tenants may be on them. */
export const clusterPreviewSchema = z
  .object({
    feasible: z
      .boolean()
      .meta({ description: "Every instance has a place now, on a machine that runs or could be launched." }),
    admission: admissionSchema.meta({ description: "What the quotas and the spend cap say to it now." }),
    name_taken: z
      .boolean()
      .meta({ description: "The project has a cluster of this name: the create would be refused." }),
    spec: clusterSchema.shape.spec,
    price_per_hour: money,
    price_per_month: pricePerMonth,
    placement: z.array(
      z.object({
        component: z.string(),
        ordinal: z.int(),
        zone: z.string(),
        machine_type: z.string().nullable(),
        machine: z.enum(["existing", "new", "none"]),
        reason: z.string().nullable().meta({ description: "Why there is no place; null when there is one." }),
      }),
    ),
    observed_at: timestamp
      .nullable()
      .meta({ description: "When the machines were last looked at; null when there are none. UTC, RFC 3339." }),
  })
  .meta({ id: "ClusterPreview" });
export type ClusterPreview = z.infer<typeof clusterPreviewSchema>;

export const componentSchema = componentSpecSchema
  .extend({ id: idField("component"), cluster_id: idField("cluster"), running: z.int() })
  .meta({ id: "Component" });
export type Component = z.infer<typeof componentSchema>;

export const instanceSchema = z
  .object({
    id: idField("instance"),
    cluster_id: idField("cluster"),
    component_id: idField("component"),
    component: z.string(),
    name: z.string().meta({ description: "Name of the engine's node.", examples: ["data-0"] }),
    ordinal: z.int(),
    zone: z.string(),
    roles: z.array(z.enum(ROLES)),
    size: z.string(),
    memory_bytes: z.int(),
    cpu_millis: z.int(),
    storage_bytes: z.int(),
    state: z.enum(INSTANCE_STATES),
    release: z.int(),
    restarts: z.int(),
    observed_at: timestamp.nullable(),
  })
  .meta({ id: "Instance" });
export type Instance = z.infer<typeof instanceSchema>;

export const connectionSchema = z
  .object({
    ready: z.boolean().meta({ description: "The cluster has formed and has its users." }),
    endpoints: z.array(
      z.object({
        url: z.string().meta({ examples: ["https://127.20.0.5:9200"] }),
        host: z.string(),
        port: z.int(),
        instance: z.string(),
        zone: z.string(),
      }),
    ),
    server_name: z.string().meta({ description: "Name that the certificate is to be checked against." }),
    ca_certificate: z.string().nullable().meta({ description: "PEM; null until it is made." }),
    usernames: z.array(z.string()),
  })
  .meta({ id: "Connection" });
export type Connection = z.infer<typeof connectionSchema>;

const params = z.object({ cluster_id: idInput("cluster") });

export const createCluster = route({
  operationId: "createCluster",
  method: "POST",
  path: "/v1/clusters",
  tag: "clusters",
  summary: "Create a cluster",
  permission: "clusters:write",
  query: z.strictObject({ dry_run: queryBoolean("Check and preview only: nothing is stored.") }),
  body: createClusterBody,
  responses: {
    200: { description: "The dry run's preview.", schema: clusterPreviewSchema },
    202: {
      description: "Accepted. `initial_credential` is shown this once.",
      schema: createdClusterSchema,
      headers: ["Location", "Operation-Location", "Retry-After"],
    },
  },
  problems: ["topology_invalid", "quota_exceeded", "spend_cap_exceeded", "name_taken"],
  idempotent: true,
});

export const listClusters = route({
  operationId: "listClusters",
  method: "GET",
  path: "/v1/clusters",
  tag: "clusters",
  summary: "List clusters",
  description:
    "Newest first. One in its grace period is `deleting`; ones of which nothing is left only with `state=deleted`.",
  permission: "clusters:read",
  query: listQuery("-created_at", {
    project_id: idInput("project").optional().meta({ description: "Only those of this project." }),
    name: nameInput.optional().meta({ description: "Only those of this name." }),
    state: z.enum(CLUSTER_STATES).optional().meta({ description: "Only those in this state." }),
    region: wordInput.optional().meta({ description: "Only those in this region." }),
    engine: z.enum(ENGINES).optional().meta({ description: "Only those of this engine." }),
    label: z
      .union([z.string(), z.array(z.string()).max(MAX_LABELS)])
      .transform((value) => (typeof value === "string" ? [value] : value))
      .pipe(z.array(z.string().refine(isLabel, "Written key:value, in Kubernetes label syntax.")))
      .optional()
      .meta({
        description: "`key:value`; repeat it for several, all of which must fit.",
        override: shownAs({ type: "array", items: { type: "string" } }),
      }),
  }),
  responses: { 200: { description: "A page.", schema: pageOf(clusterSchema, "ClusterPage") } },
  problems: [],
});

export const getCluster = route({
  operationId: "getCluster",
  method: "GET",
  path: "/v1/clusters/{cluster_id}",
  tag: "clusters",
  summary: "Get a cluster",
  permission: "clusters:read",
  params,
  responses: {
    200: { description: "The cluster.", schema: clusterSchema },
  },
  problems: [],
});

export const updateCluster = route({
  operationId: "updateCluster",
  method: "PATCH",
  path: "/v1/clusters/{cluster_id}",
  tag: "clusters",
  summary: "Change name, labels or deletion protection",
  permission: "clusters:write",
  params,
  headers: ifMatch,
  body: updateClusterBody,
  responses: { 200: { description: "The cluster as it is now.", schema: clusterSchema, headers: ["ETag"] } },
  problems: ["invalid_state", "name_taken"],
});

export const deleteCluster = route({
  operationId: "deleteCluster",
  method: "DELETE",
  path: "/v1/clusters/{cluster_id}",
  tag: "clusters",
  summary: "Delete a cluster",
  description:
    "Its volumes are kept for the grace period, in which it can be restored, then go; `purge=true` removes them at once, when `confirm` repeats the " +
    "cluster's name. Ends any other operation on it. Asked again, it answers with the deletion that runs.",
  permission: "clusters:delete",
  params,
  headers: ifMatch,
  query: z.strictObject({
    purge: queryBoolean("Remove the volumes at once. There is no way back."),
    confirm: queryText(63).optional().meta({ description: "The cluster's name; required with purge." }),
  }),
  responses: {
    202: {
      description: "Accepted.",
      schema: clusterSchema,
      headers: ["Location", "Operation-Location", "Retry-After"],
    },
  },
  problems: ["deletion_protected", "invalid_state"],
});

export const restoreCluster = route({
  operationId: "restoreCluster",
  method: "POST",
  path: "/v1/clusters/{cluster_id}/restore",
  tag: "clusters",
  summary: "Restore a deleted cluster",
  description:
    "Takes a deletion back: once it has ended and until `purge_at` the cluster comes up again on the volumes that were " +
    "kept, with its data and its credentials. It has kept its name, and its part of the quotas and the spend cap.",
  permission: "clusters:write",
  params,
  headers: ifMatch,
  changes: "/v1/clusters/{cluster_id}",
  responses: {
    202: {
      description: "Accepted.",
      schema: clusterSchema,
      headers: ["Location", "Operation-Location", "Retry-After"],
    },
  },
  problems: ["operation_in_progress", "invalid_state"],
  idempotent: true,
});

export const listComponents = route({
  operationId: "listComponents",
  method: "GET",
  path: "/v1/clusters/{cluster_id}/components",
  tag: "clusters",
  summary: "List a cluster's components",
  permission: "clusters:read",
  params,
  responses: {
    200: { description: "All of them, by name.", schema: z.object({ data: z.array(componentSchema) }) },
  },
  problems: [],
});

export const listInstances = route({
  operationId: "listInstances",
  method: "GET",
  path: "/v1/clusters/{cluster_id}/instances",
  tag: "clusters",
  summary: "List a cluster's instances",
  permission: "clusters:read",
  params,
  responses: {
    200: { description: "All of them, by component and ordinal.", schema: z.object({ data: z.array(instanceSchema) }) },
  },
  problems: [],
});

export const getInstance = route({
  operationId: "getInstance",
  method: "GET",
  path: "/v1/clusters/{cluster_id}/instances/{instance_id}",
  tag: "clusters",
  summary: "Get an instance",
  permission: "clusters:read",
  params: params.extend({ instance_id: idInput("instance") }),
  responses: { 200: { description: "The instance.", schema: instanceSchema } },
  problems: [],
});

export const getConnection = route({
  operationId: "getConnection",
  method: "GET",
  path: "/v1/clusters/{cluster_id}/connection",
  tag: "clusters",
  summary: "Show how to connect to a cluster",
  permission: "clusters:read",
  params,
  responses: { 200: { description: "Addresses, certificate and user names.", schema: connectionSchema } },
  problems: [],
});
