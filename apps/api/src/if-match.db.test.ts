import { isConditional, ROUTES, type RouteShape, takesIfMatch } from "@berth/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exampleRequests, fillIn } from "./testing/example-requests.ts";
import { type OneOfEach, oneOfEach, stopCluster } from "./testing/one-of-each.ts";
import { STALE } from "./testing/shape-problems.ts";
import { startTestApi, type TestApi } from "./testing/test-api.ts";

/**
 * Nobody overwrites what they have not seen: of every change that takes If-Match, which is every PATCH and DELETE but those
 * that the contract names (see packages/contract/src/routes.test.ts).
 */

const changes = Object.values<RouteShape>(ROUTES)
  .filter(takesIfMatch)
  .map((shape) => [shape.operationId, shape] as const);
const examples = exampleRequests();

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

/** The first example of the document that the shape has, with an If-Match. */
function send(shape: RouteShape, world: OneOfEach, ifMatch?: string) {
  const example = examples.find((one) => one.shape === shape);
  if (example === undefined) throw new Error(`${shape.operationId} has no example`);
  const { url, ...well } = fillIn(api, example, world);
  const headers = ifMatch === undefined ? well.headers : { ...well.headers, "if-match": ifMatch };
  return api.ask(shape.method, url, { ...well, ...(headers === undefined ? {} : { headers }) });
}

/** What the change is of, as it is now. */
async function read({ changes: other, path }: RouteShape, world: OneOfEach) {
  const get = Object.values<RouteShape>(ROUTES).find((one) => one.path === (other ?? path) && isConditional(one));
  if (get === undefined) throw new Error(`nobody can read ${path}`);
  const answer = await send(get, world);
  return { statusCode: answer.statusCode, etag: String(answer.headers.etag) };
}

async function prepared(shape: RouteShape): Promise<OneOfEach> {
  const world = await oneOfEach(api);
  if (shape === ROUTES.restoreCluster) await stopCluster(api, world);
  return world;
}

const onRecord = async (requestId: unknown) =>
  (await api.owner.query("select 1 from audit_event where content::jsonb ->> 'request_id' = $1", [requestId])).length;

describe.each(changes)("%s", (_, shape) => {
  it("412 of a version that is no more, which changes nothing; passes with the one of now among others", async () => {
    const world = await prepared(shape);
    const before = await read(shape, world);
    expect(before).toMatchObject({ statusCode: 200, etag: expect.stringMatching(/^"g\d+\.s[\w-]+"$/) });
    for (const stale of [STALE, `W/${before.etag}`, "junk", "", `"other", ${STALE}`]) {
      const refused = await send(shape, world, stale);
      expect([refused.statusCode, refused.json().code], stale).toEqual([412, "precondition_failed"]);
      expect(await onRecord(refused.json().request_id)).toBe(0);
    }
    expect(await read(shape, world)).toEqual(before);
    const passed = await send(shape, world, `${STALE}, ${before.etag}`);
    expect(passed.statusCode, passed.body).toBeLessThan(300);

    // Changed by that very request, or gone.
    const after = await read(shape, world);
    if (after.statusCode === 200) expect(passed.headers.etag ?? after.etag).toBe(after.etag);
    const late = await send(shape, world, before.etag);
    expect(late.statusCode).toBe(after.statusCode === 200 ? 412 : 404);
  });

  it("of four at once with the same If-Match one passes", async () => {
    const world = await prepared(shape);
    const { etag } = await read(shape, world);
    const answers = await Promise.all([1, 2, 3, 4].map(() => send(shape, world, etag)));
    const codes = answers.map(({ statusCode }) => statusCode).sort();
    expect(codes[0]).toBeLessThan(300);
    for (const code of codes.slice(1)) expect([404, 412]).toContain(code);
  });

  it("passes with *, and without If-Match", async () => {
    for (const ifMatch of ["*", undefined]) {
      const world = await prepared(shape);
      const answer = await send(shape, world, ifMatch);
      expect(answer.statusCode, answer.body).toBeLessThan(300);
    }
  });
});
