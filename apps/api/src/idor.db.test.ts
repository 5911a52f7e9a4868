import { randomBytes, randomUUID } from "node:crypto";
import { type Permission, ROUTES, type RouteShape } from "@berth/contract";
import { ID_PREFIXES, type IdKind, permissionsOfRole, TENANT_PERMISSIONS } from "@berth/domain";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createInvitationTokens } from "./invitations/token.ts";
import {
  fill,
  ID_KINDS,
  type Ids,
  placesOf,
  randomId,
  type Sent,
  templatesOf,
  textFieldsOf,
} from "./testing/id-places.ts";
import { type OneOfEach, oneOfEach, stopCluster } from "./testing/one-of-each.ts";
import { playWorker } from "./testing/play-worker.ts";
import { aCluster, startTestApi, type Tenant, type TestApi } from "./testing/test-api.ts";

/**
 * One tenant must never see another. Made from the route table, so a new route is swept without anybody remembering: at every
 * place where a request takes an id, a name, a cursor or a key, everybody who is not A gives A's, and gets what a random one
 * gets, byte for byte.
 *
 * Swept twice: as it is, and with the application's own conditions on the organization taken out of every statement, so
 * that row-level security alone must hold.
 */

type Shape = RouteShape;
const shapes = Object.values<Shape>(ROUTES);
const isAdmin = ({ permission }: Shape) => permission.startsWith("admin:");
const tenantShapes = shapes.filter((shape) => shape.permission !== "public" && !isAdmin(shape));
const places = shapes.flatMap(placesOf);
const lists = shapes.filter(({ query }) => query !== undefined && "page_token" in query.shape);
const creating = shapes.filter(({ idempotent, permission }) => idempotent === true && permission !== "public");
const renaming = tenantShapes.filter((shape) => shape.method === "PATCH" && nameFieldOf(shape) !== undefined);

interface Stranger {
  readonly who: string;
  readonly key: string | undefined;
  /** What is theirs, by kind: where a request names more than A's thing. */
  readonly ids: Ids;
  /** In A's organization, and held to another cluster of it. */
  readonly isInA?: true;
  /** Reads by admin routes: what is every tenant's is shown there by right. */
  readonly permissions?: readonly Permission[];
}

/** What A has taken: a name with an Idempotency-Key, and another name. */
interface Taken {
  readonly idempotencyKey: string;
  readonly name: string;
  readonly other: string;
}

let api: TestApi;
let baseUrl: string;
let a: Tenant;
let ofA: Ids;
/** Every text by which something of A's could be asked for. */
let textsOfA: string[];
let secondOfA: string;
let tokenOfA: string;
let revokedTokenOfA: string;
const cursorsOfA = new Map<string, string>();
/** By route, for each of the two sweeps. */
const takenByA = [new Map<string, Taken>(), new Map<string, Taken>()];
const strangers: Stranger[] = [];
let snapshot: string;
let sent = 0;

const CANARY = "canary-of-a";

beforeAll(async () => {
  api = await startTestApi({ heartbeatMs: 50 });
  baseUrl = await api.app.listen({ port: 0, host: "127.0.0.1" });
  const [worldOfA, b, c] = await Promise.all([oneOfEach(api), oneOfEach(api), oneOfEach(api)]);
  a = worldOfA.tenant;
  ofA = worldOfA.ids;
  tokenOfA = worldOfA.invitationToken;
  const second = await fillA(worldOfA);

  const limited = async (tenant: Tenant, cluster: string | undefined) =>
    api.newKey(tenant.organizationId, ["clusters:read", "clusters:write", "clusters:delete", "clusters:credentials"], {
      clusterIds: [cluster as never],
    });
  const viewer = permissionsOfRole("customer", "viewer");
  const reader = permissionsOfRole("platform", "operator-read");
  const suspended = await oneOfEach(api);
  await api.owner.query("update organization set state = 'suspended' where id = $1", [suspended.tenant.organizationId]);
  // A remembered key is asked for again within seconds: no comparison may stand across that moment.
  const asSuspended = () => api.ask("GET", "/v1/clusters", { key: suspended.tenant.key });
  await vi.waitFor(async () => expect((await asSuspended()).statusCode).toBe(403), { timeout: 20_000 });
  const orgB = b.tenant.organizationId;
  const expiresAt = new Date(Date.now() - 1000);
  strangers.push(
    { who: "nobody", key: undefined, ids: b.ids },
    { who: "B's owner", key: b.tenant.key, ids: b.ids },
    { who: "B's viewer", key: await api.newKey(orgB, viewer), ids: b.ids },
    { who: "C's key for one cluster", key: await limited(c.tenant, c.ids.cluster), ids: c.ids },
    { who: "A's key for another cluster", key: await limited(a, second.cluster), ids: second, isInA: true },
    { who: "B's expired key", key: await api.newKey(orgB, TENANT_PERMISSIONS, { expiresAt }), ids: b.ids },
    {
      who: "an operator who reads",
      key: await api.newKey(api.operator.organizationId, reader),
      ids: { ...b.ids, organization: api.operator.organizationId, project: api.operator.projectId },
      permissions: reader,
    },
    { who: "a suspended tenant", key: suspended.tenant.key, ids: suspended.ids },
  );
  snapshot = await stateOfA();
}, 60_000);
afterAll(async () => {
  console.log(`cross-tenant sweep: ${sent} requests`);
  await api?.close();
});

