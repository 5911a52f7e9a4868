import { ROUTES } from "@berth/contract";
import { listProjects, readFleetQuota } from "@berth/db";
import { type FleetQuota, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import { serve } from "../http/serve.ts";
import { isoOrNull } from "../http/wire.ts";
import { quotaAmount } from "../quotas/wire.ts";

/** Who the key is, and what it may. */
export function accountRoutes(app: FastifyInstance): void {
  serve(app, ROUTES.getMe, async ({ db, principal }) => {
    const { organizationId } = principal;
    const [projects, { quotas }] = await Promise.all([
      listProjects(db, organizationId),
      readFleetQuota(db, organizationId),
    ]);
    const use = (quota: FleetQuota) => ({
      limit: quotaAmount(quota, quotas[quota].limit),
      used: quotaAmount(quota, quotas[quota].used),
    });
    return ok({
      status: 200,
      body: {
        principal: {
          type: "api_key",
          id: principal.apiKeyId,
          name: principal.keyName,
          expires_at: isoOrNull(principal.expiresAt),
        },
        organization: { id: organizationId, name: principal.organizationName },
        projects: projects.map(({ id, name }) => ({ id, name })),
        permissions: [...principal.permissions],
        limits: {
          clusters: use("clusters"),
          instances: use("instances"),
          memory_bytes: use("memoryMib"),
          storage_bytes: use("storageMib"),
        },
      },
    });
  });
}
