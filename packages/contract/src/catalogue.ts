import { ENGINES } from "@berth/domain";
import { z } from "zod";
import { money, pricePerMonth } from "./fields.ts";
import { route } from "./route.ts";

export const regionSchema = z
  .object({
    name: z.string().meta({ examples: ["us-east-1"] }),
    zones: z.array(z.string()).meta({ description: "Zones open for instances, in order." }),
  })
  .meta({ id: "Region" });
export type Region = z.infer<typeof regionSchema>;

export const versionSchema = z
  .object({
    engine: z.enum(ENGINES),
    version: z.string().meta({ examples: ["8.19.21"] }),
    licence: z.string(),
    default: z.boolean().meta({ description: "Taken when a new cluster of this engine names no version." }),
  })
  .meta({ id: "EngineVersion" });
export type EngineVersionEntry = z.infer<typeof versionSchema>;

export const sizeSchema = z
  .object({
    name: z.string().meta({ examples: ["8g"] }),
    memory_bytes: z.int(),
    cpu_millis: z.int().meta({ description: "Guaranteed." }),
    cpu_burst_millis: z.int().meta({
      description:
        "What idle CPU of its machine may be used beyond that, where the region's machines allow the usual ratio.",
    }),
    storage_bytes: z.int().meta({ description: "Included; a component may ask for more, or for less." }),
    storage_per_memory: z.int().meta({ description: "Included bytes of storage to a byte of memory.", examples: [30] }),
    price_per_hour: money.meta({ description: "Of one instance." }),
    price_per_month: pricePerMonth,
    extra_storage_price_per_gib_hour: money.meta({ description: "Of each GiB beyond what is included." }),
  })
  .meta({ id: "Size" });
export type SizeEntry = z.infer<typeof sizeSchema>;

/** Short lists without paging. */
const listOf = <T extends z.ZodType>(item: T) => z.object({ data: z.array(item) });

export const listRegions = route({
  operationId: "listRegions",
  method: "GET",
  path: "/v1/regions",
  tag: "catalogue",
  summary: "List regions",
  permission: "authenticated",
  responses: { 200: { description: "Regions in which clusters can be made.", schema: listOf(regionSchema) } },
  problems: [],
});

export const listVersions = route({
  operationId: "listVersions",
  method: "GET",
  path: "/v1/versions",
  tag: "catalogue",
  summary: "List engine versions",
  permission: "authenticated",
  responses: { 200: { description: "Newest first within an engine.", schema: listOf(versionSchema) } },
  problems: [],
});

export const listSizes = route({
  operationId: "listSizes",
  method: "GET",
  path: "/v1/sizes",
  tag: "catalogue",
  summary: "List sizes",
  permission: "authenticated",
  responses: { 200: { description: "Smallest first.", schema: listOf(sizeSchema) } },
  problems: [],
});
