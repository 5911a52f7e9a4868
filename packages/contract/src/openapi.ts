import type { z } from "zod";
import { createDocument, type ZodOpenApiObject, type ZodOpenApiOverrideContext } from "zod-openapi";
import { PERMISSIONS } from "./permissions.ts";
import { PROBLEM_MEDIA_TYPE, PROBLEMS, type ProblemCode, problemSchema } from "./problems.ts";
import { isConditional, problemsOf, RESPONSE_HEADERS, type RouteResponse, type RouteShape, TAGS } from "./route.ts";
import { ROUTES } from "./routes.ts";

type Paths = NonNullable<ZodOpenApiObject["paths"]>;
type Operation = NonNullable<Paths[string]["get"]>;

/** Headers of answers, described once. */
const HEADERS: Readonly<Record<string, string>> = {
  "X-Request-Id": "Id of this request, also in logs.",
  RateLimit: "What the key has left of its requests (`r`), and the seconds until it has all again (`t`).",
  "RateLimit-Policy": "How many requests (`q`) a key has in how many seconds (`w`).",
  "WWW-Authenticate": "How to say who asks: `Bearer`.",
  Deprecation: "Since when the route is not to be used any more (RFC 9745).",
  Sunset: "From when on the route may be gone (RFC 8594).",
  Link: "What to use instead: `successor-version`.",
  ...RESPONSE_HEADERS,
};

/**
 * The OpenAPI 3.1 document of all routes. Same contract, same bytes: it is committed as openapi.json and served as it is.
 *
 * Answers are left open (no `additionalProperties: false`, no closed enums), as fields and states get added; requests
 * stay closed, so that a mistyped field is refused.
 */
export function openApiDocument(
  routes: Readonly<Record<string, RouteShape>> = ROUTES,
): ReturnType<typeof createDocument> {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const shape of Object.values(routes)) {
    paths[shape.path] = { ...paths[shape.path], [shape.method.toLowerCase()]: operationOf(shape) };
  }
  const document = createDocument(
    {
      openapi: "3.1.0",
      info: {
        title: "Berth",
        version: "1.0.0",
        description:
          "Elasticsearch and OpenSearch clusters, packed onto few machines. Errors are described under /problems.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      servers: [{ url: "/", description: "The server that this document came from." }],
      tags: TAGS.map((name) => ({ name })),
      paths: paths as Paths,
      components: {
        securitySchemes: {
          apiKey: {
            type: "http",
            scheme: "bearer",
            bearerFormat: "berth_live_…",
            description: `An API key. Permissions: ${PERMISSIONS.join(", ")}.`,
          },
        },
      },
    },
    { override: leaveAnswersOpen },
  );
  openReferences(document);
  document.components = { ...document.components, headers: headersIn(document.paths) };
  return document;
}

/** A schema that is another with a description of its own: what Zod closes beside the reference would close all of the other. */
function openReferences(node: unknown): void {
  if (typeof node !== "object" || node === null) return;
  if ("$ref" in node) Reflect.deleteProperty(node, "additionalProperties");
  for (const part of Object.values(node)) openReferences(part);
}

function leaveAnswersOpen({ jsonSchema, io }: ZodOpenApiOverrideContext): void {
  // Zod bounds every integer by what a number can hold: true, and of no use to a reader.
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (io !== "output") return;
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
  if (Array.isArray(jsonSchema.enum)) {
    Object.assign(jsonSchema, { "x-extensible-enum": jsonSchema.enum });
    delete jsonSchema.enum;
  }
}

function operationOf(shape: RouteShape): Operation {
  const requestParams = {
    ...(shape.params === undefined ? {} : { path: shape.params }),
    ...(shape.query === undefined ? {} : { query: shape.query }),
    ...(shape.headers === undefined ? {} : { header: shape.headers }),
  };
  return {
    operationId: shape.operationId,
    summary: shape.summary,
    description: descriptionOf(shape),
    tags: [shape.tag],
    security: shape.permission === "public" ? [] : [{ apiKey: [] }],
    "x-permission": shape.permission,
    requestParams,
    ...(shape.deprecated === undefined ? {} : { deprecated: true }),
    parameters: headersByMechanism(shape),
    ...(shape.body === undefined
      ? {}
      : { requestBody: { required: true, content: bodyContentOf(shape.method, shape.body) } }),
    responses: { ...successesOf(shape), ...refusalsOf(shape) },
  } as Operation;
}

/** What the route says of itself, then who may call it. */
function descriptionOf(shape: RouteShape): string {
  return [shape.description, callersOf(shape)].filter((paragraph) => paragraph !== undefined).join("\n\n");
}

