import { ORGANIZATION_KINDS, ORGANIZATION_STATES } from "@berth/domain";
import { z } from "zod";
import { idField, idInput, money, timestamp } from "./fields.ts";
import { quotaSchema, spendSchema } from "./quotas.ts";
import { route } from "./route.ts";

export const organizationSchema = z
  .object({
    id: idField("organization"),
    name: z.string(),
    kind: z.enum(ORGANIZATION_KINDS),
    state: z.enum(ORGANIZATION_STATES),
    max_price_per_hour: money.nullable().meta({ description: "What all clusters together may cost; null: no cap." }),
    generation: z.int().meta({ description: "Grows by one with each accepted change." }),
    created_at: timestamp,
  })
  .meta({ id: "Organization" });
export type Organization = z.infer<typeof organizationSchema>;

const params = z.object({ organization_id: idInput("organization") });

export const getOrganization = route({
  operationId: "getOrganization",
  method: "GET",
  path: "/v1/organizations/{organization_id}",
  tag: "account",
  summary: "Get one's own organization",
  permission: "organization:read",
  params,
  responses: { 200: { description: "The organization.", schema: organizationSchema } },
  problems: [],
});

export const getQuotas = route({
  operationId: "getQuotas",
  method: "GET",
  path: "/v1/organizations/{organization_id}/quotas",
  tag: "account",
  summary: "Show what the organization may have, and has",
  permission: "organization:read",
  params,
  responses: {
    200: {
      description: "Every quota, and what all clusters cost.",
      schema: z.object({ quotas: z.array(quotaSchema), spend: spendSchema }).meta({ id: "Quotas" }),
    },
  },
  problems: [],
});
