import { z } from "zod";
import { route } from "./route.ts";

export const getLivez = route({
  operationId: "getLivez",
  method: "GET",
  path: "/livez",
  tag: "health",
  summary: "Whether the process runs",
  permission: "public",
  responses: { 200: { description: "It does.", schema: z.object({ status: z.literal("ok") }) } },
  problems: [],
});

const readiness = z
  .object({
    status: z.enum(["ok", "unavailable"]),
    checks: z.array(z.object({ name: z.string(), ok: z.boolean(), message: z.string() })),
  })
  .meta({ id: "Readiness" });

export const getReadyz = route({
  operationId: "getReadyz",
  method: "GET",
  path: "/readyz",
  tag: "health",
  summary: "Whether requests can be served",
  permission: "public",
  responses: {
    200: { description: "They can.", schema: readiness },
    503: { description: "They cannot; the checks say why.", schema: readiness },
  },
  problems: [],
});

export const getVersion = route({
  operationId: "getVersion",
  method: "GET",
  path: "/version",
  tag: "health",
  summary: "Version of the server",
  permission: "public",
  responses: {
    200: { description: "The version.", schema: z.object({ version: z.string(), simulated: z.boolean() }) },
  },
  problems: [],
});