function callersOf({ permission, ownKey }: RouteShape): string {
  if (permission === "public") return "Takes no API key.";
  if (permission === "authenticated") return "For every API key.";
  return `Takes the permission \`${permission}\`${ownKey ? ", or the key itself" : ""}.`;
}

/** Headers that no route declares: they follow from its shape. */
function headersByMechanism(shape: RouteShape) {
  return [
    ...(shape.idempotent
      ? [
          {
            name: "Idempotency-Key",
            in: "header",
            required: !("dry_run" in (shape.query?.shape ?? {})),
            description:
              "1 to 255 visible ASCII characters. The same key and request give the same answer for 24 hours.",
            schema: { type: "string", minLength: 1, maxLength: 255, pattern: "^[\\x21-\\x7e]+$" },
          },
        ]
      : []),
    ...(isConditional(shape)
      ? [
          {
            name: "If-None-Match",
            in: "header",
            required: false,
            description: "ETags of answers that are there already: 304 when one is still true.",
            schema: { type: "string" },
          },
        ]
      : []),
  ];
}

/** A patch may say that it is one. */
function bodyContentOf(method: RouteShape["method"], schema: z.ZodType) {
  const json = { "application/json": { schema } };
  return method === "PATCH" ? { ...json, "application/merge-patch+json": { schema } } : json;
}

function successesOf(shape: RouteShape): Operation["responses"] {
  const unchanged = {
    304: { description: "Unchanged: the answer of If-None-Match is still true.", headers: ["ETag"] },
  };
  const responses = { ...shape.responses, ...(isConditional(shape) ? unchanged : {}) };
  return Object.fromEntries(
    Object.entries<RouteResponse>(responses as RouteShape["responses"]).map(([status, response]) => [
      status,
      {
        description: response.description,
        headers: headersOf(shape, response),
        ...(status === "304" ? {} : contentOf(response, shape)),
      },
    ]),
  );
}

function contentOf({ schema }: RouteResponse, { stream, file }: RouteShape) {
  if (file !== undefined) {
    // A file that is JSON holds objects and arrays, of a format that is its own.
    const schemaOf = (mediaType: string) => (mediaType === "application/json" ? {} : { type: "string" as const });
    const types = Object.values(file).map((mediaType) => [mediaType, { schema: schemaOf(mediaType) }] as const);
    return { content: Object.fromEntries(types) };
  }
  if (schema === undefined) return {};
  const json = { "application/json": { schema } };
  if (stream === undefined) return { content: json };
  const description = "Server-sent events; the data of each is an Event.";
  return { content: { ...json, "text/event-stream": { schema: { type: "string", description } as const } } };
}

function headersOf(shape: RouteShape, response: RouteResponse) {
  return referTo([
    ...headersOfAll(shape),
    ...(shape.permission === "public" ? [] : LEFT),
    ...(isConditional(shape) ? ["ETag"] : []),
    ...(response.headers ?? []),
  ]);
}

/** What is left of a key's requests: said when the key was let in, whatever comes of the request then. */
const LEFT = ["RateLimit", "RateLimit-Policy"];

/** Of a refusal that has one of these codes. A 401 may be of a key that ended after it was let in. */
function headersOfRefusal(shape: RouteShape, status: number, codes: readonly ProblemCode[]) {
  return referTo([
    ...headersOfAll(shape),
    ...(shape.permission === "public" ? [] : LEFT),
    ...(status === 401 ? ["WWW-Authenticate"] : []),
    ...(codes.some((code) => PROBLEMS[code].retryAfterS !== undefined) ? ["Retry-After"] : []),
  ]);
}

/** What every answer of a route has. */
function headersOfAll({ deprecated }: RouteShape): string[] {
  return [
    "X-Request-Id",
    ...(deprecated === undefined ? [] : ["Deprecation"]),
    ...(deprecated?.sunset === undefined ? [] : ["Sunset"]),
    ...(deprecated?.successor === undefined ? [] : ["Link"]),
  ];
}

function referTo(names: readonly string[]) {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** Those that the routes refer to: most answers have most of them. */
function headersIn(paths: unknown): Record<string, { description: string; schema: { type: "string" } }> {
  const text = JSON.stringify(paths);
  const named = Object.entries(HEADERS).filter(([name]) => text.includes(`"#/components/headers/${name}"`));
  return Object.fromEntries(named.map(([name, description]) => [name, { description, schema: { type: "string" } }]));
}

/** One response a status, naming the codes that share it. */
function refusalsOf(shape: RouteShape): Operation["responses"] {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of problemsOf(shape)) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      String(status),
      {
        description: codes.map((code) => `\`${code}\``).join(", "),
        headers: headersOfRefusal(shape, status, codes),
        content: { [PROBLEM_MEDIA_TYPE]: { schema: problemSchema } },
      },
    ]),
  );
}
