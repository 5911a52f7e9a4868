import { MEMBER_ROLES } from "@berth/domain";
import { z } from "zod";
import { emailInput, idField, idInput, ifMatch, listQuery, pageOf, personNameInput, timestamp } from "./fields.ts";
import { route } from "./route.ts";

/** A role of either kind of organization: which of them one has, and what each may, is a table of its own. */
export const roleInput = z.enum(MEMBER_ROLES).meta({
  description:
    "owner, admin, developer, billing or viewer; in the platform's own organization owner or one of the others.",
});

export const memberSchema = z
  .object({
    id: idField("member"),
    organization_id: idField("organization"),
    email: z.string().meta({ description: "In lower case.", examples: ["ada@example.com"] }),
    name: z.string(),
    role: z.enum(MEMBER_ROLES),
    generation: z.int().meta({ description: "Grows by one with each accepted change." }),
    created_by: z.string().meta({ description: "Id of the invitation or key, or `system`." }),
    created_at: timestamp,
  })
  .meta({ id: "Member", description: "A person in an organization. Somebody who is in two has two." });
export type Member = z.infer<typeof memberSchema>;

export const updateMemberBody = z
  .strictObject({ name: personNameInput.optional(), role: roleInput.optional() })
  .meta({ id: "MemberPatch", description: "JSON Merge Patch.", examples: [{ role: "admin" }] });
export type UpdateMemberBody = z.infer<typeof updateMemberBody>;

const GRANT =
  "Nobody makes somebody more than they are themselves, and nobody changes or removes who is more: the role's permissions " +
  "must be among those of the key that asks. An organization keeps an owner.";
const organization = z.object({ organization_id: idInput("organization") });
const params = organization.extend({ member_id: idInput("member") });

export const listMembers = route({
  operationId: "listMembers",
  method: "GET",
  path: "/v1/organizations/{organization_id}/members",
  tag: "members",
  summary: "List members",
  description: "Oldest first.",
  permission: "members:read",
  params: organization,
  query: listQuery("created_at", {
    role: roleInput.optional().meta({ description: "Only those with this role." }),
    email: emailInput.optional().meta({ description: "Only the one with this address." }),
  }),
  responses: { 200: { description: "A page.", schema: pageOf(memberSchema, "MemberPage") } },
  problems: [],
});

export const getMember = route({
  operationId: "getMember",
  method: "GET",
  path: "/v1/organizations/{organization_id}/members/{member_id}",
  tag: "members",
  summary: "Get a member",
  permission: "members:read",
  params,
  responses: { 200: { description: "The member.", schema: memberSchema } },
  problems: [],
});

export const updateMember = route({
  operationId: "updateMember",
  method: "PATCH",
  path: "/v1/organizations/{organization_id}/members/{member_id}",
  tag: "members",
  summary: "Change a member's role or name",
  description: `${GRANT} Open invitations of somebody who becomes less end where they offer more than that.`,
  permission: "members:write",
  params,
  headers: ifMatch,
  body: updateMemberBody,
  responses: { 200: { description: "The member as it is now.", schema: memberSchema, headers: ["ETag"] } },
  problems: ["last_owner"],
});

export const removeMember = route({
  operationId: "removeMember",
  method: "DELETE",
  path: "/v1/organizations/{organization_id}/members/{member_id}",
  tag: "members",
  summary: "Remove a member",
  description: `Their personal keys and open invitations end with it. ${GRANT}`,
  permission: "members:write",
  params,
  headers: ifMatch,
  responses: { 204: { description: "Gone." } },
  problems: ["last_owner"],
});

export const leaveOrganization = route({
  operationId: "leaveOrganization",
  method: "DELETE",
  path: "/v1/me/membership",
  tag: "members",
  summary: "Leave the organization",
  description: "For the member whose personal key asks, with a key that may all that the member's role may.",
  permission: "authenticated",
  unconditional: "It names no resource: whoever wants to leave does, whatever their role has become meanwhile.",
  responses: { 204: { description: "Gone; the key that asked as well." } },
  problems: ["insufficient_scope", "invalid_state", "last_owner"],
});
