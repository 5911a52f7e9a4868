import { ORGANIZATION_KINDS, ORGANIZATION_STATES } from "@berth/domain";
import { z } from "zod";
import {
  emailInput,
  idInput,
  ifMatch,
  listQuery,
  noteInput,
  organizationNameInput,
  pageOf,
  timestamp,
} from "./fields.ts";
import { sentInvitationSchema } from "./invitations.ts";
import { organizationSchema } from "./organizations.ts";
import { quotaLimitsInput, quotaUsesSchema, spendSchema } from "./quotas.ts";
import { route } from "./route.ts";

export const adminOrganizationSchema = organizationSchema
  .omit({ max_price_per_hour: true })
  .extend({
    suspension: z
      .object({ since: timestamp, reason: z.string() })
      .nullable()
      .meta({ description: "Null while it is active." }),
    quotas: quotaUsesSchema,
    spend: spendSchema,
  })
  .meta({ id: "AdminOrganization", description: "An organization as the platform's own people see it." });
export type AdminOrganization = z.infer<typeof adminOrganizationSchema>;

/** A new organization, with the invitation by which its first owner joins. */
export const createdOrganizationSchema = adminOrganizationSchema
  .extend({ invitation: sentInvitationSchema })
  .meta({ id: "CreatedOrganization" });
export type CreatedOrganization = z.infer<typeof createdOrganizationSchema>;

const QUOTAS_EXAMPLE = { clusters: { limit: 100 }, memory_bytes: { limit: 1_099_511_627_776 } };

export const createOrganizationBody = z
  .strictObject({
    name: organizationNameInput,
    kind: z.enum(ORGANIZATION_KINDS).optional().meta({ description: "customer when absent." }),
    owner_email: emailInput.meta({ description: "Who is invited as its first owner." }),
    quotas: quotaLimitsInput.optional(),
  })
  .meta({
    id: "NewOrganization",
    examples: [{ name: "Acme Ltd.", owner_email: "ada@example.com", quotas: QUOTAS_EXAMPLE }],
  });
export type CreateOrganizationBody = z.infer<typeof createOrganizationBody>;

export const updateQuotasBody = z
  .strictObject({ quotas: quotaLimitsInput.optional() })
  .meta({ id: "QuotasPatch", description: "JSON Merge Patch.", examples: [{ quotas: QUOTAS_EXAMPLE }] });
export type UpdateQuotasBody = z.infer<typeof updateQuotasBody>;

export const reasonBody = z
  .strictObject({
    reason: noteInput(500).meta({
      description: "The organization reads it in its audit log.",
      examples: ["invoice 2026-10 is overdue"],
    }),
  })
  .meta({ id: "NewReason", examples: [{ reason: "invoice 2026-10 is overdue" }] });

const params = z.object({ organization_id: idInput("organization") });

export const listOrganizations = route({
  operationId: "listOrganizations",
  method: "GET",
  path: "/v1/admin/organizations",
  tag: "admin",
  summary: "List organizations",
  permission: "admin:tenants:read",
  query: listQuery("-created_at", {
    state: z.enum(ORGANIZATION_STATES).optional().meta({ description: "Only those in this state." }),
    kind: z.enum(ORGANIZATION_KINDS).optional().meta({ description: "Only those of this kind." }),
    name: organizationNameInput.optional().meta({ description: "Exactly this. Several may be called the same." }),
  }),
  tenantData: { within: "data", organization: "id" },
  responses: { 200: { description: "A page.", schema: pageOf(adminOrganizationSchema, "AdminOrganizationPage") } },
  problems: [],
});

export const createOrganization = route({
  operationId: "createOrganization",
  method: "POST",
  path: "/v1/admin/organizations",
  tag: "admin",
  summary: "Create an organization",
  description:
    "With its first project, and an invitation of its first owner, good for 7 days: `invitation.token` is to be handed over. " +
    "One of the kind `platform` makes somebody who may everything, so it takes a key that may everything.",
  permission: "admin:tenants:act",
  body: createOrganizationBody,
  responses: {
    201: {
      description: "Created. `invitation.token` is shown this once.",
      schema: createdOrganizationSchema,
      headers: ["Location", "ETag"],
    },
  },
  problems: [],
  idempotent: true,
});

export const getAnyOrganization = route({
  operationId: "getAnyOrganization",
  method: "GET",
  path: "/v1/admin/organizations/{organization_id}",
  tag: "admin",
  summary: "Get an organization",
  permission: "admin:tenants:read",
  params,
  tenantData: { organization: "id" },
  responses: { 200: { description: "The organization.", schema: adminOrganizationSchema } },
  problems: [],
});

export const updateQuotas = route({
  operationId: "updateQuotas",
  method: "PATCH",
  path: "/v1/admin/organizations/{organization_id}",
  tag: "admin",
  summary: "Change an organization's quotas",
  description: "A limit may be below what is used: what is there stays, and more is refused.",
  permission: "admin:tenants:act",
  params,
  tenantData: { organization: "id" },
  headers: ifMatch,
  body: updateQuotasBody,
  responses: {
    200: { description: "The organization as it is now.", schema: adminOrganizationSchema, headers: ["ETag"] },
  },
  problems: [],
});

export const suspendOrganization = route({
  operationId: "suspendOrganization",
  method: "POST",
  path: "/v1/admin/organizations/{organization_id}/suspend",
  tag: "admin",
  summary: "Suspend an organization",
  description:
    "Its keys open nothing any more within five seconds, and streams that they have open end; its clusters run on. One that " +
    "is suspended already stays so, for the reason that it was. A platform organization cannot be suspended.",
  permission: "admin:tenants:act",
  params,
  tenantData: { organization: "id" },
  body: reasonBody,
  responses: {
    200: { description: "The suspended organization.", schema: adminOrganizationSchema, headers: ["ETag"] },
  },
  problems: ["invalid_state"],
  idempotent: true,
});

export const resumeOrganization = route({
  operationId: "resumeOrganization",
  method: "POST",
  path: "/v1/admin/organizations/{organization_id}/resume",
  tag: "admin",
  summary: "End an organization's suspension",
  description: "Its keys open again what they did, within five seconds. One that is active stays as it is.",
  permission: "admin:tenants:act",
  params,
  tenantData: { organization: "id" },
  body: reasonBody,
  responses: { 200: { description: "The active organization.", schema: adminOrganizationSchema, headers: ["ETag"] } },
  problems: [],
  idempotent: true,
});
