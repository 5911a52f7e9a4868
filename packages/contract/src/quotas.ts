import { MAX_QUOTA_MIB, type Quota } from "@berth/domain";
import { z } from "zod";
import { MEBIBYTE, money } from "./fields.ts";

/** Quotas as they are called on the wire, where amounts are bytes. */
export const QUOTA_NAMES = {
  clusters: "clusters",
  instances: "instances",
  memoryMib: "memory_bytes",
  storageMib: "storage_bytes",
  projects: "projects",
  members: "members",
  apiKeys: "api_keys",
} as const satisfies Readonly<Record<Quota, string>>;

export type QuotaName = (typeof QUOTA_NAMES)[Quota];

/** One quota, and how much of it is used. */
export const quotaSchema = z
  .object({
    name: z.string().meta({
      description: `${Object.values(QUOTA_NAMES).join(", ")}. A cluster counts until its volumes are gone, which a deletion with purge does at once.`,
      examples: ["memory_bytes"],
    }),
    limit: z.int(),
    used: z.int(),
  })
  .meta({ id: "Quota" });
export type QuotaEntry = z.infer<typeof quotaSchema>;

const use = z.object({ limit: z.int(), used: z.int() });

/** Every quota by its name, and how much of it is used. */
export const quotaUsesSchema = z
  .object({
    clusters: use,
    instances: use,
    memory_bytes: use,
    storage_bytes: use,
    projects: use,
    members: use,
    api_keys: use,
  } satisfies Readonly<Record<QuotaName, z.ZodType>>)
  .meta({ id: "QuotaUses" });
export type QuotaUses = z.infer<typeof quotaUsesSchema>;

/** The largest quota of what is counted. */
const MAX_COUNT = 1_000_000;
const limitOf = (amount: z.ZodType<number>) => z.strictObject({ limit: amount }).optional();
const countLimit = limitOf(z.int().min(0).max(MAX_COUNT));
const bytesLimit = limitOf(
  z
    .int()
    .min(0)
    .max(MAX_QUOTA_MIB * MEBIBYTE)
    .multipleOf(MEBIBYTE)
    .meta({ description: "A multiple of 1 MiB." }),
);

/** New limits of some quotas; the others stay as they are. */
export const quotaLimitsInput = z.strictObject({
  clusters: countLimit,
  instances: countLimit,
  memory_bytes: bytesLimit,
  storage_bytes: bytesLimit,
  projects: countLimit,
  members: countLimit,
  api_keys: countLimit,
} satisfies Readonly<Record<QuotaName, z.ZodType>>);
export type QuotaLimits = z.infer<typeof quotaLimitsInput>;

/** What all clusters cost together, and what the customer lets them cost. */
export const spendSchema = z
  .object({
    cap: money.nullable().meta({ description: "An hour; null when none is set." }),
    used: money.meta({
      description: "An hour, of all clusters whose volumes are not gone: a deleted one counts until `purge_at`.",
    }),
  })
  .meta({ id: "Spend" });
export type SpendEntry = z.infer<typeof spendSchema>;

/** Whether a demand would be accepted: every quota that it touches, and the spend cap. */
export const admissionSchema = z
  .object({
    would_exceed: z.array(z.string()).meta({
      description: "Names of the quotas that it is too much for, and `spend_cap`; empty when it would be accepted.",
      examples: [["instances"]],
    }),
    quotas: z.array(
      z.object({ name: z.string(), limit: z.int(), used: z.int(), requested: z.int(), would_exceed: z.boolean() }),
    ),
    spend: z
      .object({ cap: money.nullable(), used: money, requested: money, would_exceed: z.boolean() })
      .meta({ description: "An hour." }),
  })
  .meta({ id: "Admission" });
export type Admission = z.infer<typeof admissionSchema>;
