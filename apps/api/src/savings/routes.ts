import { createHash } from "node:crypto";
import { ROUTES } from "@berth/contract";
import { ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { serve, serveFile } from "../http/serve.ts";
import { readSavings } from "./read-savings.ts";
import { savingsFile } from "./savings-file.ts";
import { toSavingsBody } from "./wire.ts";

/** What all of it saves. For operators, and for the person who pays. */
export function savingsRoutes(app: FastifyInstance, deps: ApiDeps): void {
  serve(app, ROUTES.getSavings, async ({ db }) =>
    ok({ status: 200, body: toSavingsBody(await readSavings(db, deps.clock.now())) }),
  );

  serveFile(app, ROUTES.getSavingsFile, async ({ db, query }) => {
    const text = savingsFile(await readSavings(db, deps.clock.now()), query.format);
    return ok({
      etag: `"${createHash("sha256").update(text).digest("base64url")}"`,
      name: `savings.${query.format}`,
      pieces: pieceOf(text),
    });
  });
}

async function* pieceOf(text: string): AsyncGenerator<string> {
  yield text;
}
