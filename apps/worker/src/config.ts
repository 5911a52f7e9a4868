import { isLabelValue } from "@berth/domain";
import { integerVariable, portVariable, readConfig, readKeyFile } from "@berth/runtime";
import { z } from "zod";
import type { WorkerConfig } from "./start-worker.ts";

/** Every variable of the environment. @public README.md lists them from here (scripts/configuration-table.mjs). */
export const WORKER_VARIABLES = z.object({
  DATABASE_URL: z.string().describe("PostgreSQL, as a login that may take the role berth_worker"),
  REDIS_URL: z.string().optional().describe("queue on Redis; on PostgreSQL when absent"),
  BERTH_KEY_FILE: z.string().describe("file with the wrapping key of secrets, mode 0600"),
  BERTH_ENVIRONMENT: z
    .string()
    .refine((value) => value !== "" && isLabelValue(value), "must be a Kubernetes label value, and not empty")
    .default("production")
    .describe("told apart by it: installations that share a cloud account or a kube"),
  BERTH_LEASE_TTL_MS: integerVariable(1000, 300_000)
    .default(30_000)
    .describe("how long a dead worker keeps what it held"),
  BERTH_EC2_ENDPOINT: z.string().optional().describe("another EC2 endpoint than AWS's own"),
  BERTH_PRICING_ENDPOINT: z
    .string()
    .optional()
    .describe("another endpoint for AWS's price list; `BERTH_EC2_ENDPOINT` when absent"),
  BERTH_SAVINGS_PLANS_ENDPOINT: z
    .string()
    .optional()
    .describe("another endpoint for rates of savings plans; `BERTH_EC2_ENDPOINT` when absent"),
  BERTH_PRICE_READING: z
    .enum(["daily", "on_request"])
    .default("daily")
    .describe("when AWS's prices are read into price books: each day, or only when an operator asks"),
  BERTH_REBALANCE: z
    .enum(["off", "simulated"])
    .default("off")
    .describe("whether approved rebalance plans are carried out: `off`, or `simulated`, where nothing is real"),
  BERTH_CRASH_AT: z
    .string()
    .optional()
    .describe("for crash tests: `effect:phase#count` at which the process ends itself"),
  BERTH_FREEZE_AT: z.string().optional().describe("for crash tests: the same, but the process stops itself (SIGSTOP)"),
  BERTH_EFFECTS_FILE: z.string().optional().describe("for crash tests: file that every reached `effect:phase` goes to"),
  BERTH_METRICS_PORT: portVariable.optional().describe("where /metrics is served; nowhere when absent"),
  BERTH_METRICS_HOST: z.string().default("127.0.0.1").describe("address of /metrics"),
  LOG_LEVEL: z.string().default("info").describe("pino's level"),
});

/** The worker's configuration; the only place of the worker that looks at the environment. */
export function workerConfig(environment: Readonly<Record<string, string | undefined>>): WorkerConfig {
  const values = readConfig(WORKER_VARIABLES, environment);
  return {
    databaseUrl: values.DATABASE_URL,
    queue:
      values.REDIS_URL === undefined
        ? { kind: "postgres", url: values.DATABASE_URL }
        : { kind: "redis", url: values.REDIS_URL },
    key: readKeyFile(values.BERTH_KEY_FILE),
    environment: values.BERTH_ENVIRONMENT,
    leaseTtlMs: values.BERTH_LEASE_TTL_MS,
    logLevel: values.LOG_LEVEL,
    rebalance: values.BERTH_REBALANCE,
    priceReading: values.BERTH_PRICE_READING,
    prices: {
      pricingEndpoint: values.BERTH_PRICING_ENDPOINT ?? values.BERTH_EC2_ENDPOINT,
      savingsPlansEndpoint: values.BERTH_SAVINGS_PLANS_ENDPOINT ?? values.BERTH_EC2_ENDPOINT,
    },
    ...(values.BERTH_EC2_ENDPOINT === undefined ? {} : { ec2: { endpoint: values.BERTH_EC2_ENDPOINT } }),
    ...(values.BERTH_CRASH_AT === undefined ? {} : { crashAt: values.BERTH_CRASH_AT }),
    ...(values.BERTH_FREEZE_AT === undefined ? {} : { freezeAt: values.BERTH_FREEZE_AT }),
    ...(values.BERTH_EFFECTS_FILE === undefined ? {} : { effectsFile: values.BERTH_EFFECTS_FILE }),
    ...(values.BERTH_METRICS_PORT === undefined
      ? {}
      : { metrics: { host: values.BERTH_METRICS_HOST, port: values.BERTH_METRICS_PORT } }),
  };
}
