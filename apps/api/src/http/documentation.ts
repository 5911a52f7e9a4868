import { type CatalogueEntry, catalogueOfProblems, openApiDocument, problemCatalogue } from "@berth/contract";
import fastifySwagger from "@fastify/swagger";
import fastifySwaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import { sendProblem } from "./problem.ts";
import { NOT_FOUND } from "./refusal.ts";

/**
 * /openapi.json, the page /docs, which needs nothing from elsewhere, and what the `type` of a problem leads to. The document is the contract's own, byte for byte
 * the committed one: that what is served is what it says is held by a test.
 *
 * Registered before the guard of serve.ts, as these few routes of a plugin are for everybody and declare no permission.
 */
export async function useDocumentation(app: FastifyInstance): Promise<void> {
  const document = openApiDocument();
  const text = JSON.stringify(document);
  await app.register(fastifySwagger, {
    mode: "static",
    specification: { document: document as never },
  });
  await app.register(fastifySwaggerUi, {
    routePrefix: "/docs",
    staticCSP: true,
    uiConfig: { url: "/openapi.json", docExpansion: "none" },
  });
  app.get("/openapi.json", (_, reply) => reply.type("application/json; charset=utf-8").send(text));

  const catalogue = problemCatalogue();
  app.get("/problems", (_, reply) => reply.type("text/markdown; charset=utf-8").send(catalogue));
  const problems = new Map<string, string>(catalogueOfProblems().map((entry) => [entry.code, textOf(entry)]));
  app.get<{ Params: { code: string } }>("/problems/:code", (request, reply) => {
    const problem = problems.get(request.params.code);
    if (problem === undefined) return sendProblem(reply, NOT_FOUND);
    return reply.type("text/plain; charset=utf-8").send(problem);
  });
}

/** A problem in words. */
function textOf({ code, status, title, retryable, routes }: CatalogueEntry): string {
  const later = retryable ? "The same request, unchanged, may pass later." : "The same request will not pass later.";
  const who = routes.length === 0 ? "Answered before a route is found." : `Answered by ${routes.join(", ")}.`;
  return `${code} (${status})\n\n${title}.\n${later}\n${who}\n`;
}
