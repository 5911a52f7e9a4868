import { API_KEY_STATES, PERMISSIONS, type Permission, parseNetwork } from "@berth/domain";
import { z } from "zod";
import { idExample, idField, idInput, ifMatch, listQuery, nameInput, pageOf, timestamp } from "./fields.ts";
import { route } from "./route.ts";

export const MAX_KEY_CIDRS = 50;
export const MAX_KEY_LIMITS = 100;
/** A key may be rotated with its predecessor working for so long at most. */
export const MAX_OVERLAP_SECONDS = 7 * 86_400;

const once = (list: readonly string[]) => new Set(list).size === list.length;

const scopesInput = z
  .array(z.enum(PERMISSIONS as [Permission, ...Permission[]]))
  .min(1)
  .max(PERMISSIONS.length)
  .refine(once, "Each permission once.")
  .meta({ examples: [["clusters:read", "clusters:write"]] });
const projectsInput = z.array(idInput("project")).max(MAX_KEY_LIMITS).refine(once, "Each project once.");
const clustersInput = z.array(idInput("cluster")).max(MAX_KEY_LIMITS).refine(once, "Each cluster once.");
const cidrsInput = z
  .array(
    z.string().superRefine((text, context) => {
      const network = parseNetwork(text);
      if (!network.ok) context.addIssue({ code: "custom", message: network.error.detail });
    }),
  )
  .max(MAX_KEY_CIDRS)
  .refine(once, "Each network once.")
  .meta({ examples: [["203.0.113.0/24", "2001:db8::/32"]] });

const LIMITS = "A key that is limited to projects or clusters can have permissions on clusters alone.";

export const createApiKeyBody = z
  .strictObject({
    name: nameInput,
    scopes: scopesInput
      .optional()
      .meta({ description: "What it may; your own permissions without keys:write and members:write when absent." }),
    personal: z
      .boolean()
      .optional()
      .meta({
        description:
          "Whether it acts for the member that your key acts for: it can then do no more than the member's role allows, and " +
          "ends when the member leaves. As your own key when absent.",
      }),
    project_ids: projectsInput.optional().meta({ description: `Only the clusters of these projects. ${LIMITS}` }),
    cluster_ids: clustersInput.optional().meta({ description: "Only these clusters, and those of `project_ids`." }),
    cidrs: cidrsInput.optional().meta({ description: "Only from these networks; from anywhere when absent." }),
    expires_at: timestamp.optional().meta({
      description: "At most a year from now; 90 days, or when your own key ends if that is earlier, when absent.",
    }),
  })
  .meta({
    id: "NewApiKey",
    examples: [
      { name: "ci", scopes: ["clusters:read", "clusters:write"], cidrs: ["203.0.113.0/24"] },
      { name: "dashboard", scopes: ["clusters:read"], project_ids: [idExample("project")] },
    ],
  });
export type CreateApiKeyBody = z.infer<typeof createApiKeyBody>;

export const updateApiKeyBody = z
  .strictObject({
    name: nameInput.optional(),
    scopes: scopesInput.optional(),
    project_ids: projectsInput.optional(),
    cluster_ids: clustersInput.optional(),
    cidrs: cidrsInput.optional(),
    expires_at: timestamp.optional().meta({ description: "At most a year from now." }),
  })
  .meta({
    id: "ApiKeyPatch",
    description: "JSON Merge Patch; each list replaces the whole of it.",
    examples: [{ name: "ci of search", cidrs: ["203.0.113.0/24", "2001:db8::/32"] }],
  });
export type UpdateApiKeyBody = z.infer<typeof updateApiKeyBody>;

export const rotateApiKeyBody = z
  .strictObject({
    overlap_seconds: z
      .int()
      .min(0)
      .max(MAX_OVERLAP_SECONDS)
      .meta({ description: "How long the old key goes on working, at most 7 days; 0 revokes it at once." }),
  })
  .meta({ id: "NewApiKeyRotation", examples: [{ overlap_seconds: 86_400 }] });
export type RotateApiKeyBody = z.infer<typeof rotateApiKeyBody>;

export const apiKeySchema = z
  .object({
    id: idField("apiKey"),
    name: z.string(),
    prefix: z.string().meta({
      description: "How the key's text begins: enough to tell which one it is, not enough to use it.",
      examples: ["berth_live_4fT9xQm2Zc"],
    }),
    scopes: z.array(z.string()).meta({ description: "What it may; with a member, no more than its role allows." }),
    member_id: idField("member").nullable().meta({ description: "Whom it acts for; null: the organization's own." }),
    project_ids: z.array(z.string()).meta({ description: "Empty, as `cluster_ids`: not limited." }),
    cluster_ids: z.array(z.string()),
    cidrs: z.array(z.string()).meta({ description: "Empty: from anywhere." }),
    state: z.enum(API_KEY_STATES).meta({ description: "Revoked too when its member has left." }),
    generation: z.int().meta({ description: "Grows by one with each accepted change." }),
    created_by: z.string().meta({ description: "Id of the key that made it, or `system`." }),
    created_at: timestamp,
    expires_at: timestamp.nullable(),
    revoked_at: timestamp.nullable(),
    last_used_at: timestamp.nullable().meta({ description: "At most a minute late." }),
    last_used_from: z.string().nullable().meta({ description: "The caller's address." }),
    rotated_from: z.string().nullable().meta({ description: "The key that this one replaces." }),
  })
  .meta({ id: "ApiKey" });
