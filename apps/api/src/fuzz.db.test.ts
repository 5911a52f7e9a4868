import { PERMISSIONS, ROUTES, type RouteShape } from "@berth/contract";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  aCluster,
  aCommitment,
  aCommitmentFile,
  aKube,
  aPool,
  startTestApi,
  type TestApi,
} from "./testing/test-api.ts";

/**
 * Requests that nobody would write: well-formed ones with something in them changed at random. Every answer must be one that
 * the contract has for its route (the harness holds each to it), and none may be our own failure.
 */

let api: TestApi;
let key: string;
const bodies: Record<string, object> = {};
beforeAll(async () => {
  api = await startTestApi();
  key = await api.newKey(api.operator.organizationId, PERMISSIONS);
  const [kube] = (await api.ask("GET", "/v1/admin/kubes", { key })).json().data;
  Object.assign(bodies, {
    createCluster: {
      ...aCluster({ size: undefined, instances: undefined, labels: { a: "b" }, deletion_protection: false }),
      components: [
        { name: "data", roles: ["master", "data"], instances: 3, size: "1g", storage_bytes: 2 ** 30, zones: 1 },
      ],
    },
    updateCluster: { labels: { a: "b" }, deletion_protection: true },
    createApiKey: {
      name: "ci",
      scopes: ["clusters:read", "audit:read"],
      personal: false,
      project_ids: ["prj_01jd0v6m3pf8tb2k7n5xq4w9ze"],
      cluster_ids: [],
      cidrs: ["10.0.0.0/8", "2001:db8::/32"],
      expires_at: "2027-01-01T00:00:00.000Z",
    },
    updateApiKey: { name: "ci", scopes: ["clusters:read"], cidrs: ["10.0.0.0/8"], expires_at: "2027-01-01T00:00:00Z" },
    rotateApiKey: { overlap_seconds: 60 },
    updateOrganization: { name: "Acme" },
    updateSpendCap: { max_price_per_hour: { amount: "1.50", currency: "USD" } },
    createOrganization: {
      name: "Acme",
      kind: "customer",
      owner_email: "ada@example.com",
      quotas: { clusters: { limit: 1 }, memory_bytes: { limit: 2 ** 30 } },
    },
    updateQuotas: { quotas: { instances: { limit: 3 }, storage_bytes: { limit: 2 ** 40 } } },
    suspendOrganization: { reason: "invoice 2026-10" },
    resumeOrganization: { reason: "paid" },
    createCredential: { username: "somebody", role: "read" },
    createKube: aKube({ static: true, storage_class: "gp3" }),
    createRebalancePlan: { kube_id: kube.id },
    importPriceBook: { region: "eu-9", source: "a list", prices: "m7i.large 0.1008" },
    createPriceReading: { region: "eu-9", except: ["u-6tb1.metal"] },
    rejectReservationPlan: { reason: "too long" },
    createCommitment: { ...aCommitment(), zone: "us-east-1a", count: 1, ends_at: "2027-01-01T00:00:00.000Z" },
    importCommitments: { csv: aCommitmentFile() },
    createPool: aPool(kube.id, { subnet_ids: { "us-east-1a": "subnet-0123456789" }, max_machines: 3 }),
    updateMember: { role: "finance", name: "Ada" },
    createInvitation: { email: "ada@example.com", role: "finance" },
    acceptInvitation: { token: `berth_invite_${"a".repeat(49)}`, name: "Ada" },
    createProject: { name: "another" },
    updateProject: { name: "another" },
    updatePool: { zones: ["us-east-1a"], instance_profile: null },
  });
});
afterAll(() => api.close());

/** Values that have broken parsers, databases and shells before. */
const hostile = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    "",
    " ",
    "\u0000",
    "a\u0000b",
    "\ud800",
    "\u202e",
    "'; drop table cluster; --",
    "#{7*7}",
    "../../etc/passwd",
    "x".repeat(5000),
    -1,
    0,
    1.5,
    2 ** 31,
    2 ** 53,
    -(2 ** 63),
    1e308,
    true,
    [],
    {},
    [[[[]]]],
    { toString: "x" },
    { constructor: { prototype: {} } },
  ),
  fc.jsonValue({ maxDepth: 2 }),
  fc.string({ unit: "binary", maxLength: 20 }),
);

