import { randomUUID } from "node:crypto";
import { type Permission, ROUTES, type RouteShape } from "@berth/contract";
import { ID_PREFIXES, type IdKind, permissionsOfRole, TENANT_PERMISSIONS } from "@berth/domain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { aCluster, startTestApi, type Tenant, type TestApi } from "./testing/test-api.ts";

/**
 * One tenant must never see another. Made from the route table, so a new route is swept without anybody remembering: at every
 * place where a request takes an id, a name, a cursor or a key, B gives A's, and gets what a random one gets, byte for byte.
 *
 * Swept twice: as it is, and with the application's own conditions on the organization taken out of every statement, so
 * that row-level security alone must hold.
 */

type Shape = RouteShape;
const shapes = Object.values<Shape>(ROUTES).filter(({ permission }) => permission !== "public");
const tenantShapes = shapes.filter(({ permission }) => !permission.startsWith("admin:"));

let api: TestApi;
let a: Tenant;
/** What A has, by kind of id; and its names. */
const ofA: Partial<Record<IdKind, string>> = {};
let nameOfA: string;
let cursorOfA: string;
const idempotencyKeyOfA = randomUUID();
/** Keys by principal. None of them may learn of A's cluster. */
const strangers: Record<string, string | undefined> = {};
let owner: string;
let snapshot: string;
let sent = 0;

const REACHING = ["B's owner", "B's key for one cluster", "A's key for another cluster"];
const CANARY = "canary-of-a";

beforeAll(async () => {
  api = await startTestApi();
  a = await api.newTenant({ maxClusters: 50 });
  owner = a.key;
  const b = api.stranger;
  const create = async (key: string, over: object = {}, idempotencyKey = randomUUID()) =>
    (await api.ask("POST", "/v1/clusters", { key, body: aCluster({ instances: 1, ...over }), idempotencyKey })).json();

  nameOfA = `${CANARY}-${randomUUID().slice(0, 8)}`;
  const cluster = await create(owner, { name: nameOfA, labels: { secret: CANARY } }, idempotencyKeyOfA);
  const second = await create(owner, { name: `${CANARY}-second` });
  const get = async (path: string) => (await api.ask("GET", path, { key: owner })).json();
  ofA.organization = a.organizationId;
  ofA.project = a.projectId;
  ofA.cluster = cluster.id;
  ofA.operation = cluster.current_operation.id;
  ofA.credential = cluster.initial_credential.id;
  ofA.instance = (await get(`/v1/clusters/${cluster.id}/instances`)).data[0].id;
  ofA.component = (await get(`/v1/clusters/${cluster.id}/components`)).data[0].id;
  ofA.event = (await get("/v1/events")).data[0].id;
  ofA.apiKey = (await get("/v1/me")).principal.id;
  ofA.member = (await api.newMember(a.organizationId, "viewer")).id;
  const invited = await api.ask("POST", `/v1/organizations/${a.organizationId}/invitations`, {
    key: owner,
    body: { email: `${CANARY}@example.com`, role: "viewer" },
  });
  ofA.invitation = invited.json().id;
  const [audit] = await api.owner.query<{ id: string }>(
    "select id from audit_event where organization_id = $1 limit 1",
    [a.organizationId],
  );
  ofA.auditEvent = audit?.id ?? "";
  cursorOfA = (await get("/v1/clusters?limit=1")).next_page_token;

  const bCluster = await create(b.key);
  const all = TENANT_PERMISSIONS;
  strangers.nobody = undefined;
  strangers["B's owner"] = b.key;
  strangers["B's viewer"] = await api.newKey(b.organizationId, permissionsOfRole("customer", "viewer"));
  strangers["B's key for one cluster"] = await limitedKey(b, bCluster.id);
  strangers["A's key for another cluster"] = await limitedKey(a, second.id);
  strangers["B's expired key"] = await api.newKey(b.organizationId, all, { expiresAt: new Date(Date.now() - 1000) });
  strangers["an operator who reads"] = await api.newKey(
    api.operator.organizationId,
    permissionsOfRole("platform", "operator-read"),
  );
  const suspended = await api.newTenant();
  await api.owner.query("update organization set state = 'suspended' where id = $1", [suspended.organizationId]);
  strangers["a suspended tenant"] = suspended.key;
  snapshot = await stateOfA();
});
afterAll(async () => {
  console.log(`cross-tenant sweep: ${sent} requests`);
  await api?.close();
});

async function limitedKey(tenant: Tenant, clusterId: string): Promise<string> {
  const scopes: Permission[] = ["clusters:read", "clusters:write", "clusters:delete", "clusters:credentials"];
  const key = await api.newKey(tenant.organizationId, scopes);
  await api.owner.query("update api_key set cluster_ids = array[$1] where public_id = $2", [
    clusterId,
    key.slice(11, 21),
  ]);
  return key;
}

