import { ROUTES } from "@berth/contract";
import { findCluster, findClusterCa, listClusters, listCredentials, listInstances } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import { newPassword } from "../credentials/new-password.ts";
import { toCredentialBody } from "../credentials/wire.ts";
import type { ApiDeps } from "../deps.ts";
import { actorOf } from "../http/actor.ts";
import { etagOf } from "../http/etag.ts";
import { once } from "../http/idempotency.ts";
import { startList } from "../http/list.ts";
import { operationHeaders } from "../http/operation-headers.ts";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { createCluster } from "./create-cluster.ts";
import { deleteCluster } from "./delete-cluster.ts";
import { previewCluster } from "./preview-cluster.ts";
import { restoreCluster } from "./restore-cluster.ts";
import { updateCluster } from "./update-cluster.ts";
import { toClusterBody, toComponentBody, toConnectionBody, toInstanceBody } from "./wire.ts";

/** Customers' clusters. Paths, schemas and permissions come from the contract. */
export function clusterRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const { pageTokens } = deps;

  serve(app, ROUTES.createCluster, async (call) => {
    const { organizationId } = call.principal;
    if (call.query.dry_run) {
      const preview = await previewCluster(deps, call.db, organizationId, call.body);
      return preview.ok ? ok({ status: 200, body: preview.value }) : preview;
    }
    const password = await newPassword(deps, organizationId);
    return once(deps, ROUTES.createCluster, call, async (tx) => {
      const created = await createCluster(deps, tx, { organizationId, body: call.body, password, ...actorOf(call) });
      if (!created.ok) return created;
      const { whole, operation, credential } = created.value;
      // Once this is committed the worker builds the cluster.
      return ok({
        status: 202,
        headers: operationHeaders(`/v1/clusters/${whole.cluster.id}`, operation.id),
        body: {
          ...toClusterBody(whole),
          initial_credential: { ...toCredentialBody(credential), password: password.text },
        },
      });
    });
  });

  serve(app, ROUTES.listClusters, async (call) => {
    const { db, principal, query } = call;
    const list = startList(pageTokens, "listClusters", call);
    const labels = labelsOf(query.label ?? []);
    if (labels === undefined) return ok({ status: 200, body: { data: [], next_page_token: null } });
    const page = await listClusters(db, {
      organizationId: principal.organizationId,
      projectId: query.project_id,
      name: query.name,
      state: query.state,
      region: query.region,
      engine: query.engine,
      labels: query.label === undefined ? undefined : labels,
      ...list.asked,
    });
    return ok({ status: 200, body: list.toBody(page, toClusterBody, ({ cluster }) => cluster) });
  });

  serve(app, ROUTES.getCluster, async ({ db, principal, params }) => {
    const whole = await findCluster(db, principal.organizationId, params.cluster_id);
    if (whole === undefined) return err(NOT_FOUND);
    return ok({ status: 200, headers: { ETag: etagOf(whole.cluster) }, body: toClusterBody(whole) });
  });

  serve(app, ROUTES.updateCluster, async (call) => {
    const updated = await updateCluster(deps, call.db, {
      organizationId: call.principal.organizationId,
      clusterId: call.params.cluster_id,
      ifMatch: call.headers["if-match"],
      body: call.body,
      ...actorOf(call),
    });
    if (!updated.ok) return updated;
    return ok({ status: 200, headers: { ETag: etagOf(updated.value.cluster) }, body: toClusterBody(updated.value) });
  });

  serve(app, ROUTES.deleteCluster, async (call) => {
    const deletion = await deleteCluster(deps, call.db, {
      organizationId: call.principal.organizationId,
      clusterId: call.params.cluster_id,
      ifMatch: call.headers["if-match"],
      purge: call.query.purge,
      confirm: call.query.confirm,
      ...actorOf(call),
    });
    if (!deletion.ok) return deletion;
    const { whole, operationId } = deletion.value;
    const headers = operationHeaders(`/v1/clusters/${whole.cluster.id}`, operationId);
    return ok({ status: 202, headers, body: toClusterBody(whole) });
  });

  serve(app, ROUTES.restoreCluster, async (call) => {
    const request = {
      organizationId: call.principal.organizationId,
      clusterId: call.params.cluster_id,
      ifMatch: call.headers["if-match"],
      ...actorOf(call),
    };
    return once(deps, ROUTES.restoreCluster, call, async (tx) => {
      const restored = await restoreCluster(deps, tx, request);
      if (!restored.ok) return restored;
      const { whole, operationId } = restored.value;
      const headers = operationHeaders(`/v1/clusters/${whole.cluster.id}`, operationId);
      return ok({ status: 202, headers, body: toClusterBody(whole) });
    });
  });

  serve(app, ROUTES.listComponents, async ({ db, principal, params }) => {
    const whole = await findCluster(db, principal.organizationId, params.cluster_id);
    if (whole === undefined) return err(NOT_FOUND);
    const data = whole.components.map((component) => toComponentBody(component, whole.instances));
    return ok({ status: 200, body: { data } });
  });

  serve(app, ROUTES.listInstances, async ({ db, principal, params }) => {
    const instances = await listInstances(db, principal.organizationId, params.cluster_id);
    return instances.length === 0 ? err(NOT_FOUND) : ok({ status: 200, body: { data: instances.map(toInstanceBody) } });
  });

  serve(app, ROUTES.getInstance, async ({ db, principal, params }) => {
    const instances = await listInstances(db, principal.organizationId, params.cluster_id);
    const instance = instances.find(({ id }) => id === params.instance_id);
    return instance === undefined ? err(NOT_FOUND) : ok({ status: 200, body: toInstanceBody(instance) });
  });

  serve(app, ROUTES.getConnection, async ({ db, principal, params }) => {
    const { organizationId } = principal;
    const whole = await findCluster(db, organizationId, params.cluster_id);
    if (whole === undefined) return err(NOT_FOUND);
    const { cluster } = whole;
    const [instances, credentials, caCertificate] = await Promise.all([
      listInstances(db, organizationId, cluster.id),
      listCredentials(db, organizationId, cluster.id),
      findClusterCa(db, deps.envelope, cluster.id),
    ]);
    const usernames = credentials.filter(({ state }) => state === "active").map(({ username }) => username);
    return ok({ status: 200, body: toConnectionBody(cluster, instances, caCertificate, usernames) });
  });
}

/** `key:value` each; the first colon parts them. Undefined when a key is to have two values, which no cluster can fit. */
function labelsOf(pairs: readonly string[]): Record<string, string> | undefined {
  const labels = pairs.map((pair) => [pair.slice(0, pair.indexOf(":")), pair.slice(pair.indexOf(":") + 1)] as const);
  const byKey = new Map(labels);
  return labels.every(([key, value]) => byKey.get(key) === value) ? Object.fromEntries(byKey) : undefined;
}