/** Gives A two of everything that is listed, names with a canary, and what its names and keys are taken for. Gives its second cluster. */
async function fillA({ ids, tenant }: OneOfEach): Promise<Ids> {
  const { key, organizationId } = tenant;
  const ask = async (method: string, path: string, body?: object, idempotencyKey?: string) => {
    const answer = await api.ask(method, path, {
      key,
      ...(body === undefined ? {} : { body }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
    expect(answer.statusCode, answer.body).toBeLessThan(300);
    return answer.body === "" ? undefined : answer.json();
  };
  const invitations = `/v1/organizations/${organizationId}/invitations`;
  const name = `${CANARY}-${randomUUID().slice(0, 8)}`;
  await ask("PATCH", `/v1/organizations/${organizationId}`, { name });
  await ask("PATCH", `/v1/clusters/${ids.cluster}`, { name, labels: { secret: CANARY } });
  await ask("PATCH", `/v1/projects/${ids.project}`, { name });
  await ask("PATCH", `/v1/api_keys/${ids.apiKey}`, { name });
  await ask("POST", invitations, { email: `${CANARY}@example.com`, role: "viewer" });
  const revoked = await ask("POST", invitations, { email: `${CANARY}-2@example.com`, role: "viewer" });
  await ask("DELETE", `${invitations}/${revoked.id}`);
  revokedTokenOfA = revoked.token;
  const member = await api.newMember(tenant.organizationId, "viewer");

  const made = await ask("POST", "/v1/clusters", aCluster({ instances: 1, name: `${CANARY}-second` }));
  const ended = { state: "running", health: "green", ended: "succeeded" } as const;
  await playWorker(api, made.id, ended);
  for (const taken of takenByA) {
    const stopped = await ask("POST", "/v1/clusters", aCluster({ instances: 1 }));
    await playWorker(api, stopped.id, ended);
    await stopCluster(api, { ids: { cluster: stopped.id }, tenant } as never);
    for (const route of creating.filter((one) => !isAdmin(one))) {
      const { operationId } = route;
      const mine: Taken = { idempotencyKey: randomUUID(), name: aName(), other: aName() };
      taken.set(operationId, mine);
      const own = operationId === "restoreCluster" ? { ...ids, cluster: stopped.id } : ids;
      for (const [named, idempotencyKey] of [
        [mine.name, mine.idempotencyKey],
        [mine.other, randomUUID()],
      ] as const) {
        if (named === mine.other && nameFieldOf(route) === undefined) continue;
        const { url, body } = requestFor(route, own, named);
        await ask("POST", url, body === undefined ? undefined : JSON.parse(body), idempotencyKey);
        if (operationId === "createCredential") await playWorker(api, ids.cluster ?? "", ended);
      }
    }
  }

  const get = async (path: string) => ask("GET", path);
  const component = (await get(`/v1/clusters/${ids.cluster}/components`)).data[0].id;
  Object.assign(ids, { component });
  for (const list of lists) {
    const { url } = fill(templatesOf(list)[0] as Sent, ids);
    const page = isAdmin(list)
      ? (await api.ask("GET", `${url}?limit=1`, { key: api.operator.key })).json()
      : await get(`${url}?limit=1`);
    if (page.next_page_token !== null) cursorsOfA.set(list.operationId, page.next_page_token);
  }
  textsOfA = [...Object.values(ids), name, CANARY, `secret:${CANARY}`, `${CANARY}@example.com`, member.email];
  secondOfA = made.id;
  return {
    ...ids,
    cluster: made.id,
    operation: made.current_operation.id,
    credential: made.initial_credential.id,
    instance: (await get(`/v1/clusters/${made.id}/instances`)).data[0].id,
    event: (await get(`/v1/events?target_id=${made.id}`)).data[0].id,
    component: (await get(`/v1/clusters/${made.id}/components`)).data[0].id,
  };
}

const aName = () => `name-${randomBytes(4).toString("hex")}`;

/** The field of a route's body that names what is made. */
function nameFieldOf({ body }: Shape): "name" | "username" | "email" | undefined {
  const shape = (body as { shape?: object } | undefined)?.shape ?? {};
  return (["name", "username", "email"] as const).find((field) => field in shape);
}

/** The route's example, with ids and a name. */
function requestFor(route: Shape, ids: Ids, name: string): Sent {
  const template = templatesOf(route)[0] as Sent;
  const field = nameFieldOf(route);
  const filled = fill(template, ids);
  if (field === undefined || filled.body === undefined) return filled;
  const body = JSON.parse(filled.body);
  const smaller = "instances" in body ? { instances: 1 } : {};
  const text = field === "email" ? `${name}@example.com` : name;
  return { ...filled, body: JSON.stringify({ ...body, ...smaller, [field]: text }) };
}

/** All that A could see change. */
async function stateOfA(): Promise<string> {
  const rows = await Promise.all(
    ["cluster", "component", "instance", "credential", "operation", "project", "member", "invitation", "api_key"].map(
      (table) =>
        // But for when its keys were used, and for the cluster that a key of A's may change.
        api.owner.query(
          `select to_jsonb(t) - 'last_used_at' - 'last_used_from' as row from ${table} t
            where organization_id in ($1) and strpos(to_jsonb(t)::text, $2) = 0 order by id`,
          [a.organizationId, secondOfA],
        ),
    ),
  );
  return JSON.stringify(rows);
}

/** As many at a time as keep the API busy, and none waiting for a connection until it is refused. */
const lanes = { free: 8, waiting: [] as (() => void)[] };

async function send(method: Shape["method"], request: Sent, key: string | undefined) {
  sent += 1;
  if (lanes.free > 0) lanes.free -= 1;
  else await new Promise<void>((resolve) => lanes.waiting.push(resolve));
  try {
    return await inject(method, request, key);
  } finally {
    const next = lanes.waiting.shift();
    if (next === undefined) lanes.free += 1;
    else next();
  }
}

function inject(method: Shape["method"], { url, body, headers }: Sent, key: string | undefined) {
  return api.app.inject({
    method,
    url,
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { payload: body }),
  });
}

/** What differs between any two answers; and the length, which the bodies compared say better. */
const OF_THE_MOMENT = new Set(["date", "x-request-id", "content-length", "ratelimit", "connection", "keep-alive"]);

/** An answer as text, without what was asked for, the request's id and the time. */
function bytesOf(status: number, headers: Iterable<[string, unknown]>, body: string, given: string): string {
  const said = [...headers].filter(([name]) => !OF_THE_MOMENT.has(name)).map(([name, value]) => `${name}: ${value}\n`);
  return `${status}\n${said.sort().join("")}\n${body.replaceAll(',"', ',\n"')}`
    .replaceAll(given, "<given>")
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<request>")
    .replaceAll(/"(\w+_at)":"[^"]*"/g, '"$1":"<time>"');
}

async function answerTo(route: Shape, request: Sent, given: string, key: string | undefined): Promise<string> {
  const idempotent = route.idempotent ? { "idempotency-key": randomUUID() } : {};
  const answer = await send(route.method, { ...request, headers: { ...idempotent, ...request.headers } }, key);
  // A file's ETag is made of its filter too.
  const headers = Object.entries(answer.headers).filter(([name]) => route.file === undefined || name !== "etag");
  return bytesOf(answer.statusCode, headers, answer.body, given);
}

/** Whether an admin route shows this stranger what is A's by right. */
const maySee = ({ permission }: Shape, { permissions }: Stranger) =>
  permission.startsWith("admin:") && permissions?.includes(permission as Permission) === true;

/** Within its own organization a limited key may see what is not of any cluster. */
const isOfBoth = (kind: IdKind, { isInA }: Stranger) =>
  isInA === true && ["organization", "project", "apiKey", "auditEvent"].includes(kind);

const each = <T>(all: Iterable<T>, check: (one: T) => Promise<void>) => Promise.all([...all].map(check));

function sweep(pass: number): void {
  it("has places to look at: an id in the path, the query, a header and the body, in lists and in entries of lists", () => {
    const found = new Set(places.map(({ route, where }) => `${route.operationId} ${where}`));
    expect([...found]).toEqual(
      expect.arrayContaining([
        "getInstance {instance_id}",
        "listOperations ?cluster_id",
        "listEvents Last-Event-ID",
        "createCluster /project_id",
        "createEstimate /project_id",
        "createEstimate /clusters/0/project_id",
        "createApiKey /project_ids/0",
        "updateApiKey /cluster_ids/0",
        "createPool /kube_id",
        "getAnyOrganization {organization_id}",
      ]),
    );
    expect(strangers).toHaveLength(8);
  });

  it("A itself finds what is A's, so that the sweep is not empty", async () => {
    const found = places.filter(({ route, where }) => route.method === "GET" && where.startsWith("{"));
    const own = found.filter(({ route }) => !isAdmin(route) && route.longPoll === undefined);
    const statuses = own.map(async ({ kind, request, route }) => {
      const id = ofA[kind] ?? "";
      return `${route.operationId} ${(await answerTo(route, request(id, ofA), id, a.key)).slice(0, 3)}`;
    });
    expect(own.length).toBeGreaterThan(15);
    expect(await Promise.all(statuses)).toEqual(own.map(({ route }) => `${route.operationId} 200`));
  });

  it.each(places.map((place) => [`${place.route.operationId} ${place.where} ${place.kind}`, place] as const))(
    "%s: A's id is answered like a random one, and so are A's ids of other kinds",
    async (_, { route, kind, isAlone, request }) => {
      const own = ofA[kind] ?? randomId(kind);
      const compare = async (stranger: Stranger) => {
        if (maySee(route, stranger)) return;
        const { who, key, ids, isInA } = stranger;
        const ask = (id: string, others: Ids) => answerTo(route, request(id, others), id, key);
        for (const others of isOfBoth(kind, stranger) ? [] : isAlone ? [ids] : [ids, ofA]) {
          const [theirs, nobodys] = await Promise.all([ask(own, others), ask(randomId(kind), others)]);
          expect(theirs, who).toBe(nobodys);
          if (!isInA) expect(theirs, who).not.toContain(CANARY);
        }
        const unfit = await ask(randomId(kind === "cluster" ? "release" : "cluster"), ids);
        await each(Object.entries(ofA) as [IdKind, string][], async ([other, id]) => {
          if (other !== kind) expect(await ask(id, ids), `${who}, ${other}`).toBe(unfit);
        });
      };
      await each(strangers, compare);
    },
  );

  it("what a list is asked for by A's names, addresses and ids is answered as by random ones", async () => {
    const asked: string[] = [];
    const all = [...textsOfA, ...[...(takenByA[pass]?.values() ?? [])].map(({ name }) => name)];
    await each(shapes, async (route) => {
      if (route.method !== "GET") return;
      const url = (ids: Ids) => fill(templatesOf(route)[0] as Sent, ids).url;
      for (const { name, texts } of textFieldsOf(route, all)) {
        asked.push(`${route.operationId} ${name}`);
        await each(strangers, async (stranger) => {
          if (maySee(route, stranger)) return;
          const { who, key, ids, isInA } = stranger;
          const ask = (text: string) =>
            answerTo(route, { url: `${url(ids)}?${name}=${encodeURIComponent(text)}` }, text, key);
          const nobodys = ask(randomId("cluster"));
          await each(texts, async (text) => {
            // A key within A may know what is not of a cluster.
            const kind = ID_KINDS.find((one) => ofA[one] === text);
            if (isInA && (kind === undefined || isOfBoth(kind, stranger))) return;
            const fresh = text.replace(/[\w-]{6}(?=@|$)/, aName().slice(-6));
            const none = kind === undefined ? ask(fresh) : nobodys;
            expect(await ask(text), `${route.operationId} ${name} ${who} ${text}`).toBe(await none);
          });
        });
      }
    });
    expect(asked).toEqual(
      expect.arrayContaining([
        "listEvents target_id",
        "listClusters name",
        "listMembers email",
        "listAuditEvents actor",
      ]),
    );
  }, 120_000);

  it("lists of others hold nothing of A's", async () => {
    const secrets = [CANARY, ...Object.entries(ofA).flatMap(([kind, id]) => (isShared(kind) ? [] : [id]))];
    await each(tenantShapes, async (route) => {
      if (route.method !== "GET" || route.longPoll) return;
      await each(strangers, async ({ who, key, ids, isInA }) => {
        if (isInA) return;
        const { body } = await send("GET", fill(templatesOf(route)[0] as Sent, ids), key);
        for (const secret of secrets) expect(body, `${route.operationId} ${who}`).not.toContain(secret);
      });
    });
  });

  it("A's cursors are answered like forged ones, on every list", async () => {
    const without = lists.filter((list) => !isAdmin(list) && !cursorsOfA.has(list.operationId));
    expect(without.map(({ operationId }) => operationId)).toEqual([]);
    await each(lists, async (list) => {
      const cursor = cursorsOfA.get(list.operationId) ?? cursorsOfA.get("listClusters") ?? "";
      const forged = randomBytes(cursor.length).toString("base64url").slice(0, cursor.length);
      await each(strangers, async (stranger) => {
        const { who, key, ids, isInA } = stranger;
        if (maySee(list, stranger)) return;
        for (const others of list.path.includes("{") ? [ids, ofA] : [ids]) {
          const { url } = fill(templatesOf(list)[0] as Sent, others);
          const ask = (token: string) => answerTo(list, { url: `${url}?limit=1&page_token=${token}` }, token, key);
          const [theirs, nobodys] = await Promise.all([ask(cursor), ask(forged)]);
          // A place in A's own lists, which a key within A goes on from: to what it may see.
          if (isInA) expect(theirs, who).not.toContain(ofA.cluster);
          else expect(theirs, `${list.operationId} ${who}`).toBe(nobodys);
        }
      });
    });
  });

  it("streams: A's ids open what random ones open, and nothing of A's comes, also when something happens to A", async () => {
    const streams = shapes.filter(({ stream }) => stream !== undefined);
    const spots = places.filter(({ route }) => route.stream !== undefined);
    const following: { at: string; theirs: Followed; nobodys: Followed; isInA: boolean }[] = [];
    const ends = new AbortController();
    const open = (request: Sent, key: string | undefined, given: string) => follow(request, key, given, ends.signal);
    const start = async (
      at: string,
      { key, isInA }: Stranger,
      request: (id: string) => Sent,
      [own, none]: string[],
    ) => {
      const [theirs, nobodys] = await Promise.all([own ?? "", none ?? ""].map((id) => open(request(id), key, id)));
      if (theirs !== undefined && nobodys !== undefined) following.push({ at, theirs, nobodys, isInA: isInA === true });
    };
    await each(strangers, async (stranger) => {
      for (const { route, where, kind, isAlone, request } of spots) {
        for (const others of isAlone ? [stranger.ids] : [stranger.ids, ofA]) {
          const ids = [ofA[kind] ?? "", randomId(kind)];
          await start(`${route.operationId} ${where} ${stranger.who}`, stranger, (id) => request(id, others), ids);
        }
      }
      for (const route of streams) {
        for (const { name } of textFieldsOf(route, [ofA.cluster ?? ""])) {
          const { url } = fill(templatesOf(route)[0] as Sent, stranger.ids);
          const ids = [ofA.cluster ?? "", randomId("cluster")];
          await start(`${url} ${name} ${stranger.who}`, stranger, (id) => ({ url: `${url}?${name}=${id}` }), ids);
        }
      }
    });
    const ofTheirOwn = await open({ url: `/v1/events?operation_id=${ofA.operation}` }, a.key, "none");
    const [id] = await Promise.all([happenToA()]);
    await ofTheirOwn.until((text) => text.includes(id));
    await each(following, async ({ theirs, nobodys }) => {
      await Promise.all([theirs.twoBeats(), nobodys.twoBeats()]);
    });
    ends.abort();
    const opened = following.filter(({ theirs }) => theirs.text().startsWith("200\n"));
    expect(opened.length).toBeGreaterThan(5);
    for (const { at, theirs, nobodys } of following) {
      expect(theirs.text(), at).toBe(nobodys.text());
      expect(theirs.text(), at).not.toContain(id);
    }
  });

  it("A's names and Idempotency-Keys are free for others, on every route that makes or names something", async () => {
    const outcomes = new Map<string, Set<number>>();
    await each(strangers, async (stranger) => {
      const { who, key, ids, isInA } = stranger;
      // Names of clusters and projects are an organization's, of credentials a cluster's: those of one that a key cannot reach too.
      for (const route of isInA ? [ROUTES.createCredential] : [...renaming, ...creating]) {
        const { operationId } = route;
        const taken =
          takenByA[pass]?.get(operationId.replace(/^update/, "create")) ?? takenByA[pass]?.values().next().value;
        if (taken === undefined) throw new Error("A has taken nothing");
        const ask = async (name: string, idempotencyKey: string, others = ids) => {
          const request = requestFor(route, others, name);
          const headers = route.idempotent ? { "idempotency-key": idempotencyKey } : {};
          const answer = await send(route.method, { ...request, headers }, key);
          if (answer.statusCode < 300 && operationId === "createCredential") {
            await playWorker(api, ids.cluster ?? "", { ended: "succeeded" });
          }
          outcomes.set(operationId, (outcomes.get(operationId) ?? new Set()).add(answer.statusCode));
          return alike(bytesOf(answer.statusCode, Object.entries(answer.headers), answer.body, name));
        };
        const at = `${operationId} ${who}`;
        const free = await ask(aName(), randomUUID());
        expect(await ask(taken.other, randomUUID()), `${at}: a name`).toBe(free);
        // Renamed once more, so that the name is free again for what they make.
        if (route.method === "PATCH") await ask(aName(), randomUUID());
        // An Idempotency-Key is its organization's.
        if (isInA || !route.idempotent) continue;
        // With A's ids first, which is refused: a success would make the key theirs.
        if (route.path.includes("{")) {
          const refused = await ask(aName(), randomUUID(), ofA);
          expect(await ask(taken.name, taken.idempotencyKey, ofA), `${at}: a key and A's ids`).toBe(refused);
        }
        expect(await ask(taken.name, taken.idempotencyKey), `${at}: a key`).toBe(free);
      }
    });
    const made = [...outcomes].filter(([, statuses]) => [...statuses].some((status) => status < 300));
    const never = [...creating, ...renaming]
      .map(({ operationId }) => operationId)
      .filter((id) => !made.some(([one]) => one === id));
    expect(never.filter((id) => !isAdmin(ROUTES[id as keyof typeof ROUTES]))).toEqual(["restoreCluster"]);
  });

  it("routes without a key take nothing but an invitation's token; A's ids and dead tokens are answered like made-up ones", async () => {
    const open = shapes.filter(
      ({ permission, params, query, body }) => permission === "public" && (params ?? query ?? body),
    );
    expect(open.map(({ operationId }) => operationId)).toEqual(["acceptInvitation"]);
    const tokens = createInvitationTokens(randomBytes(32));
    const dead = [revokedTokenOfA, ...Object.values(ofA), tokenOfA.slice(0, -1), `${tokenOfA}0`];
    await each(strangers, async ({ who, key }) => {
      const ask = (token: string, idempotencyKey: string = randomUUID()) => {
        const request = { url: "/v1/invitations/accept", body: JSON.stringify({ token, name: "Somebody" }) };
        return answerTo(
          ROUTES.acceptInvitation,
          { ...request, headers: { "idempotency-key": idempotencyKey } },
          token,
          key,
        );
      };
      const unknown = await ask(tokens.make().text);
      await each(dead, async (token) => expect(await ask(token), `${who} ${token}`).toBe(unknown));
      for (const { idempotencyKey } of takenByA[pass]?.values() ?? []) {
        expect(await ask(tokens.make().text, idempotencyKey), who).toBe(unknown);
      }
    });
  });

  it("nothing of A's has changed", async () => {
    expect(await stateOfA()).toBe(snapshot);
  });
}

const isShared = (kind: string) => kind === "kube" || kind === "pool" || kind === "machine";

/** Without what is new in each answer: the ids, secrets, zones and versions of what was made. */
function alike(text: string): string {
  return text
    .replaceAll(ANY_ID, "$1_<id>")
    .replaceAll(/"(password|hint|key|prefix|token)":"[^"]*"/g, '"$1":"<new>"')
    .replaceAll(/"zones":\["[^\]]*\]/g, '"zones":[]')
    .replaceAll(/"generation":\d+/g, '"generation":0')
    .replaceAll(/^etag: .*$/gm, "etag: <version>");
}
const ANY_ID = new RegExp(`(${Object.values(ID_PREFIXES).join("|")})_[0-7][0-9a-hjkmnp-tv-z]{25}`, "g");

/** Something happens to A's operation. */
async function happenToA(): Promise<string> {
  const id = randomId("event");
  await api.owner.query(
    `insert into event (id, organization_id, type, target_type, target_id, operation_id, data)
     values ($1, $2, 'cluster.touched', 'cluster', $3, $4, '{}')`,
    [id, a.organizationId, ofA.cluster, ofA.operation],
  );
  return id;
}

interface Followed {
  /** What came, without heartbeats. */
  readonly text: () => string;
  readonly until: (enough: (text: string) => boolean) => Promise<void>;
  /** Resolves after two more heartbeats, or at the end: what was under way has come. */
  readonly twoBeats: () => Promise<void>;
}

const BEAT = ": heartbeat\n\n";

/** Opens a stream as a client does. Resolves when the headers and the first bytes are here; goes on until the signal. */
async function follow(
  { url, headers }: Sent,
  key: string | undefined,
  given: string,
  signal: AbortSignal,
): Promise<Followed> {
  sent += 1;
  const authorization = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const answer = await fetch(baseUrl + url, {
    headers: { accept: "text/event-stream", ...authorization, ...headers },
    signal,
  });
  let text = "";
  let ended = false;
  let wake = () => {};
  const chunks = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  void (async () => {
    for (;;) {
      const chunk = await chunks?.read().catch(() => undefined);
      if (chunk?.value === undefined) break;
      text += chunk.value;
      wake();
    }
    ended = true;
    wake();
  })();
  const until = async (enough: (text: string) => boolean) => {
    while (!ended && !enough(text)) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const beats = () => text.split(BEAT).length;
  await until((so) => so.length > 0);
  return {
    text: () => bytesOf(answer.status, answer.headers, text.replaceAll(BEAT, ""), given),
    until,
    twoBeats: () => {
      const first = beats();
      return until(() => beats() >= first + 2);
    },
  };
}

describe("between tenants", () => sweep(0));

describe("between tenants, with the application's conditions on the organization taken out", () => {
  let restore: () => void;
  let rewritten = 0;
  beforeAll(() => {
    const pool = api.owner.pool as unknown as {
      Client: { prototype: { query: (...given: unknown[]) => unknown } };
      _clients: unknown[];
    };
    const { prototype } = pool.Client;
    const { query } = prototype;
    prototype.query = function (this: unknown, first: unknown, ...rest: unknown[]) {
      const statement = first as { text?: string; name?: string };
      // The test's own statements are a superuser's: nothing else would hold them.
      if (typeof statement?.text !== "string" || pool._clients.includes(this)) return query.call(this, first, ...rest);
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

  sweep(1);
});

it("at least ten thousand requests were compared", () => {
  expect(sent).toBeGreaterThan(10_000);
});
