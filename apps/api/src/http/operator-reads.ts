import type { RouteShape, TenantData } from "@berth/contract";
import { type OperatorSight, recordOperatorRead } from "@berth/db";
import type { IdSource, OrganizationId } from "@berth/domain";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { startRecording } from "./on-record.ts";
import { fieldsOf, listOf, textOf } from "./wire.ts";

/**
 * What the platform's people are shown of a tenant's is a row of the tenant's chain, written before the answer goes out: an
 * answer whose row cannot be written is not given.
 *
 * Whose data it is says the contract, and what is looked through is the answer itself, so that no handler can forget one. A
 * 304 shows nothing that was not shown, and recorded, before. A route that does not say what it shows does not start.
 */
export function useOperatorReads(app: FastifyInstance, ids: IdSource): void {
  const record = async (
    { shape, tenantData }: { readonly shape: RouteShape; readonly tenantData: TenantData },
    request: FastifyRequest,
    reply: FastifyReply,
    payload: unknown,
  ): Promise<void> => {
    const { principal } = request;
    if (principal === undefined) throw new Error(`${shape.operationId} shows what is tenants' to somebody unknown`);
    const seen = sightsOf(tenantData, JSON.parse(String(payload)));
    const sights = seen.filter(({ organizationId }) => organizationId !== principal.organizationId);
    if (sights.length === 0) return;
    const { query, ip, headers } = request;
    const recording = startRecording({ shape, query, principal, ip, userAgent: headers["user-agent"] });
    const db = recording.onRecord(request.server.databaseFor(shape, principal));
    const read = { actor: principal.apiKeyId, requestId: request.id, operation: shape.operationId, sights };
    try {
      await recordOperatorRead(db, ids, read);
    } catch (error) {
      reply.removeHeader("etag"); // Of an answer that is not given.
      throw error;
    }
  };

  app.addHook("onSend", (request, reply, payload, done) => {
    const shape = request.routeOptions.config?.contract;
    const tenantData = shape?.tenantData;
    const shows = tenantData !== undefined && tenantData !== "none" && reply.statusCode === 200;
    // A change is a row of its own; one that changed nothing is a look.
    if (shape === undefined || !shows || (request.recording?.rows() ?? 0) > 0) return done();
    return record({ shape, tenantData }, request, reply, payload);
  });
}

/**
 * Each tenant of an answer once. What is shown is its cluster, when all that is its is of one, and else something of the
 * organization.
 */
export function sightsOf({ within, organization, cluster }: TenantData, body: unknown): OperatorSight[] {
  const clusters = new Map<string, Set<string>>();
  for (const one of within === undefined ? [body] : listOf(fieldsOf(body)[within])) {
    const fields = fieldsOf(one);
    const organizationId = textOf(fields[organization]);
    if (organizationId === undefined) throw new Error(`an answer that shows tenants' data has no ${organization}`);
    const ofIt = clusters.get(organizationId) ?? new Set<string>();
    clusters.set(organizationId, ofIt.add(cluster === undefined ? "" : (textOf(fields[cluster]) ?? "")));
  }
  return [...clusters].map(([id, [clusterId = "", another]]) => {
    const organizationId = id as OrganizationId;
    return clusterId === "" || another !== undefined
      ? { organizationId, targetType: "organization", targetId: id }
      : { organizationId, targetType: "cluster", targetId: clusterId };
  });
}
