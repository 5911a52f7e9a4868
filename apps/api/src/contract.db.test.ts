import { isConditional, PROBLEMS, problemsOf, ROUTES, type RouteShape } from "@berth/contract";
import { createDatabase as createTestDatabase, type TestDatabase } from "@berth/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Assembly, assembleApi } from "./assemble-api.ts";
import { type ExampleRequest, exampleRequests, fillIn } from "./testing/example-requests.ts";
import {
  loseReservationPurchase,
  type OneOfEach,
  oneOfEach,
  setRebalanceState,
  stopCluster,
} from "./testing/one-of-each.ts";
import { HARMLESS, OWN_PROBLEMS } from "./testing/own-problems.ts";
import {
  afterAnother,
  type BadKeys,
  badKeys,
  SHAPE_PROBLEMS,
  type Wrong,
  whileInFlight,
} from "./testing/shape-problems.ts";
import { asking, startTestApi, type TestApi } from "./testing/test-api.ts";

/**
 * What the contract says is what is answered, and all of it: every example of the document is sent and succeeds, and every
 * status and problem code that a route documents is answered by it once, in this file.
 *
 * How the codes are provoked, by the only reason that a request has to be refused here:
 * - those that follow from a route's shape by one recipe a code, the same for all routes (testing/shape-problems.ts);
 * - `internal` and `overloaded` by an API whose database is empty or away, `rate_limited` by one whose keys have one request:
 *   they come from what stands before the handler, so that a handler's own failures are not among what is shown;
 * - those that a route names itself by a recipe a route and code (testing/own-problems.ts).
 *
 * That an answer is one of those documented, with the right schema and status, is held by the harness for every request.
 */

const shapes = Object.values<RouteShape>(ROUTES);
const named = (list: readonly RouteShape[]) => list.map((shape) => [shape.operationId, shape] as const);
const requests = exampleRequests();

let api: TestApi;
let world: OneOfEach;
let keys: BadKeys;
/** Every `operation status code` that was answered, by whichever API. */
const seen = new Set<string>();
let ask: TestApi["ask"];

let empty: TestDatabase;
const others: { assembly: Assembly; ask: TestApi["ask"] }[] = [];

beforeAll(async () => {
  api = await startTestApi({ idempotencyWaitMs: 20 });
  world = await oneOfEach(api);
  keys = await badKeys(api);
  ask = asking(api.app, seen);
  empty = await createTestDatabase();
});
afterAll(async () => {
  for (const { assembly } of others) await assembly.close();
  await empty.drop();
  await api.close();
});

async function another(over: Partial<TestApi["config"]>): Promise<TestApi["ask"]> {
  const assembly = await assembleApi({ ...api.config, ...over });
  const other = { assembly, ask: asking(assembly.app, seen) };
  others.push(other);
  return other.ask;
}

/** The route's first example, with something wrong about it. */
function send(shape: RouteShape, wrong: (url: string) => Wrong = () => ({}), by = ask) {
  const request = requests.find((one) => one.shape === shape);
  if (request === undefined) throw new Error(`${shape.operationId} has no example`);
  const { url: whole, ...well } = fillIn(api, request, world);
  const [path = ""] = whole.split("?");
  const { url = path, ...over } = wrong(path);
  return by(shape.method, url, { ...well, ...over, headers: { ...well.headers, ...over.headers } });
}

/** Whether the thing that the route is about is another afterwards for those that come after. */
function usesUp({ method, params, permission }: RouteShape): boolean {
  return method === "DELETE" || (method === "POST" && (params !== undefined || permission === "public"));
}