export type ApiKey = z.infer<typeof apiKeySchema>;

/** A key with its text: only the answer that makes it has this. */
export const createdApiKeySchema = apiKeySchema.extend({ key: z.string() }).meta({ id: "CreatedApiKey" });
export type CreatedApiKey = z.infer<typeof createdApiKeySchema>;

export const rotatedApiKeySchema = createdApiKeySchema.extend({ previous: apiKeySchema }).meta({ id: "RotatedApiKey" });
export type RotatedApiKey = z.infer<typeof rotatedApiKeySchema>;

const GRANT =
  "Nobody grants more than they have: scopes, reach, networks and life must be within those of the key that asks.";
const params = z.object({ api_key_id: idInput("apiKey") });

export const createApiKey = route({
  operationId: "createApiKey",
  method: "POST",
  path: "/v1/api_keys",
  tag: "api_keys",
  summary: "Create an API key",
  description: GRANT,
  permission: "keys:write",
  body: createApiKeyBody,
  responses: {
    201: {
      description: "Created. `key` is shown this once.",
      schema: createdApiKeySchema,
      headers: ["Location", "ETag"],
    },
  },
  problems: ["quota_exceeded"],
  idempotent: true,
});

export const listApiKeys = route({
  operationId: "listApiKeys",
  method: "GET",
  path: "/v1/api_keys",
  tag: "api_keys",
  summary: "List API keys",
  description: "Newest first, revoked and expired ones among them.",
  permission: "keys:read",
  query: listQuery("-created_at", {
    member_id: idInput("member").optional().meta({ description: "Only the keys that act for this member." }),
    state: z.enum(API_KEY_STATES).optional().meta({ description: "Only those in this state." }),
    name: nameInput.optional().meta({ description: "Only those of this name." }),
  }),
  responses: { 200: { description: "A page.", schema: pageOf(apiKeySchema, "ApiKeyPage") } },
  problems: [],
});

export const getApiKey = route({
  operationId: "getApiKey",
  method: "GET",
  path: "/v1/api_keys/{api_key_id}",
  tag: "api_keys",
  summary: "Get an API key",
  permission: "keys:read",
  params,
  responses: { 200: { description: "The key, without its text.", schema: apiKeySchema } },
  problems: [],
});

export const updateApiKey = route({
  operationId: "updateApiKey",
  method: "PATCH",
  path: "/v1/api_keys/{api_key_id}",
  tag: "api_keys",
  summary: "Change an API key",
  description: `A change that makes it more than it was is a grant, of the whole of it. ${GRANT}`,
  permission: "keys:write",
  params,
  headers: ifMatch,
  body: updateApiKeyBody,
  responses: { 200: { description: "The key as it is now.", schema: apiKeySchema, headers: ["ETag"] } },
  problems: ["invalid_state"],
});

export const revokeApiKey = route({
  operationId: "revokeApiKey",
  method: "DELETE",
  path: "/v1/api_keys/{api_key_id}",
  tag: "api_keys",
  summary: "Revoke an API key",
  description:
    "It opens nothing any more within five seconds; streams that it has open end. Asked again, it changes nothing. Every " +
    "key may revoke itself: whoever finds one can end it.",
  permission: "keys:write",
  ownKey: true,
  params,
  headers: ifMatch,
  responses: { 200: { description: "The revoked key.", schema: apiKeySchema, headers: ["ETag"] } },
  problems: [],
});

export const rotateApiKey = route({
  operationId: "rotateApiKey",
  method: "POST",
  path: "/v1/api_keys/{api_key_id}/rotate",
  tag: "api_keys",
  summary: "Replace an API key by a new one",
  description:
    "The new key has the same name, scopes, limits and member, and a life as long as the old one's, at most a year. The old " +
    "one goes on working for `overlap_seconds`, and never for longer than it would have. A key may rotate itself, a personal " +
    "one without keys:write too, as it ends with its membership; an organization's own needs the permission, so that a " +
    `stolen one ends when its life does. Any other key only when the new one is within the key that asks. ${GRANT}`,
  permission: "keys:write",
  ownKey: true,
  params,
  body: rotateApiKeyBody,
  responses: {
    201: {
      description: "The new key. `key` is shown this once.",
      schema: rotatedApiKeySchema,
      headers: ["Location", "ETag"],
    },
  },
  problems: ["invalid_state", "quota_exceeded"],
  idempotent: true,
});
