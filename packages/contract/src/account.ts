import { MEMBER_ROLES, ORGANIZATION_KINDS, ORGANIZATION_STATES } from "@berth/domain";
import { z } from "zod";
import { idField, timestamp } from "./fields.ts";
import { quotaUsesSchema } from "./quotas.ts";
import { route } from "./route.ts";

export const meSchema = z
  .object({
    principal: z.object({
      type: z.literal("api_key"),
      id: idField("apiKey"),
      name: z.string(),
      expires_at: timestamp.nullable(),
      project_ids: z.array(z.string()).meta({ description: "Empty, as `cluster_ids`: not limited." }),
      cluster_ids: z.array(z.string()),
      cidrs: z.array(z.string()).meta({ description: "Empty: from anywhere." }),
    }),
    member: z
      .object({ id: idField("member"), email: z.string(), name: z.string(), role: z.enum(MEMBER_ROLES) })
      .nullable()
      .meta({ description: "Whom the key acts for; null: it is the organization's own." }),
    organization: z.object({
      id: idField("organization"),
      name: z.string(),
      kind: z.enum(ORGANIZATION_KINDS),
      state: z.enum(ORGANIZATION_STATES),
    }),
    projects: z.array(z.object({ id: idField("project"), name: z.string() })).meta({ description: "In its reach." }),
    permissions: z.array(z.string()),
    limits: quotaUsesSchema.meta({ description: "Of the organization, whatever the key reaches." }),
  })
  .meta({ id: "Me" });
export type Me = z.infer<typeof meSchema>;

export const getMe = route({
  operationId: "getMe",
  method: "GET",
  path: "/v1/me",
  tag: "account",
  summary: "Show who the key is",
  permission: "authenticated",
  responses: { 200: { description: "The key, its organization and its limits.", schema: meSchema } },
  problems: [],
});
