import { MEMBER_ROLES } from "@berth/domain";
import { z } from "zod";
import { emailInput, idField, idInput, ifMatch, listQuery, pageOf, personNameInput, timestamp } from "./fields.ts";
import { memberSchema, roleInput } from "./members.ts";
import { route } from "./route.ts";

export const INVITATION_STATES = ["pending", "accepted", "revoked", "expired"] as const;

export const invitationSchema = z
  .object({
    id: idField("invitation"),
    organization_id: idField("organization"),
    email: z.string().meta({ description: "In lower case.", examples: ["ada@example.com"] }),
    role: z.enum(MEMBER_ROLES),
    state: z.enum(INVITATION_STATES),
    member_id: idField("member").nullable().meta({ description: "Whom it became." }),
    generation: z.int().meta({ description: "Grows by one with each accepted change." }),
    created_by: z.string(),
    created_at: timestamp,
    expires_at: timestamp,
    accepted_at: timestamp.nullable(),
    revoked_at: timestamp.nullable(),
  })
  .meta({ id: "Invitation" });
export type Invitation = z.infer<typeof invitationSchema>;

/** An invitation with its token: only the answers that make one have this. */
export const sentInvitationSchema = invitationSchema
  .extend({ token: z.string().meta({ description: "For the person invited, who accepts with it. Shown this once." }) })
  .meta({ id: "SentInvitation" });
export type SentInvitation = z.infer<typeof sentInvitationSchema>;

export const createInvitationBody = z
  .strictObject({ email: emailInput, role: roleInput })
  .meta({ id: "NewInvitation", examples: [{ email: "ada@example.com", role: "developer" }] });
export type CreateInvitationBody = z.infer<typeof createInvitationBody>;

/** Stands for the token of an invitation in every example. */
export const INVITATION_TOKEN_EXAMPLE = "berth_invite_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG012345";

export const acceptInvitationBody = z
  .strictObject({ token: z.string().max(200), name: personNameInput })
  .meta({ id: "NewMember", examples: [{ token: INVITATION_TOKEN_EXAMPLE, name: "Ada Lovelace" }] });
export type AcceptInvitationBody = z.infer<typeof acceptInvitationBody>;

/** What somebody gets who accepts: who they are now, and the key with which they begin. */
export const acceptedInvitationSchema = z
  .object({
    organization: z.object({ id: idField("organization"), name: z.string() }),
    member: memberSchema,
    api_key: z.object({
      id: idField("apiKey"),
      name: z.string(),
      scopes: z.array(z.string()),
      expires_at: timestamp,
      key: z.string().meta({ description: "Shown this once." }),
    }),
  })
  .meta({ id: "AcceptedInvitation" });
export type AcceptedInvitation = z.infer<typeof acceptedInvitationSchema>;

const GRANT =
  "Nobody makes somebody more than they are themselves: the role's permissions must be among those of the key that asks.";
const organization = z.object({ organization_id: idInput("organization") });
const params = organization.extend({ invitation_id: idInput("invitation") });

export const createInvitation = route({
  operationId: "createInvitation",
  method: "POST",
  path: "/v1/organizations/{organization_id}/invitations",
  tag: "members",
  summary: "Invite somebody",
  description: `It is good for 7 days. Nothing is mailed: \`token\` is to be handed over. ${GRANT}`,
  permission: "members:write",
  params: organization,
  body: createInvitationBody,
  responses: {
    201: {
      description: "Made. `token` is shown this once.",
      schema: sentInvitationSchema,
      headers: ["Location", "ETag"],
    },
  },
  problems: ["already_member", "already_invited", "quota_exceeded"],
  idempotent: true,
});

export const listInvitations = route({
  operationId: "listInvitations",
  method: "GET",
  path: "/v1/organizations/{organization_id}/invitations",
  tag: "members",
  summary: "List invitations",
  description: "Newest first, also those that are over.",
  permission: "members:read",
  params: organization,
  query: listQuery("-created_at", {
    state: z.enum(INVITATION_STATES).optional().meta({ description: "Only those in this state." }),
    email: emailInput.optional().meta({ description: "Only those for this address." }),
  }),
  responses: { 200: { description: "A page.", schema: pageOf(invitationSchema, "InvitationPage") } },
  problems: [],
});

export const getInvitation = route({
  operationId: "getInvitation",
  method: "GET",
  path: "/v1/organizations/{organization_id}/invitations/{invitation_id}",
  tag: "members",
  summary: "Get an invitation",
  permission: "members:read",
  params,
  responses: { 200: { description: "The invitation, without its token.", schema: invitationSchema } },
  problems: [],
});

export const revokeInvitation = route({
  operationId: "revokeInvitation",
  method: "DELETE",
  path: "/v1/organizations/{organization_id}/invitations/{invitation_id}",
  tag: "members",
  summary: "Revoke an invitation",
  permission: "members:write",
  params,
  headers: ifMatch,
  responses: { 204: { description: "Its token opens nothing any more." } },
  problems: ["invalid_state"],
});

export const resendInvitation = route({
  operationId: "resendInvitation",
  method: "POST",
  path: "/v1/organizations/{organization_id}/invitations/{invitation_id}/resend",
  tag: "members",
  summary: "Renew an invitation",
  description: `With a new token, for another 7 days; the old token opens nothing any more. ${GRANT}`,
  permission: "members:write",
  params,
  responses: {
    200: { description: "Renewed. `token` is shown this once.", schema: sentInvitationSchema, headers: ["ETag"] },
  },
  problems: ["already_member", "invalid_state", "quota_exceeded"],
  idempotent: true,
});

export const acceptInvitation = route({
  operationId: "acceptInvitation",
  method: "POST",
  path: "/v1/invitations/accept",
  tag: "members",
  summary: "Accept an invitation",
  description:
    "Takes no API key: the token is what opens. It makes the member, and a personal API key with the permissions of the " +
    "role, good for 90 days. Why a token is not good is not said.",
  permission: "public",
  body: acceptInvitationBody,
  responses: { 201: { description: "Joined. `api_key.key` is shown this once.", schema: acceptedInvitationSchema } },
  problems: ["invalid_invitation", "organization_suspended", "quota_exceeded"],
  idempotent: true,
});