type Change = {
  readonly at: number;
  readonly what: "replace" | "remove" | "add";
  readonly value: unknown;
  readonly name: string;
};
const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(30),
  what: fc.constantFrom("replace", "replace", "remove", "add"),
  value: hostile,
  name: fc.oneof(fc.constantFrom("__proto__", "constructor", "id", "generation", ""), fc.string({ maxLength: 8 })),
});

/** Changes one place of a JSON value: the `at`-th of all its fields and elements. */
function changed(value: unknown, { at, what, value: other, name }: Change): unknown {
  const copy = structuredClone(value) as Record<string, unknown>;
  const places: [Record<string, unknown>, string][] = [];
  const walk = (node: unknown) => {
    if (typeof node !== "object" || node === null) return;
    for (const field of Object.keys(node)) {
      places.push([node as Record<string, unknown>, field]);
      walk((node as Record<string, unknown>)[field]);
    }
  };
  walk(copy);
  const place = places[at % Math.max(1, places.length)];
  if (place === undefined) return other;
  const [parent, field] = place;
  if (what === "replace") parent[field] = other;
  else if (what === "remove") delete parent[field];
  // A name on an array is nothing in JSON, and `length` cannot be one.
  else if (Array.isArray(parent)) parent.push(other);
  else Object.defineProperty(parent, name, { value: other, enumerable: true, configurable: true, writable: true });
  return copy;
}

const id = fc.oneof(
  fc.constantFrom("cl_01jd0v6m3pf8tb2k7n5xq4w9ze", "%00", "%2e%2e", "a'b", "%F0%9F%92%A9", "x".repeat(200)),
  // A dot segment is taken out on the way: the path of another route.
  fc
    .string({ maxLength: 20 })
    .filter((text) => text !== ".")
    .map(encodeURIComponent),
);
/** Half of the time one that the route has: any other alone is reason enough to refuse, and hides what this one does. */
const queryOf = ({ query }: RouteShape) => {
  const own = Object.keys(query?.shape ?? {});
  return own.length === 0 ? queryWith(FIELDS) : fc.oneof(queryWith(own), queryWith(FIELDS));
};
const FIELDS = [
  ...new Set(Object.values<RouteShape>(ROUTES).flatMap(({ query }) => Object.keys(query?.shape ?? {}))),
  "x[]",
  "__proto__",
];
const queryWith = (fields: readonly string[]) =>
  fc.array(
    fc.tuple(
      fc.constantFrom(...fields),
      fc.oneof(
        fc.constantFrom("", "0", "-1", "9".repeat(30), "true", "null", "%", "[]", "\u0000", "a:\u0000"),
        fc.string({ unit: "binary", maxLength: 10 }),
      ),
    ),
    { maxLength: 3 },
  );

const named = Object.values<RouteShape>(ROUTES).map((shape) => [shape.operationId, shape] as const);

describe("any request at all", () => {
  it.each(named)("%s answers as the contract says, and never with a failure of ours", async (name, shape) => {
    await fc.assert(
      fc.asyncProperty(
        id,
        queryOf(shape),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        async (anId, fields, changes) => {
          const path = shape.path.replace(/\{\w+\}/g, anId === "" ? "x" : anId);
          const search = new URLSearchParams(fields).toString();
          const body = shape.body === undefined ? undefined : changes.reduce<unknown>(changed, bodies[name]);
          const answer = await api.ask(shape.method, search === "" ? path : `${path}?${search}`, {
            key,
            ...(body === undefined ? {} : { body: JSON.stringify(body) ?? "" }),
          });
          expect(answer.statusCode, answer.body).toBeLessThan(500);
        },
      ),
      { numRuns: shape.body === undefined ? 12 : 60 },
    );
  });
});
