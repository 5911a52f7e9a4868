import { ORGANIZATION_KINDS, ORGANIZATION_STATES } from "@berth/domain";
import { z } from "zod";
import { idField, idInput, ifMatch, money, moneyInput, organizationNameInput, timestamp } from "./fields.ts";
import { quotaSchema, spendSchema } from "./quotas.ts";
import { route } from "./route.ts";

export { ORGANIZATION_KINDS, ORGANIZATION_STATES };

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

export const updateOrganizationBody = z
  .strictObject({ name: organizationNameInput.optional() })
  .meta({ id: "OrganizationPatch", description: "JSON Merge Patch.", examples: [{ name: "Acme Ltd." }] });
export type UpdateOrganizationBody = z.infer<typeof updateOrganizationBody>;

export const updateSpendCapBody = z
  .strictObject({
    max_price_per_hour: moneyInput
      .nullable()
      .optional()
      .meta({ description: "Of all clusters together; null: no cap." }),
  })
  .meta({
    id: "SpendCapPatch",
    description: "JSON Merge Patch.",
    examples: [{ max_price_per_hour: { amount: "250.00", currency: "USD" } }],
  });
export type UpdateSpendCapBody = z.infer<typeof updateSpendCapBody>;

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

export const updateOrganization = route({
  operationId: "updateOrganization",
  method: "PATCH",
  path: "/v1/organizations/{organization_id}",
  tag: "account",
  summary: "Rename one's own organization",
  permission: "organization:write",
  params,
  headers: ifMatch,
  body: updateOrganizationBody,
  responses: { 200: { description: "The organization as it is now.", schema: organizationSchema, headers: ["ETag"] } },
  problems: [],
});

export const updateSpendCap = route({
  operationId: "updateSpendCap",
  method: "PATCH",
  path: "/v1/organizations/{organization_id}/spend_cap",
  tag: "account",
  summary: "Cap what all clusters may cost together",
  description: "A cap below what they cost stops none of them; whatever would cost more is refused.",
  permission: "billing:write",
  params,
  headers: ifMatch,
  changes: "/v1/organizations/{organization_id}",
  body: updateSpendCapBody,
  responses: { 200: { description: "The organization as it is now.", schema: organizationSchema, headers: ["ETag"] } },
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
