import { ROUTES } from "@berth/contract";
import { findKube, listKubes } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { actorOf } from "../http/actor.ts";
import { once } from "../http/idempotency.ts";
import { startList } from "../http/list.ts";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { checkKube, createKube } from "./create-kube.ts";
import { toKubeBody } from "./wire.ts";

/** Kubernetes clusters that we place into. For operators. */
export function kubeRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const { pageTokens } = deps;

  serve(app, ROUTES.createKube, async (call) => {
    const checked = await checkKube(deps, call.body);
    if (!checked.ok) return checked;
    const { organizationId } = call.principal;
    return once(deps, ROUTES.createKube, call, async (tx) => {
      const kube = await createKube(deps, tx, checked.value, { body: call.body, organizationId, ...actorOf(call) });
      if (!kube.ok) return kube;
      const headers = { Location: `/v1/admin/kubes/${kube.value.id}` };
      return ok({ status: 201, headers, body: toKubeBody(kube.value) });
    });
  });

  serve(app, ROUTES.listKubes, async (call) => {
    const list = startList(pageTokens, "listKubes", call);
    const page = await listKubes(call.db, { region: call.query.region, ...list.asked });
    return ok({ status: 200, body: list.toBody(page, toKubeBody, (row) => row) });
  });

  serve(app, ROUTES.getKube, async ({ db, params }) => {
    const kube = await findKube(db, params.kube_id);
    return kube === undefined ? err(NOT_FOUND) : ok({ status: 200, body: toKubeBody(kube) });
  });
}
