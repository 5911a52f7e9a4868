import { isReservedUsername } from "@berth/domain";
import { z } from "zod";
import { idField, idInput, ifMatch, timestamp } from "./fields.ts";
import { operationReferenceSchema } from "./operations.ts";
import { route } from "./route.ts";

/** admin: all data and indices of the cluster; read: search only. Neither may touch what keeps the cluster alive. */
export const CREDENTIAL_ROLES = ["admin", "read"] as const;
export type CredentialRole = (typeof CREDENTIAL_ROLES)[number];

export const CREDENTIAL_STATES = ["pending", "active", "deleting", "deleted"] as const;

export const credentialSchema = z
  .object({
    id: idField("credential"),
    cluster_id: idField("cluster"),
    username: z.string(),
    role: z.enum(CREDENTIAL_ROLES),
    hint: z.string().meta({ description: "The password's last four characters." }),
    state: z.enum(CREDENTIAL_STATES).meta({ description: "pending until the engine knows it." }),
    generation: z.int().meta({ description: "Grows by one with each accepted change." }),
    created_at: timestamp,
  })
  .meta({ id: "Credential" });
export type Credential = z.infer<typeof credentialSchema>;

/** A credential with its password: only the answer that makes it has this. */
export const credentialSecretSchema = credentialSchema
  .extend({ password: z.string() })
  .meta({ id: "CredentialSecret" });
export type CredentialSecret = z.infer<typeof credentialSecretSchema>;

const withOperation = { current_operation: operationReferenceSchema.nullable() };
const params = z.object({ cluster_id: idInput("cluster") });
const one = params.extend({ credential_id: idInput("credential") });

export const createCredentialBody = z
  .strictObject({
    username: z
      .string()
      .regex(/^[a-z][a-z0-9_-]{2,39}$/, "3 to 40 lower-case letters, digits, dashes, underscores; a letter first.")
      .refine((name) => !isReservedUsername(name), "The engine keeps this name for itself.")
      .optional()
      .meta({ description: "Made up when absent." }),
    role: z.enum(CREDENTIAL_ROLES).optional().meta({ description: "admin when absent." }),
  })
  .meta({ id: "NewCredential", examples: [{ username: "reporting", role: "read" }] });
export type CreateCredentialBody = z.infer<typeof createCredentialBody>;

export const listCredentials = route({
  operationId: "listCredentials",
  method: "GET",
  path: "/v1/clusters/{cluster_id}/credentials",
  tag: "credentials",
  summary: "List a cluster's credentials",
  permission: "clusters:read",
  params,
  responses: {
    200: { description: "All but deleted ones.", schema: z.object({ data: z.array(credentialSchema) }) },
  },
  problems: [],
});

export const createCredential = route({
  operationId: "createCredential",
  method: "POST",
  path: "/v1/clusters/{cluster_id}/credentials",
  tag: "credentials",
  summary: "Create a credential",
  permission: "clusters:credentials",
  params,
  body: createCredentialBody,
  responses: {
    202: {
      description: "Accepted. `password` is shown this once.",
      schema: credentialSecretSchema.extend(withOperation).meta({ id: "CreatedCredential" }),
      headers: ["Location", "Operation-Location", "Retry-After", "ETag"],
    },
  },
  problems: ["operation_in_progress", "invalid_state", "name_taken", "quota_exceeded"],
  idempotent: true,
});

export const getCredential = route({
  operationId: "getCredential",
  method: "GET",
  path: "/v1/clusters/{cluster_id}/credentials/{credential_id}",
  tag: "credentials",
  summary: "Get a credential",
  permission: "clusters:read",
  params: one,
  responses: { 200: { description: "The credential, without its password.", schema: credentialSchema } },
  problems: [],
});

export const deleteCredential = route({
  operationId: "deleteCredential",
  method: "DELETE",
  path: "/v1/clusters/{cluster_id}/credentials/{credential_id}",
  tag: "credentials",
  summary: "Delete a credential",
  permission: "clusters:credentials",
  params: one,
  headers: ifMatch,
  responses: {
    202: {
      description: "Accepted.",
      schema: credentialSchema.extend(withOperation).meta({ id: "DeletedCredential" }),
      headers: ["Operation-Location", "Retry-After", "ETag"],
    },
  },
  problems: ["operation_in_progress", "invalid_state"],
});