describe("an example of the document", () => {
  const titled = requests.map((request): [string, ExampleRequest] => {
    const { shape, mediaType = "", body } = request;
    return [`${shape.operationId} ${mediaType} ${JSON.stringify(body)?.slice(0, 60) ?? ""}`, request];
  });

  it.each(titled)("succeeds: %s", async (_, request) => {
    const { shape } = request;
    const own = usesUp(shape) ? await oneOfEach(api) : world;
    if (shape === ROUTES.restoreCluster) await stopCluster(api, own);
    if (shape === ROUTES.pauseRebalancePlan) await setRebalanceState(api, own, "running");
    if (shape === ROUTES.retryReservationPurchase) await loseReservationPurchase(api, own.ids.reservationPurchase);
    if (shape === ROUTES.resumeRebalancePlan) await setRebalanceState(api, own, "paused");
    const { url, ...well } = fillIn(api, request, own);
    const answer = await ask(shape.method, url, well);
    expect(answer.statusCode, answer.body).toBeLessThan(300);
    if (!isConditional(shape)) return;
    const headers = { "if-none-match": String(answer.headers.etag) };
    expect((await ask(shape.method, url, { ...well, headers })).statusCode).toBe(304);
  });

  it("is there for a dry run too", async () => {
    const dryRun = (idempotencyKey: string | null) =>
      send(ROUTES.createCluster, (url) => ({ url: `${url}?dry_run=true`, idempotencyKey }));
    expect((await dryRun(null)).statusCode).toBe(200);
    expect((await dryRun("two words")).json().code).toBe("invalid_header");
  });
});

describe("each problem that follows from a route's shape", () => {
  it.each(named(shapes))("%s", async (name, shape) => {
    for (const code of problemsOf(shape)) {
      const recipe = SHAPE_PROBLEMS[code];
      if (recipe === undefined || `${name} ${code}` in OWN_PROBLEMS) continue;
      const answer = await send(shape, (url) => recipe({ shape, url, keys }));
      expect([answer.statusCode, answer.json().code], answer.body).toEqual([PROBLEMS[code].status, code]);
    }
    if (!shape.idempotent) return;
    await whileInFlight(api, shape, world, (wrong) => send(shape, () => wrong));
    await afterAnother(api, shape, world, (wrong) => send(shape, () => wrong));
  });

  it.each([
    ["overloaded, the database away", { databaseUrl: () => "postgresql://nobody@127.0.0.1:1/none" }],
    ["internal, the database empty", { databaseUrl: () => empty.url }],
  ])("%s", async (code, { databaseUrl }) => {
    const other = await another({ databaseUrl: databaseUrl() });
    for (const shape of shapes.filter((one) => problemsOf(one).includes("internal"))) {
      const answer = await send(shape, undefined, other);
      expect(answer.json().code, shape.operationId).toBe(code.split(",")[0]);
    }
    await other("GET", "/readyz");
  });

  it("rate_limited, the key's requests used up, or where none is asked for the address's guesses", async () => {
    const other = await another({
      limits: { perKeyAMinute: 1, failuresPerAddressAMinute: 1, inFlight: { requests: 10, waits: 10, files: 10 } },
    });
    for (const key of [world.tenant.key, api.operator.key, world.memberKey]) await other("GET", "/v1/me", { key });
    const limited = shapes.filter((one) => problemsOf(one).includes("rate_limited"));
    const expectLimited = async (isOpen: boolean) => {
      for (const shape of limited.filter(({ permission }) => (permission === "public") === isOpen)) {
        expect((await send(shape, undefined, other)).statusCode, shape.operationId).toBe(429);
      }
    };
    await expectLimited(false);
    await other("GET", "/v1/me", { key: "junk" });
    await expectLimited(true);
  });
});

describe("each problem of a route's own", () => {
  it.each(Object.entries(OWN_PROBLEMS))("%s", async (name, recipe) => {
    const answer = await recipe({ api, world: name in HARMLESS ? world : await oneOfEach(api) });
    expect(answer.json().code, answer.body).toBe(name.split(" ")[1]);
  });
});

it("every status and every problem of every route was answered", () => {
  const documented = shapes.flatMap((shape) => [
    ...Object.keys(shape.responses).map((status) => `${shape.operationId} ${status}`),
    ...(isConditional(shape) ? [`${shape.operationId} 304`] : []),
    ...problemsOf(shape).map((code) => `${shape.operationId} ${PROBLEMS[code].status} ${code}`),
  ]);
  expect(documented.filter((one) => !seen.has(one) && !api.seen.has(one))).toEqual([]);
});
