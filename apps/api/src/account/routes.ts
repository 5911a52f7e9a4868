import { ROUTES } from "@berth/contract";
import { listProjects, readQuota } from "@berth/db";
import { ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import { serve } from "../http/serve.ts";
import { isoOrNull } from "../http/wire.ts";

/** Who the key is, and what it may. */
export function accountRoutes(app: FastifyInstance): void {
  serve(app, ROUTES.getMe, async ({ db, principal }) => {
    const { organizationId } = principal;
    const [projects, quota] = await Promise.all([listProjects(db, organizationId), readQuota(db, organizationId)]);
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
          clusters: { limit: quota.maxClusters, used: quota.clusters },
          instances: { limit: quota.maxInstances, used: quota.instances },
        },
      },
    });
  });
}
