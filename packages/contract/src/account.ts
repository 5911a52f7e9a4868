import { z } from "zod";
import { idField, timestamp } from "./fields.ts";
import { route } from "./route.ts";

const usage = z.object({ limit: z.int(), used: z.int() });

export const meSchema = z
  .object({
    principal: z.object({
      type: z.literal("api_key"),
      id: idField("apiKey"),
      name: z.string(),
      expires_at: timestamp.nullable(),
    }),
    organization: z.object({ id: idField("organization"), name: z.string() }),
    projects: z.array(z.object({ id: idField("project"), name: z.string() })),
    permissions: z.array(z.string()),
    limits: z.object({ clusters: usage, instances: usage, memory_bytes: usage, storage_bytes: usage }),
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
