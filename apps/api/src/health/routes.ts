import { ROUTES } from "@berth/contract";
import { ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { serve } from "../http/serve.ts";

/** A database that does not answer within this is not there. */
const DATABASE_PATIENCE_MS = 2000;

/** Probes. They tell a stranger nothing but yes or no. */
export function healthRoutes(app: FastifyInstance, deps: ApiDeps): void {
  serve(app, ROUTES.getLivez, async () => ok({ status: 200, body: { status: "ok" } }));

  serve(app, ROUTES.getReadyz, async () => {
    const database = await databaseCheck(deps);
    const stopping = {
      name: "stopping",
      ok: !app.stopping.aborted,
      message: app.stopping.aborted ? "stops" : "serves",
    };
    const checks = [database, stopping];
    return checks.every((check) => check.ok)
      ? ok({ status: 200, body: { status: "ok", checks } })
      : ok({ status: 503, body: { status: "unavailable", checks } });
  });

  serve(app, ROUTES.getVersion, async () => {
    const { version, simulated } = deps.settings;
    return ok({ status: 200, body: { version, simulated } });
  });
}

async function databaseCheck({ databases }: ApiDeps) {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("late")), DATABASE_PATIENCE_MS);
  });
  try {
    await Promise.race([databases.tenants.query("select 1 as answer"), late]);
    return { name: "database", ok: true, message: "answers" };
  } catch {
    return { name: "database", ok: false, message: "does not answer" };
  } finally {
    clearTimeout(timer);
  }
}
