import { findApiKeysByPublicId, noteApiKeyUses } from "@berth/db";
import type { FastifyInstance, FastifyServerOptions } from "fastify";
import { accountRoutes } from "./account/routes.ts";
import { apiKeyRoutes } from "./api-keys/routes.ts";
import { auditRoutes } from "./audit/routes.ts";
import { catalogueRoutes } from "./catalogue/routes.ts";
import { clusterRoutes } from "./clusters/routes.ts";
import { commitmentRoutes } from "./commitments/routes.ts";
import { credentialRoutes } from "./credentials/routes.ts";
import type { ApiDeps } from "./deps.ts";
import { estimateRoutes } from "./estimates/routes.ts";
import { eventRoutes } from "./events/routes.ts";
import { healthRoutes } from "./health/routes.ts";
import { createAuthenticator } from "./http/authenticate.ts";
import { createServer, type ServerLimits } from "./http/create-server.ts";
import { databaseFor } from "./http/database-for.ts";
import { createKeyMemory, REMEMBER_MS } from "./http/key-memory.ts";
import { createKeyUses } from "./http/key-uses.ts";
import { createKeyWatch } from "./http/watch-keys.ts";
import { invitationRoutes } from "./invitations/routes.ts";
import { kubeRoutes } from "./kubes/routes.ts";
import { machineRoutes } from "./machines/routes.ts";
import { memberRoutes } from "./members/routes.ts";
import { operationRoutes } from "./operations/routes.ts";
import { adminOrganizationRoutes } from "./organizations/admin-routes.ts";
import { organizationRoutes } from "./organizations/routes.ts";
import { packingRoutes } from "./packing/routes.ts";
import { packingStudyRoutes } from "./packing-studies/routes.ts";
import { placementDecisionRoutes } from "./placement-decisions/routes.ts";
import { poolRoutes } from "./pools/routes.ts";
import { priceBookRoutes } from "./price-books/routes.ts";
import { priceReadingRoutes } from "./price-readings/routes.ts";
import { projectRoutes } from "./projects/routes.ts";
import { rebalancePlanRoutes } from "./rebalance-plans/routes.ts";
import { reservationPlanRoutes } from "./reservation-plans/routes.ts";
import { reservationPurchaseRoutes } from "./reservation-purchases/routes.ts";
import { savingsRoutes } from "./savings/routes.ts";

export interface AppOptions {
  readonly deps: ApiDeps;
  /** The server's own secret, with which API keys are hashed. */
  readonly pepper: Uint8Array;
  readonly logger?: FastifyServerOptions["logger"];
  readonly loggerInstance?: FastifyServerOptions["loggerInstance"];
  readonly limits?: ServerLimits | undefined;
  readonly trustedProxies?: readonly string[] | undefined;
  /** How late a revocation may take effect; 5 s when absent. */
  readonly rememberKeysMs?: number | undefined;
  /** Between comments on an idle stream; 15 s when absent. */
  readonly heartbeatMs?: number;
  /** How long a request may take to arrive whole; 15 s when absent. */
  readonly maxArrivalMs?: number;
}

/** The whole API, not listening yet. Every route is registered here, in the order of the documentation. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { deps, pepper } = options;
  const rememberMs = options.rememberKeysMs ?? REMEMBER_MS;
  const findApiKeys = (publicIds: readonly string[]) => findApiKeysByPublicId(deps.databases.tenants, publicIds);
  const keyMemory = createKeyMemory({
    findApiKeys,
    clock: deps.clock,
    rememberMs,
    onError: (err) => options.loggerInstance?.warn({ err }, "keys in use not looked at"),
  });
  const authenticate = createAuthenticator({ findApiKey: keyMemory.find, pepper, clock: deps.clock });
  const keyWatch = createKeyWatch({
    findApiKeys,
    clock: deps.clock,
    everyMs: rememberMs / 2,
    onError: (err) => options.loggerInstance?.warn({ err }, "keys of open streams not looked at"),
  });
  const keyUses = createKeyUses({
    store: (uses) => noteApiKeyUses(deps.databases.tenants, uses),
    clock: deps.clock,
    onError: (err) => options.loggerInstance?.warn({ err }, "uses of keys not stored"),
  });
  const app = await createServer({
    keyWatch,
    onUse: keyUses.note,
    trustedProxies: options.trustedProxies,
    authenticate,
    databaseFor: databaseFor(deps.databases),
    ids: deps.ids,
    logger: options.logger,
    loggerInstance: options.loggerInstance,
    limits: options.limits,
    heartbeatMs: options.heartbeatMs ?? 15_000,
    ...(options.maxArrivalMs === undefined ? {} : { maxArrivalMs: options.maxArrivalMs }),
  });

  app.addHook("onClose", async () => keyMemory.close());
  app.addHook("onClose", keyUses.close);

  accountRoutes(app);
  apiKeyRoutes(app, deps);
  organizationRoutes(app, deps);
  memberRoutes(app, deps);
  invitationRoutes(app, deps);
  projectRoutes(app, deps);
  catalogueRoutes(app);
  estimateRoutes(app, deps);
  clusterRoutes(app, deps);
  credentialRoutes(app, deps);
  operationRoutes(app, deps);
  eventRoutes(app, deps);
  auditRoutes(app, deps);
  adminOrganizationRoutes(app, deps);
  kubeRoutes(app, deps);
  poolRoutes(app, deps);
  priceBookRoutes(app, deps);
  priceReadingRoutes(app, deps);
  commitmentRoutes(app, deps);
  reservationPlanRoutes(app, deps);
  reservationPurchaseRoutes(app, deps);
  savingsRoutes(app, deps);
  rebalancePlanRoutes(app, deps);
  machineRoutes(app, deps);
  placementDecisionRoutes(app, deps);
  packingRoutes(app, deps);
  packingStudyRoutes(app, deps);
  healthRoutes(app, deps);
  return app;
}
