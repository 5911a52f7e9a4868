import { createHash } from "node:crypto";
import { ROUTES } from "@berth/contract";
import { findPackingStudy, listPackingStudies, readStudyFile } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { actorOf } from "../http/actor.ts";
import { once } from "../http/idempotency.ts";
import { startList } from "../http/list.ts";
import { NOT_FOUND, refuse } from "../http/refusal.ts";
import { serve, serveFile } from "../http/serve.ts";
import { createPackingStudy } from "./create-packing-study.ts";
import { toPackingStudyBody } from "./wire.ts";

/** Seconds after which something new may be seen. */
const LOOK_AGAIN = "2";
const PIECE = 65_536;

/** Long computations about a fleet, which a worker makes. For operators. */
export function packingStudyRoutes(app: FastifyInstance, deps: ApiDeps): void {
  serve(app, ROUTES.createPackingStudy, async (call) => {
    const { organizationId } = call.principal;
    return once(deps, ROUTES.createPackingStudy, call, async (tx) => {
      const study = await createPackingStudy(deps, tx, { body: call.body, organizationId, ...actorOf(call) });
      if (!study.ok) return study;
      const headers = { Location: `/v1/admin/packing_studies/${study.value.id}`, "Retry-After": LOOK_AGAIN };
      return ok({ status: 202, headers, body: toPackingStudyBody(study.value) });
    });
  });

  serve(app, ROUTES.listPackingStudies, async (call) => {
    const { kube_id, kind, state } = call.query;
    const list = startList(deps.pageTokens, "listPackingStudies", call);
    const page = await listPackingStudies(call.db, { kubeId: kube_id, kind, state, ...list.asked });
    return ok({ status: 200, body: list.toBody(page, toPackingStudyBody, (row) => row) });
  });

  serve(app, ROUTES.getPackingStudy, async ({ db, params }) => {
    const study = await findPackingStudy(db, params.packing_study_id);
    return study === undefined ? err(NOT_FOUND) : ok({ status: 200, body: toPackingStudyBody(study) });
  });

  serveFile(app, ROUTES.getPackingStudyFile, async ({ db, params, query }) => {
    const study = await findPackingStudy(db, params.packing_study_id);
    if (study === undefined) return err(NOT_FOUND);
    const text = await readStudyFile(db, study.id, query.format);
    if (text === undefined) {
      return refuse(
        "invalid_state",
        `Only a cold plan that has succeeded has files; this is a ${study.kind}, ${study.state}.`,
      );
    }
    return ok({
      etag: `"${createHash("sha256").update(text).digest("base64url")}"`,
      name: `${study.id}-${query.format}.json`,
      pieces: piecesOf(text),
    });
  });
}

async function* piecesOf(text: string): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += PIECE) yield text.slice(at, at + PIECE);
}