/** All that A could see change. */
async function stateOfA(): Promise<string> {
  const rows = await Promise.all(
    ["cluster", "component", "instance", "credential", "operation", "project", "member"].map((table) =>
      api.owner.query(`select * from ${table} where organization_id in ($1) order by id`, [a.organizationId]),
    ),
  );
  return JSON.stringify(rows, (_, value) => (typeof value === "bigint" ? value.toString() : value));
}

const random = (kind: IdKind) => `${ID_PREFIXES[kind]}_01jd0v6m3p${randomSuffix()}`;
const randomSuffix = () =>
  randomUUID()
    .replaceAll("-", "")
    .replaceAll(/[^0-9a-hjkmnp-tv-z]/g, "0")
    .slice(0, 16);

const BODIES: Record<string, () => object> = {
  createCluster: () => aCluster(),
  updateCluster: () => ({ labels: { touched: "yes" } }),
  createApiKey: () => ({ name: "swept", scopes: ["clusters:read"] }),
  updateApiKey: () => ({ name: "touched" }),
  rotateApiKey: () => ({ overlap_seconds: 0 }),
};

interface Place {
  readonly route: Shape;
  readonly where: string;
  readonly kind: IdKind;
  /** The request with this id at the place. */
  readonly request: (id: string) => { url: string; body?: unknown; headers?: Record<string, string> };
}

/** The kinds of id that a field takes: it accepts a well-formed one and refuses what is none, a mere word included. */
function kindsOf(schema: z.ZodType, as: (id: string) => unknown = alone): IdKind[] {
  if (["no id at all", "word"].some((text) => schema.safeParse(as(text)).success)) return [];
  return (Object.keys(ID_PREFIXES) as IdKind[]).filter((kind) => schema.safeParse(as(random(kind))).success);
}

const alone = (id: string) => id;
const inList = (id: string) => [id];

const kindOfParam = (name: string): IdKind => {
  const [kind] = (Object.keys(ID_PREFIXES) as IdKind[]).filter(
    (one) => `${one.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_id` === name,
  );
  if (kind === undefined) throw new Error(`what kind is ${name}? Name it like the kind of id`);
  return kind;
};

function pathOf(route: Shape, ids: Readonly<Record<string, string>>): string {
  return route.path.replace(
    /\{(\w+)\}/g,
    (_, name: string) => ids[name] ?? ofA[kindOfParam(name)] ?? random(kindOfParam(name)),
  );
}

function placesOf(route: Shape): Place[] {
  const body = BODIES[route.operationId]?.();
  const base = () => ({ url: pathOf(route, {}), ...(route.body === undefined ? {} : { body: body ?? {} }) });
  const inPath = Object.keys(route.params?.shape ?? {}).map((name): Place => {
    const kind = kindOfParam(name);
    return { route, where: `{${name}}`, kind, request: (id) => ({ ...base(), url: pathOf(route, { [name]: id }) }) };
  });
  const inQuery = Object.entries<z.ZodType>((route.query?.shape ?? {}) as Record<string, z.ZodType>).flatMap(
    ([name, schema]) =>
      kindsOf(schema).map(
        (kind): Place => ({
          route,
          where: `?${name}`,
          kind,
          request: (id) => ({ ...base(), url: `${base().url}?${name}=${id}` }),
        }),
      ),
  );
  const fields = (route.body as { shape?: Record<string, z.ZodType> } | undefined)?.shape ?? {};
  const inBody = Object.entries(fields).flatMap(([name, schema]) =>
    [alone, inList].flatMap((as) =>
      kindsOf(schema, as).map(
        (kind): Place => ({
          route,
          where: `/${name}`,
          kind,
          request: (id) => ({ ...base(), body: { ...body, [name]: as(id) } }),
        }),
      ),
    ),
  );
  const inHeader: Place[] =
    route.stream === undefined
      ? []
      : [
          {
            route,
            where: "Last-Event-ID",
            kind: "event",
            request: (id) => ({ ...base(), headers: { "last-event-id": id } }),
          },
        ];
  return [...inPath, ...inQuery, ...inBody, ...inHeader];
}

const places = tenantShapes.flatMap(placesOf);

