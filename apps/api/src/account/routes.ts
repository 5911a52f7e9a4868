import { ROUTES } from "@berth/contract";
import { findMember, findOrganization, listProjects, readQuota } from "@berth/db";
import { ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import { serve } from "../http/serve.ts";
import { isoOrNull } from "../http/wire.ts";
import { toQuotaUses } from "../quotas/wire.ts";

/** Who the key is, and what it may. */
export function accountRoutes(app: FastifyInstance): void {
  serve(app, ROUTES.getMe, async ({ db, principal }) => {
    const { organizationId, reach } = principal;
    const [organization, member, projects, usage] = await Promise.all([
      findOrganization(db, organizationId),
      principal.member === undefined ? undefined : findMember(db, organizationId, principal.member.id),
      listProjects(db, organizationId),
      readQuota(db, organizationId),
    ]);
    if (organization === undefined) throw new Error(`organization ${organizationId} is missing`);
    const { name, kind, state } = organization;
    return ok({
      status: 200,
      body: {
        principal: {
          type: "api_key",
          id: principal.apiKeyId,
          name: principal.keyName,
          expires_at: isoOrNull(principal.expiresAt),
          project_ids: [...reach.projectIds],
          cluster_ids: [...reach.clusterIds],
          cidrs: [...principal.cidrs],
        },
        member:
          member === undefined ? null : { id: member.id, email: member.email, name: member.name, role: member.role },
        organization: { id: organizationId, name, kind, state },
        projects: projects.map(({ id, name }) => ({ id, name })),
        permissions: [...principal.permissions],
        limits: toQuotaUses(usage),
      },
    });
  });
}
