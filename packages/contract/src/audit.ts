import { AUDIT_ACTOR_TYPES, AUDIT_OUTCOMES } from "@berth/domain";
import { z } from "zod";
import { createdRange, idField, idInput, jsonObject, listQuery, pageOf, timestamp } from "./fields.ts";
import { route } from "./route.ts";

// How a chain is checked, for those who read one by this contract.
export { type ChainFault, type ChainHead, checkChain, headText } from "@berth/domain";

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);

/** In the form in which it is hashed: `AuditRecord` of domain. */
export const auditEventSchema = z
  .object({
    id: idField("auditEvent"),
    organization_id: idField("organization"),
    number: z.int().meta({ description: "Place in the organization's chain: from 1, without gaps." }),
    created_at: timestamp,
    actor: z.object({
      type: z.enum(AUDIT_ACTOR_TYPES),
      id: z.string(),
      name: z.string().nullable().meta({ description: "Only of the organization's own." }),
    }),
    on_behalf_of: z.string().nullable().meta({ description: "The member whose personal key it was." }),
    action: z.string().meta({
      description:
        "operator.read: somebody of the platform was shown data of the target, by the operation that `changes.after` " +
        "names. The same again within ten minutes has no row of its own.",
      examples: ["cluster.create"],
    }),
    target: z.object({ type: z.string(), id: z.string() }),
    request_id: z.string(),
    ip: z.string().nullable(),
    user_agent: z.string().nullable(),
    outcome: z.enum(AUDIT_OUTCOMES).meta({ description: "accepted: an operation carries it out from here." }),
    changes: z
      .object({ before: jsonObject.nullable(), after: jsonObject.nullable() })
      .meta({ description: "The fields that differ, without secrets; `before` is null for anything but an update." }),
    previous_hash: sha256Hex.meta({ description: "`hash` of the row before; 64 zeros in the first." }),
    hash: sha256Hex.meta({
      description: "SHA-256 of the canonical JSON (RFC 8785) of all other members: `jq -cSj 'del(.hash)' | sha256sum`.",
    }),
  })
  .meta({
    id: "AuditEvent",
    description: "One change, as it was written down in its transaction, or one look of an operator.",
  });
export type AuditEvent = z.infer<typeof auditEventSchema>;

export const auditHeadSchema = z
  .object({
    organization_id: idField("organization"),
    number: z.int().meta({ description: "Of the last row; 0 when there is none." }),
    hash: sha256Hex,
    signed_at: timestamp,
    public_key: z.string().meta({ description: "Ed25519, base64url: the same for every head of this installation." }),
    signature: z.string().meta({
      description:
        'Base64url, over the canonical JSON (RFC 8785) of {"hash", "number", "organization_id", "purpose": "berth audit head", "signed_at"}.',
    }),
  })
  .meta({
    id: "AuditHead",
    description: "Where the chain ended when it was asked for. Keep it: it tells of any change.",
  });
export type AuditHead = z.infer<typeof auditHeadSchema>;

const word = z.string().regex(/^[\w.-]{1,64}$/, "1 to 64 letters, digits, dots, dashes and underscores.");

const auditFilter = {
  actor: word.optional().meta({ description: "Id of the key, member or invitation; or `system`." }),
  action: word.optional().meta({ description: "Only those of this kind.", examples: ["cluster.delete"] }),
  target_type: word.optional().meta({ description: "Only those of this kind of thing." }),
  target_id: word.optional().meta({ description: "Only those of this thing." }),
};

export const auditEventPageSchema = pageOf(auditEventSchema, "AuditEventPage");

export const listAuditEvents = route({
  operationId: "listAuditEvents",
  method: "GET",
  path: "/v1/audit_events",
  tag: "audit",
  summary: "List what was changed, by whom and from where",
  permission: "audit:read",
  query: listQuery("-created_at", auditFilter),
  responses: { 200: { description: "A page.", schema: auditEventPageSchema } },
  problems: [],
});

/** Media types of an export, by its format. */
const EXPORT_FORMATS = { jsonl: "application/jsonl", csv: "text/csv" } as const;

export const exportAuditEvents = route({
  operationId: "exportAuditEvents",
  method: "GET",
  path: "/v1/audit_events/export",
  tag: "audit",
  summary: "Export the audit log, or what a filter leaves of it",
  description:
    "From the first row to the one that was last when the export began, in the order of numbers, however many there are. " +
    "`jsonl` has a row a line, in the form in which it is hashed: without a filter it is the whole chain, and can be " +
    "checked without us. `csv` has a header, `before` and `after` as JSON, and an apostrophe before what a spreadsheet " +
    "would take for a formula. It is sent while it is read: a transfer that breaks off is not the whole of it. A GET, as " +
    "it changes nothing: it can be repeated without an Idempotency-Key, and is 304 while the chain has no new row.",
  permission: "audit:read",
  query: z.strictObject({
    format: z
      .enum(Object.keys(EXPORT_FORMATS) as (keyof typeof EXPORT_FORMATS)[])
      .default("jsonl")
      .meta({ description: "jsonl is what can be checked, csv for spreadsheets." }),
    ...auditFilter,
    ...createdRange,
  }),
  responses: { 200: { description: "The file.", headers: ["Content-Disposition"] } },
  problems: [],
  file: EXPORT_FORMATS,
});

export const getAuditHead = route({
  operationId: "getAuditHead",
  method: "GET",
  path: "/v1/audit_events/head",
  tag: "audit",
  summary: "Get the signed end of the audit chain",
  permission: "audit:read",
  responses: { 200: { description: "The head.", schema: auditHeadSchema } },
  problems: [],
});

export const getAuditEvent = route({
  operationId: "getAuditEvent",
  method: "GET",
  path: "/v1/audit_events/{audit_event_id}",
  tag: "audit",
  summary: "Get one row of the audit log",
  permission: "audit:read",
  params: z.object({ audit_event_id: idInput("auditEvent") }),
  responses: { 200: { description: "The row.", schema: auditEventSchema } },
  problems: [],
});

export const listAuditEventsOfAll = route({
  operationId: "listAuditEventsOfAll",
  method: "GET",
  path: "/v1/admin/audit_events",
  tag: "admin",
  summary: "List what was changed in all organizations, or in one",
  description: "Of one organization in the order of its numbers, of all by when a row was made.",
  permission: "admin:audit:read",
  query: listQuery("-created_at", {
    ...auditFilter,
    organization_id: idInput("organization").optional().meta({ description: "Only those of this one's chain." }),
  }),
  tenantData: { within: "data", organization: "organization_id" },
  responses: { 200: { description: "A page.", schema: auditEventPageSchema } },
  problems: [],
});