async function answerTo(place: Place, id: string, key: string | undefined): Promise<string> {
  sent += 1;
  const { url, body, headers } = place.request(id);
  const answer = await api.app.inject({
    method: place.route.method,
    url,
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(place.route.idempotent ? { "idempotency-key": randomUUID() } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  });
  const names = Object.keys(answer.headers)
    .filter((name) => name !== "etag")
    .sort();
  return `${answer.statusCode} ${names.join(" ")}\n${answer.body}`
    .replaceAll(id, "<id>")
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<request>")
    .replaceAll(/"(\w+_at|observed_at)":"[^"]*"/g, '"$1":"<time>"');
}

/** `wide`: all principals and all kinds at every place; else those whose keys reach the tables. */
function sweep({ wide }: { readonly wide: boolean }): void {
  const principals = () => Object.entries(strangers).filter(([who]) => wide || REACHING.includes(who));

  it("has places to look at: an id in the path, the query, the body and a header", () => {
    const where = new Set(places.map((place) => place.where.replace(/\w+/g, "")));
    expect(where.size).toBeGreaterThanOrEqual(4);
  });

  it("A itself finds what is A's, so that the sweep is not empty", async () => {
    const found = [];
    for (const place of places.filter(
      ({ route, where }) => route.method === "GET" && where.startsWith("{") && route.operationId !== "waitForOperation",
    )) {
      const id = ofA[place.kind];
      if (id !== undefined) found.push((await answerTo(place, id, owner)).slice(0, 3));
    }
    expect(found.length).toBeGreaterThan(5);
    expect(new Set(found)).toEqual(new Set(["200"]));
  });

  it.each(places.map((place) => [`${place.route.operationId} ${place.where} ${place.kind}`, place] as const))(
    "%s: A's id is answered like a random one",
    async (_, place) => {
      const own = ofA[place.kind] ?? random(place.kind);
      for (const [who, key] of principals()) {
        // Within its own organization a limited key may see what is not of any cluster.
        if (
          who === "A's key for another cluster" &&
          ["organization", "project", "apiKey", "auditEvent"].includes(place.kind)
        )
          continue;
        const [theirs, nobodys] = [await answerTo(place, own, key), await answerTo(place, random(place.kind), key)];
        expect(theirs, who).toBe(nobodys);
        if (who !== "A's key for another cluster") expect(theirs, who).not.toContain(CANARY);
      }
      // Ids of other kinds, by keys that pass every check before the one that counts.
      for (const [kind, id] of wide ? (Object.entries(ofA) as [IdKind, string][]) : []) {
        for (const who of ["B's owner", "B's viewer", "B's key for one cluster", "an operator who reads"]) {
          const key = strangers[who];
          expect(await answerTo(place, id, key), `${who}, ${kind}`).toBe(await answerTo(place, random(kind), key));
        }
      }
    },
  );

  it("lists, streams and cursors of others hold nothing of A's", async () => {
    for (const route of tenantShapes.filter(({ method, params }) => method === "GET" && params === undefined)) {
      for (const [who, key] of principals()) {
        if (key === undefined || who.startsWith("A's")) continue;
        const answer = await api.app.inject({ url: route.path, headers: { authorization: `Bearer ${key}` } });
        sent += 1;
        expect(answer.body, `${route.operationId} ${who}`).not.toContain(CANARY);
        for (const id of Object.values(ofA)) expect(answer.body, `${route.operationId} ${who}`).not.toContain(id);
      }
    }
    const key = strangers["B's owner"] ?? "";
    const withCursor = async (token: string) =>
      (await api.ask("GET", `/v1/clusters?limit=1&page_token=${token}`, { key })).json().code;
    expect(await withCursor(cursorOfA)).toBe("invalid_page_token");
    expect(await withCursor("AAAA")).toBe("invalid_page_token");
  });

  it("A's names and Idempotency-Keys are free for B", async () => {
    const body = aCluster({ name: nameOfA, instances: 1 });
    const b = await api.newTenant();
    const made = await api.ask("POST", "/v1/clusters", { key: b.key, body, idempotencyKey: idempotencyKeyOfA });
    expect(made.statusCode).toBe(202);
    expect(made.json().id).not.toBe(ofA.cluster);
    const named = await api.ask("GET", `/v1/clusters?name=${nameOfA}`, { key: b.key });
    expect(named.json().data.map(({ id }: { id: string }) => id)).toEqual([made.json().id]);
    sent += 2;
  });

  it("nothing of A's has changed", async () => {
    expect(await stateOfA()).toBe(snapshot);
  });
}

describe("between tenants", () => sweep({ wide: true }));

describe("between tenants, with the application's conditions on the organization taken out", () => {
  let restore: () => void;
  let rewritten = 0;
  beforeAll(() => {
    const pool = api.owner.pool as unknown as { Client: { prototype: { query: (...given: unknown[]) => unknown } } };
    const { prototype } = pool.Client;
    const { query } = prototype;
    prototype.query = function (this: unknown, first: unknown, ...rest: unknown[]) {
      const statement = first as { text?: string; name?: string };
      if (typeof statement?.text !== "string") return query.call(this, first, ...rest);
      const text = statement.text.replaceAll(/(\b\w+\.)?\borganization_id = (\$\d+)/g, "$2::text is not null");
      if (text === statement.text) return query.call(this, first, ...rest);
      rewritten += 1;
      // Prepared under another name: the connection may know the whole statement already. In place: it may be a query itself.
      Object.assign(statement, { text, name: `open_${statement.name}`.slice(0, 60) });
      return query.call(this, statement, ...rest);
    };
    restore = () => {
      prototype.query = query;
    };
  });
  afterAll(() => {
    restore();
    expect(rewritten).toBeGreaterThan(100);
  });

  sweep({ wide: false });
});

it("at least two thousand requests were compared", () => {
  expect(sent).toBeGreaterThan(2000);
});
