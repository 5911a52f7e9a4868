import { z } from "zod";
import { idField, idInput, jsonObject, lastEventId, pageOf, pageQuery, queryText, timestamp } from "./fields.ts";
import { route } from "./route.ts";

export const eventSchema = z
  .object({
    id: idField("event"),
    type: z.string().meta({ examples: ["cluster.created", "operation.step"] }),
    target: z.object({ type: z.string(), id: z.string() }),
    operation_id: z.string().nullable(),
    data: jsonObject,
    created_at: timestamp,
  })
  .meta({
    id: "Event",
    description: "Something that happened. Streams carry `id` as the event id and `type` as its name.",
  });
export type Event = z.infer<typeof eventSchema>;

export const eventPageSchema = pageOf(eventSchema, "EventPage");

export const listEvents = route({
  operationId: "listEvents",
  method: "GET",
  path: "/v1/events",
  tag: "events",
  summary: "List or follow what happened",
  description:
    "A feed: in the order in which events were committed, which is the one that a stream can go on in, so it has no " +
    "`order`, and begins after an event and not at a time. With `Accept: text/event-stream` the events are streamed as they happen: from the one " +
    "after Last-Event-ID (or `after`), or from now on when neither is given.",
  permission: "clusters:read",
  query: z.strictObject({
    ...pageQuery,
    after: idInput("event").optional().meta({ description: "Only later events." }),
    type: z
      .string()
      .regex(/^[a-z_.]{1,64}$/, "1 to 64 lower-case letters, dots and underscores.")
      .optional()
      .meta({ description: "Only those of this type.", examples: ["cluster.created"] }),
    target_id: queryText(64).optional().meta({ description: "Only of this cluster, credential, project or member." }),
    operation_id: idInput("operation").optional().meta({ description: "Only those of this operation." }),
  }),
  headers: lastEventId,
  responses: { 200: { description: "A page.", schema: eventPageSchema } },
  problems: [],
  stream: eventSchema,
});
