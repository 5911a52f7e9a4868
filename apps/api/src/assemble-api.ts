import {
  createDatabase,
  createEnvelope,
  latestSeq,
  listEvents,
  listen,
  operatorDatabase,
  parseEventNotice,
  tenantDatabase,
} from "@berth/db";
import type { OrganizationId } from "@berth/domain";
import { parseKubeconfig } from "@berth/kubernetes/kubeconfig";
import { createLocalKeyProvider, type Logger, systemClock, systemIds } from "@berth/runtime";
import type { FastifyInstance } from "fastify";
import { buildApp } from "./app.ts";
import { createHeadSigner } from "./audit/sign-heads.ts";
import { createRegionMemory } from "./clusters/region-memory.ts";
import { createEventFeed } from "./events/feed.ts";
import { makeApiKey } from "./http/api-key.ts";
import type { ServerLimits } from "./http/create-server.ts";
import { createPageTokens } from "./http/page-token.ts";
import { createInvitationTokens } from "./invitations/token.ts";

export interface AssemblyConfig {
  readonly databaseUrl: string;
  /** Secret under which API keys are hashed. */
  readonly pepper: Uint8Array;
  /** Wrapping key of secrets, 32 bytes: the same as the worker's. */
  readonly key: Uint8Array;
  readonly volumeGraceMs: number;
  readonly poolSize: number;
  /** Whether what the worker acts on is a simulator: /version says so. */
  readonly simulated: boolean;
  readonly logger: Logger;
  /** How long a request waits for a twin with the same Idempotency-Key; 10 s when absent. */
  readonly idempotencyWaitMs?: number;
  /** What one caller may take; no limits when absent. */
  readonly limits?: ServerLimits;
  /** Networks of proxies whose X-Forwarded-For is believed; none when absent. */
  readonly trustedProxies?: readonly string[];
  /** How late the revocation of a key may take effect; 5 s when absent. */
  readonly rememberKeysMs?: number;
  /** Between comments on an idle stream; 15 s when absent. */
  readonly heartbeatMs?: number;
  /** How long a request may take to arrive whole; 15 s when absent. */
  readonly maxArrivalMs?: number;
}

export interface Assembly {
  readonly app: FastifyInstance;
  /** Resolves when notifications are heard; until then streams and waits look every now and then. */
  readonly listening: Promise<void>;
  close(): Promise<void>;
}

const VERSION = "0.1.0";
/** Longest that a watch goes without looking, in case a notification was lost. */
const RECHECK_MS = 15_000;
const EVENTS_READ = 500;
/** Operators are few. */
const OPERATOR_POOL = 5;

/** The API with its parts put together, not listening yet. Wiring only, in the order of dependency. */
export async function assembleApi(config: AssemblyConfig): Promise<Assembly> {
  const { logger } = config;
  const database = {
    url: config.databaseUrl,
    role: "berth_api",
    poolSize: config.poolSize,
    applicationName: "berth-api",
  } as const;
  const onIdleError = (err: Error) => logger.warn({ err }, "database connection broke");
  const tenants = createDatabase({ ...database, onIdleError, pipeline: true, planOnce: true });
  const operators = operatorDatabase(
    createDatabase({
      ...database,
      onIdleError,
      role: "berth_operator",
      poolSize: Math.min(OPERATOR_POOL, config.poolSize),
      applicationName: "berth-api-operators",
    }),
  );
  const wholeOf = (organizationId: OrganizationId) =>
    tenantDatabase(tenants, { organizationId, projectIds: [], clusterIds: [] });

  let tell: (organizationId: OrganizationId | undefined) => void = () => {};
  const feed = createEventFeed({
    onNotice: (listener) => {
      tell = listener;
    },
    latestSeq: (organizationId) => latestSeq(wholeOf(organizationId), organizationId),
    eventsAfter: (organizationId, afterSeq) =>
      listEvents(wholeOf(organizationId), { organizationId, afterSeq, limit: EVENTS_READ }),
    onError: (err) => logger.warn({ err }, "events not read"),
  });
  const listener = listen({
    database,
    channels: ["berth_event"],
    onNotification: (_channel, payload) => tell(parseEventNotice(payload)?.organizationId),
    onListening: () => tell(undefined),
    onError: (err) => logger.warn({ err }, "listening stopped"),
  });

  const app = await buildApp({
    pepper: config.pepper,
    loggerInstance: logger,
    limits: config.limits,
    trustedProxies: config.trustedProxies,
    rememberKeysMs: config.rememberKeysMs,
    ...(config.heartbeatMs === undefined ? {} : { heartbeatMs: config.heartbeatMs }),
    ...(config.maxArrivalMs === undefined ? {} : { maxArrivalMs: config.maxArrivalMs }),
    deps: {
      databases: { tenants, operators },
      envelope: createEnvelope(createLocalKeyProvider(config.key)),
      ids: systemIds,
      clock: systemClock,
      pageTokens: createPageTokens(config.pepper),
      headSigner: createHeadSigner(config.pepper),
      makeApiKey: () => makeApiKey(config.pepper),
      invitationTokens: createInvitationTokens(config.pepper),
      feed,
      regionMemory: createRegionMemory(systemClock),
      parseKubeconfig,
      settings: {
        version: VERSION,
        simulated: config.simulated,
        volumeGraceMs: config.volumeGraceMs,
        idempotencyWaitMs: config.idempotencyWaitMs ?? 10_000,
        recheckMs: RECHECK_MS,
      },
    },
  });

  return {
    app,
    listening: listener.ready,
    close: async () => {
      await app.close();
      await listener.close();
      await Promise.all([tenants.close(), operators.close()]);
    },
  };
}
