import { parseNetwork } from "@berth/domain";
import { integerVariable, portVariable, readConfig, readKeyFile, secretVariable } from "@berth/runtime";
import { z } from "zod";
import type { ApiConfig } from "./start-api.ts";

const HOUR_MS = 3_600_000;

const networksVariable = z
  .string()
  .refine((text) => text === "" || text.split(",").every((one) => parseNetwork(one).ok), "networks, as 10.0.0.0/8");

/** Every variable of the environment. @public README.md lists them from here (scripts/configuration-table.mjs). */
export const API_VARIABLES = z.object({
  DATABASE_URL: z.string().describe("PostgreSQL, as a login that may take the roles berth_api and berth_operator"),
  BERTH_PEPPER: secretVariable.describe("secret under which API keys are hashed: 32 bytes or more in base64"),
  BERTH_KEY_FILE: z.string().describe("file with the wrapping key of secrets, mode 0600; the worker's own"),
  BERTH_API_HOST: z.string().default("127.0.0.1").describe("address to listen on"),
  BERTH_API_PORT: portVariable.default(7070).describe("port to listen on; 0 takes a free one"),
  BERTH_METRICS_PORT: portVariable.default(7071).describe("port of /metrics, on the same address"),
  BERTH_VOLUME_GRACE_HOURS: integerVariable(0, 24 * 90)
    .default(72)
    .describe("how long a deleted cluster's volumes are kept"),
  BERTH_DATABASE_POOL: integerVariable(2, 200).default(20).describe("connections to PostgreSQL at most"),
  BERTH_REQUESTS_PER_MINUTE: integerVariable(1, 10_000_000)
    .default(6000)
    .describe("what one API key may ask a minute, and how often one address may guess at keys and invitations"),
  BERTH_REQUESTS_IN_FLIGHT: integerVariable(1, 100_000)
    .default(400)
    .describe(
      "what one organization may have unanswered at a time; half as many streams and waits, a hundredth as many files",
    ),
  BERTH_MAX_EVENT_LOOP_DELAY_MS: integerVariable(0, 60_000)
    .default(1000)
    .describe("requests are answered 503 while the process is later than this; 0 never"),
  BERTH_TRUSTED_PROXIES: networksVariable
    .optional()
    .describe("networks of proxies whose X-Forwarded-For is believed, as 10.0.0.0/8,192.0.2.7/32; none when absent"),
  LOG_LEVEL: z.string().default("info").describe("pino's level"),
});

/** The API's configuration; the only place of the API that looks at the environment. */
export function apiConfig(environment: Readonly<Record<string, string | undefined>>): ApiConfig {
  const values = readConfig(API_VARIABLES, environment);
  return {
    databaseUrl: values.DATABASE_URL,
    pepper: values.BERTH_PEPPER,
    key: readKeyFile(values.BERTH_KEY_FILE),
    host: values.BERTH_API_HOST,
    port: values.BERTH_API_PORT,
    metricsPort: values.BERTH_METRICS_PORT,
    volumeGraceMs: values.BERTH_VOLUME_GRACE_HOURS * HOUR_MS,
    poolSize: values.BERTH_DATABASE_POOL,
    limits: {
      perKeyAMinute: values.BERTH_REQUESTS_PER_MINUTE,
      failuresPerAddressAMinute: values.BERTH_REQUESTS_PER_MINUTE,
      inFlight: {
        requests: values.BERTH_REQUESTS_IN_FLIGHT,
        waits: Math.ceil(values.BERTH_REQUESTS_IN_FLIGHT / 2),
        files: Math.ceil(values.BERTH_REQUESTS_IN_FLIGHT / 100),
      },
      ...(values.BERTH_MAX_EVENT_LOOP_DELAY_MS === 0
        ? {}
        : { maxEventLoopDelayMs: values.BERTH_MAX_EVENT_LOOP_DELAY_MS }),
    },
    trustedProxies: (values.BERTH_TRUSTED_PROXIES ?? "").split(",").filter((one) => one !== ""),
    simulated: false,
    logLevel: values.LOG_LEVEL,
  };
}

/** What the command needs that makes the first organization: the login of the migrations, and the API's pepper. */
export function firstOrganizationConfig(environment: Readonly<Record<string, string | undefined>>): {
  readonly databaseUrl: string;
  readonly pepper: Uint8Array;
} {
  const values = readConfig(z.object({ DATABASE_URL: z.string(), BERTH_PEPPER: secretVariable }), environment);
  return { databaseUrl: values.DATABASE_URL, pepper: values.BERTH_PEPPER };
}
