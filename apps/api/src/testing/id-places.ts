import { idExample, type RouteShape } from "@berth/contract";
import { ID_PREFIXES, type IdKind } from "@berth/domain";
import { z } from "zod";
import { exampleRequests } from "./example-requests.ts";

export type Ids = Readonly<Partial<Record<IdKind, string>>>;

export const ID_KINDS = Object.keys(ID_PREFIXES) as IdKind[];

/** A well-formed id of nothing. */
export const randomId = (kind: IdKind) =>
  `${ID_PREFIXES[kind]}_01jd0v6m3p${Array.from({ length: 16 }, () => ALPHABET[Math.trunc(Math.random() * 32)]).join("")}`;
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

export interface Sent {
  readonly url: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where a request takes an id. */
export interface Place {
  readonly route: RouteShape;
  readonly where: string;
  readonly kind: IdKind;
  /** Whether the request names anything else. */
  readonly isAlone: boolean;
  /** The request with this id at the place, and with the given ones wherever else it names something. */
  readonly request: (id: string, others: Ids) => Sent;
}

/** A request whose texts have `HERE` at the place, and the document's examples of ids at every other. */
interface Template extends Sent {
  readonly route: RouteShape;
}

const HERE = "<here>";
const NO_IDS = ["no id at all", "word"];

/** The example requests of a route; one without ids in its query. */
export function templatesOf(route: RouteShape): Template[] {
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => idExample(kindOfParam(name)));
  const bodies = exampleBodies(route);
  if (bodies.length === 0) return [{ route, url: path }];
  return bodies.map((body) => ({ route, url: path, body: JSON.stringify(body) }));
}

export function fill(template: Sent, others: Ids, id = ""): Sent {
  const filled = (text: string) =>
    ID_KINDS.reduce((so, kind) => so.replaceAll(idExample(kind), others[kind] ?? idExample(kind)), text).replaceAll(
      HERE,
      id,
    );
  const { url, body, headers } = template;
  return {
    url: filled(url),
    ...(body === undefined ? {} : { body: filled(body) }),
    ...(headers === undefined ? {} : { headers: JSON.parse(filled(JSON.stringify(headers))) }),
  };
}

/** Every place of a route's path, query, headers and body, however deep, that takes a well-formed id and refuses what is none. */
export function placesOf(route: RouteShape): Place[] {
  const templates = templatesOf(route);
  const [template] = templates;
  if (template === undefined) throw new Error(`${route.operationId} has no request`);
  const place = (where: string, kind: IdKind, at: Sent): Place => {
    const isAlone = !ID_KINDS.some((one) => `${at.url} ${at.body}`.includes(idExample(one)));
    return { route, where, kind, isAlone, request: (id, others) => fill(at, others, id) };
  };
  const inPath = Object.keys(route.params?.shape ?? {}).map((name) => {
    const kind = kindOfParam(name);
    return place(`{${name}}`, kind, { ...template, url: template.url.replace(idExample(kind), HERE) });
  });
  const inQuery = queryOf(route).flatMap(([name, schema]) =>
    kindsOf((id) => schema.safeParse(id).success).map((kind) =>
      place(`?${name}`, kind, { ...template, url: `${template.url}?${name}=${HERE}` }),
    ),
  );
  const inBody = pointersOf(route).flatMap((pointer) =>
    ID_KINDS.flatMap((kind) => {
      for (const { url, body } of templates) {
        const put = (value: string) => withValue(JSON.parse(body ?? "{}"), pointer, value);
        const takes = (value: string) => route.body?.safeParse(put(value)).success === true;
        if (takes(randomId(kind)) && !NO_IDS.some(takes)) {
          return [place(`/${pointer.join("/")}`, kind, { url, body: JSON.stringify(put(HERE)) })];
        }
      }
      return [];
    }),
  );
  const inHeader =
    route.stream === undefined
      ? []
      : [place("Last-Event-ID", "event", { ...template, headers: { "last-event-id": HERE } })];
  return [...inPath, ...inQuery, ...inBody, ...inHeader];
}

/** The fields of a route's query that take free text, and which of these texts each takes: names, addresses, ids of any kind. */
export function textFieldsOf(route: RouteShape, texts: readonly string[]): { name: string; texts: string[] }[] {
  return queryOf(route)
    .filter(([name, schema]) => name !== "page_token" && kindsOf((id) => schema.safeParse(id).success).length === 0)
    .map(([name, schema]) => ({ name, texts: texts.filter((text) => schema.safeParse(text).success) }))
    .filter((one) => one.texts.length > 0);
}

function queryOf(route: RouteShape): [string, z.ZodType][] {
  return Object.entries((route.query?.shape ?? {}) as Record<string, z.ZodType>);
}

function kindsOf(takes: (id: string) => boolean): IdKind[] {
  return NO_IDS.some(takes) ? [] : ID_KINDS.filter((kind) => takes(randomId(kind)));
}

export function kindOfParam(name: string): IdKind {
  const kind = ID_KINDS.find(
    (one) => `${one.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_id` === name,
  );
  if (kind === undefined) throw new Error(`what kind is ${name}? Name it like the kind of id`);
  return kind;
}

let examples: ReturnType<typeof exampleRequests> | undefined;

function exampleBodies(route: RouteShape): unknown[] {
  examples ??= exampleRequests();
  const own = examples.filter(({ shape, body }) => shape.operationId === route.operationId && body !== undefined);
  return [...new Map(own.map(({ body }) => [JSON.stringify(body), body])).values()];
}

interface JsonSchema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}
type Pointer = readonly (string | number)[];

/** Where a body can have a text. */
function pointersOf({ body }: RouteShape): Pointer[] {
  if (body === undefined) return [];
  const root = z.toJSONSchema(body, { io: "input", unrepresentable: "any" }) as JsonSchema;
  const walk = (schema: JsonSchema, at: Pointer): Pointer[] => {
    const named = root.$defs?.[schema.$ref?.replace("#/$defs/", "") ?? ""];
    if (named !== undefined) return walk(named, at);
    return [
      ...(schema.type === "string" ? [at] : []),
      ...Object.entries(schema.properties ?? {}).flatMap(([name, one]) => walk(one, [...at, name])),
      ...(schema.items === undefined ? [] : walk(schema.items, [...at, 0])),
      ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])].flatMap((one) => walk(one, at)),
    ];
  };
  return walk(root, []);
}

function withValue(into: unknown, [step, ...rest]: Pointer, value: string): unknown {
  if (step === undefined) return value;
  if (typeof step === "number") {
    const list = Array.isArray(into) ? into : [];
    return [withValue(list[step], rest, value)];
  }
  const object = (typeof into === "object" && into !== null ? into : {}) as Record<string, unknown>;
  return { ...object, [step]: withValue(object[step], rest, value) };
}
