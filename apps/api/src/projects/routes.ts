import { ROUTES } from "@berth/contract";
import { findProject, pageOfProjects } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { actorOf } from "../http/actor.ts";
import { etagOf, versionOf } from "../http/etag.ts";
import { once } from "../http/idempotency.ts";
import { startList } from "../http/list.ts";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { createProject } from "./create-project.ts";
import { deleteProject } from "./delete-project.ts";
import { updateProject } from "./update-project.ts";
import { toProjectBody } from "./wire.ts";

/** Sub-accounts of an organization. */
export function projectRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const { pageTokens } = deps;

  serve(app, ROUTES.createProject, async (call) => {
    const { organizationId } = call.principal;
    return once(deps, ROUTES.createProject, call, async (tx) => {
      const project = await createProject(deps, tx, { organizationId, name: call.body.name, ...actorOf(call) });
      if (!project.ok) return project;
      const headers = { Location: `/v1/projects/${project.value.id}`, ETag: etagOf(versionOf(project.value)) };
      return ok({ status: 201, headers, body: toProjectBody(project.value) });
    });
  });

  serve(app, ROUTES.listProjects, async (call) => {
    const list = startList(pageTokens, "listProjects", call);
    const { organizationId } = call.principal;
    const page = await pageOfProjects(call.db, { organizationId, name: call.query.name, ...list.asked });
    return ok({ status: 200, body: list.toBody(page, toProjectBody, (row) => row) });
  });

  serve(app, ROUTES.getProject, async ({ db, principal, params }) => {
    const project = await findProject(db, principal.organizationId, params.project_id);
    if (project === undefined) return err(NOT_FOUND);
    return ok({ status: 200, headers: { ETag: etagOf(versionOf(project)) }, body: toProjectBody(project) });
  });

  serve(app, ROUTES.updateProject, async (call) => {
    const updated = await updateProject(deps, call.db, {
      organizationId: call.principal.organizationId,
      projectId: call.params.project_id,
      ifMatch: call.headers["if-match"],
      body: call.body,
      ...actorOf(call),
    });
    if (!updated.ok) return updated;
    const headers = { ETag: etagOf(versionOf(updated.value)) };
    return ok({ status: 200, headers, body: toProjectBody(updated.value) });
  });

  serve(app, ROUTES.deleteProject, async (call) => {
    const deleted = await deleteProject(deps, call.db, {
      organizationId: call.principal.organizationId,
      projectId: call.params.project_id,
      ifMatch: call.headers["if-match"],
      ...actorOf(call),
    });
    return deleted.ok ? ok({ status: 204, body: undefined }) : deleted;
  });
}
