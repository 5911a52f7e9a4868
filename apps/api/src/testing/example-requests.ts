import { INVITATION_TOKEN_EXAMPLE, idExample, openApiDocument, ROUTES, type RouteShape } from "@berth/contract";
import type { IdKind } from "@berth/domain";
import type { OneOfEach } from "./one-of-each.ts";
import type { Ask, TestApi } from "./test-api.ts";

/** A request as the document shows it: where it names a thing, it has the id that stands for one of that kind. */
export interface ExampleRequest {
  readonly shape: RouteShape;
  readonly url: string;
  /** With a body alone. */
  readonly mediaType?: string;
  readonly body?: unknown;
}

interface Schema {
  readonly $ref?: string;
  readonly examples?: readonly unknown[];
}
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly schema: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/**
 * Every example request of the document: of each operation one for each example of its body, in each media type that it may
 * have, with every parameter of path and query that has an example. Throws for a path parameter or a body that has none.
 */
export function exampleRequests(): ExampleRequest[] {
  const document = JSON.parse(JSON.stringify(openApiDocument())) as Document;
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.values(operations).flatMap((operation) => {
      const shape: RouteShape = ROUTES[operation.operationId as keyof typeof ROUTES];
      const url = exampleUrl(path, operation);
      const bodies = Object.entries(operation.requestBody?.content ?? {}).flatMap(([mediaType, { schema }]) =>
        bodyExamples(document, operation, schema).map((body) => ({ shape, url, mediaType, body })),
      );
      return operation.requestBody === undefined ? [{ shape, url }] : bodies;
    }),
  );
}

function exampleUrl(path: string, { operationId, parameters = [] }: Operation): string {
  const given = new Map(
    parameters.map(({ in: where, name, schema }) => [`${where} ${name}`, schema.examples?.[0]] as const),
  );
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const example = given.get(`path ${name}`);
    if (example === undefined) throw new Error(`${operationId}: ${name} has no example`);
    return encodeURIComponent(String(example));
  });
  const query = new URLSearchParams(
    parameters
      .filter(({ in: where, schema }) => where === "query" && schema.examples !== undefined)
      .map(({ name, schema }): [string, string] => [name, String(schema.examples?.[0])]),
  );
  return query.size === 0 ? filled : `${filled}?${query}`;
}

function bodyExamples(document: Document, { operationId }: Operation, schema: Schema): readonly unknown[] {
  const named = document.components.schemas[schema.$ref?.replace("#/components/schemas/", "") ?? ""];
  const examples = (named ?? schema).examples ?? [];
  if (examples.length === 0) throw new Error(`the body of ${operationId} has no example`);
  return examples;
}

/** The request with ids of things that there are, and by somebody who may send it. */
export function fillIn(api: TestApi, request: ExampleRequest, world: OneOfEach): Ask & { readonly url: string } {
  const { shape, url, mediaType, body } = request;
  const withIds = (text: string) =>
    (Object.entries(world.ids) as [IdKind, string][])
      .reduce((filled, [kind, id]) => filled.replaceAll(idExample(kind), id), text)
      .replaceAll(INVITATION_TOKEN_EXAMPLE, world.invitationToken);
  return {
    url: withIds(url),
    ...keyFor(api, shape, world),
    ...(body === undefined ? {} : { body: JSON.parse(withIds(JSON.stringify(body))) }),
    ...(mediaType === undefined ? {} : { headers: { "content-type": mediaType } }),
  };
}

function keyFor(api: TestApi, { operationId, permission }: RouteShape, world: OneOfEach): Pick<Ask, "key"> {
  if (permission === "public") return {};
  if (operationId === "leaveOrganization") return { key: world.memberKey };
  return { key: permission.startsWith("admin:") ? api.operator.key : world.tenant.key };
}
