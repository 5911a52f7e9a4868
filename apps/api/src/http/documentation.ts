import { openApiDocument } from "@berth/contract";
import fastifySwagger from "@fastify/swagger";
import fastifySwaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";

/**
 * /openapi.json and the page /docs, which needs nothing from elsewhere. The document is the contract's own, byte for byte
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
}
