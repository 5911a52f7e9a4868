import { OPERATION_KINDS, OPERATION_STATES, STEP_STATES } from "@berth/domain";
import { z } from "zod";
import { eventPageSchema, eventSchema } from "./events.ts";
import { idField, idInput, lastEventId, listQuery, pageOf, pageQuery, queryInteger, timestamp } from "./fields.ts";
import { failureSchema } from "./problems.ts";
import { route } from "./route.ts";

export const operationSchema = z
  .object({
    id: idField("operation"),
    kind: z.enum(OPERATION_KINDS),
    state: z.enum(OPERATION_STATES),
    target: z.object({
      type: z.string().meta({ examples: ["cluster"] }),
      id: z.string(),
      generation: z.int(),
    }),
    progress: z.object({
      percent: z.int().min(0).max(100).meta({ description: "Steps that ended, of all." }),
      step: z.string().nullable().meta({ description: "The step that runs now." }),
      steps: z.array(
        z.object({
          name: z.string(),
          state: z.enum(STEP_STATES),
          started_at: timestamp.nullable(),
          finished_at: timestamp.nullable(),
          message: z.string(),
        }),
      ),
    }),
    error: failureSchema.nullable(),
    requested_by: z.string(),
    request_id: z.string(),
    created_at: timestamp,
    started_at: timestamp.nullable(),
    finished_at: timestamp.nullable(),
  })
  .meta({ id: "Operation", description: "One accepted change and its visible progress." });
export type Operation = z.infer<typeof operationSchema>;

/** An operation as other resources show it. */
export const operationReferenceSchema = operationSchema
  .pick({ id: true, kind: true, state: true })
  .meta({ id: "OperationReference" });

const params = z.object({ operation_id: idInput("operation") });

export const listOperations = route({
  operationId: "listOperations",
  method: "GET",
  path: "/v1/operations",
  tag: "operations",
  summary: "List operations",
  description: "Newest first.",
  permission: "clusters:read",
  query: listQuery("-created_at", {
    cluster_id: idInput("cluster").optional().meta({ description: "Only those on this cluster." }),
    state: z.enum(OPERATION_STATES).optional().meta({ description: "Only those in this state." }),
    kind: z.enum(OPERATION_KINDS).optional().meta({ description: "Only those of this kind." }),
  }),
  responses: { 200: { description: "A page.", schema: pageOf(operationSchema, "OperationPage") } },
  problems: [],
});

export const getOperation = route({
  operationId: "getOperation",
  method: "GET",
  path: "/v1/operations/{operation_id}",
  tag: "operations",
  summary: "Get an operation",
  permission: "clusters:read",
  params,
  responses: { 200: { description: "The operation.", schema: operationSchema } },
  problems: [],
});

export const waitForOperation = route({
  operationId: "waitForOperation",
  method: "GET",
  path: "/v1/operations/{operation_id}/wait",
  tag: "operations",
  summary: "Wait until an operation ends",
  description: "Answers when it has ended, or with its state so far after `timeout` seconds: look at `state`.",
  permission: "clusters:read",
  params,
  query: z.strictObject({
    timeout: queryInteger({ min: 0, max: 60, default: 60, description: "Seconds; more than 60 means 60." }),
  }),
  responses: { 200: { description: "The operation, ended or not.", schema: operationSchema } },
  problems: [],
  longPoll: true,
});

export const listOperationEvents = route({
  operationId: "listOperationEvents",
  method: "GET",
  path: "/v1/operations/{operation_id}/events",
  tag: "operations",
  summary: "List or follow the events of an operation",
  description:
    "With `Accept: text/event-stream` the events are streamed as they happen; it begins with the operation, ends after " +
    "its last event with one named `end`, and resumes after the event that Last-Event-ID names. A part of the feed, with " +
    "its one order.",
  permission: "clusters:read",
  params,
  query: z.strictObject({
    ...pageQuery,
    after: idInput("event").optional().meta({ description: "Only later events." }),
  }),
  headers: lastEventId,
  responses: { 200: { description: "A page, oldest first.", schema: eventPageSchema } },
  problems: [],
  stream: eventSchema,
});
