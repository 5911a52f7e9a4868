import { randomBytes, randomUUID } from "node:crypto";
import {
  isConditional,
  openApiDocument,
  PERMISSIONS,
  type Permission,
  PROBLEMS,
  problemSchema,
  problemsOf,
  ROUTES,
  type RouteShape,
} from "@berth/contract";
import {
  createDatabase,
  type Database,
  importOfferings,
  insertApiKey,
  insertMember,
  insertOrganization,
  insertProject,
  migrate,
  type NewApiKeyRow,
  type NewLimits,
  sqlTransaction,
} from "@berth/db";
import {
  MAX_QUOTA_MIB,
  type MemberId,
  type MemberRole,
  type OrganizationId,
  type OrganizationKind,
  type ProjectId,
  permissionsOfKind,
} from "@berth/domain";
import { createLogger, systemIds } from "@berth/runtime";
import { createDatabase as createTestDatabase } from "@berth/testing";
import type { FastifyInstance, LightMyRequestResponse } from "fastify";
import { expect } from "vitest";
import { type AssemblyConfig, assembleApi } from "../assemble-api.ts";
import { makeApiKey } from "../http/api-key.ts";
import { securityHeaders } from "../http/security-headers.ts";

export const ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"];
const pepper = randomBytes(32);

export interface Tenant {
  readonly organizationId: OrganizationId;
  readonly projectId: ProjectId;
  /** May everything that a customer may. */
  readonly key: string;
}

export interface Ask {
  readonly key?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** Made up for a POST when absent; null sends none. */
  readonly idempotencyKey?: string | null;
}

/** What a key of a test is beside its permissions: put into its row as it is, past every rule of the API. */
export type KeyOver = Partial<Pick<NewApiKeyRow, "memberId" | "projectIds" | "clusterIds" | "cidrs" | "expiresAt">> & {
  readonly revokedAt?: Date;
};

export interface TestMember {
  readonly id: MemberId;
  readonly email: string;
  readonly key: string;
}

export interface TestApi {
  readonly app: FastifyInstance;
  /** As the superuser. */
  readonly owner: Database;
  readonly customer: Tenant;
  readonly stranger: Tenant;
  readonly operator: Tenant;
  /** Sends a request, and holds the answer to the contract: its status, its schema, its problem code. */
  ask(method: string, url: string, ask?: Ask): Promise<LightMyRequestResponse>;
  newTenant(limits?: NewLimits): Promise<Tenant>;
  newKey(organizationId: OrganizationId, permissions: readonly Permission[], over?: KeyOver): Promise<string>;
  /** Somebody with a role, and a personal key that may all that the role may. */
  newMember(organizationId: OrganizationId, role: MemberRole): Promise<TestMember>;
  /** Every `operation status code` that was answered so far. */
  readonly seen: ReadonlySet<string>;
  /** What it was put together from: for another on the same database, with something else about it. */
  readonly config: AssemblyConfig;
  close(): Promise<void>;
}

/** The whole API on a database of its own: a kube with pools in three zones, two customers and an operator. */
export async function startTestApi(over: Partial<AssemblyConfig> = {}): Promise<TestApi> {
  const database = await createTestDatabase({
    template: { name: "berth", prepare: async (url) => void (await migrate({ url })) },
  });
  const owner = createDatabase({ url: database.url, poolSize: 5 });
  const config: AssemblyConfig = {
    databaseUrl: database.url,
    pepper,
    key: randomBytes(32),
    volumeGraceMs: 72 * 3_600_000,
    poolSize: 10,
    simulated: true,
    logger: createLogger({ name: "api", level: process.env.TEST_LOG_LEVEL ?? "silent" }),
    heartbeatMs: 100,
    limits: {
      perKeyAMinute: 1_000_000,
      failuresPerAddressAMinute: 1_000_000,
      inFlight: { requests: 10_000, waits: 10_000, files: 10_000 },
    },
    ...over,
  };
  const api = await assembleApi(config);
  await api.listening;

  const newKey: TestApi["newKey"] = async (organizationId, permissions, over = {}) => {
    const key = makeApiKey(pepper);
    const id = systemIds.next("apiKey");
    const { publicId, secretHash } = key;
    const { revokedAt, ...settings } = over;
    await sqlTransaction(owner, (tx) =>
      insertApiKey(tx, {
        id,
        organizationId,
        publicId,
        secretHash,
        name: "test",
        scopes: permissions,
        createdBy: "system",
        ...settings,
      }),
    );
    if (revokedAt !== undefined) {
      await owner.query("update api_key set revoked_at = $2 where id = $1", [id, revokedAt]);
    }
    return key.text;
  };
  const newMember: TestApi["newMember"] = async (organizationId, role) => {
    const id = systemIds.next("member");
    const email = `${id}@example.com`;
    await sqlTransaction(owner, (tx) =>
      insertMember(tx, { id, organizationId, email, name: "Somebody", role, createdBy: "system" }),
    );
    return { id, email, key: await newKey(organizationId, PERMISSIONS, { memberId: id }) };
  };
  const makeTenant = async (kind: OrganizationKind, limits: NewLimits = {}): Promise<Tenant> => {
    const organizationId = systemIds.next("organization");
    const projectId = systemIds.next("project");
    await sqlTransaction(owner, async (tx) => {
      await insertOrganization(tx, { id: organizationId, name: organizationId, kind, ...limits });
      await insertProject(tx, { id: projectId, organizationId, name: "default" });
    });
    return { organizationId, projectId, key: await newKey(organizationId, permissionsOfKind(kind)) };
  };

  const seen = new Set<string>();
  const ask = asking(api.app, seen);

  const operator = await makeTenant("platform", MANY);
  await importOfferings(owner, OFFERINGS);
  const test: TestApi = {
    app: api.app,
    owner,
    customer: await makeTenant("customer", MANY),
    stranger: await makeTenant("customer"),
    operator,
    ask,
    newTenant: (limits) => makeTenant("customer", limits),
    newKey,
    newMember,
    seen,
    config,
    close: async () => {
      await api.close();
      await owner.close();
      await database.drop();
    },
  };
  const kube = await ask("POST", "/v1/admin/kubes", { key: operator.key, body: aKube() });
  expect(kube.statusCode, kube.body).toBe(201);
  const pool = await ask("POST", "/v1/admin/pools", { key: operator.key, body: aPool(kube.json().id) });
  expect(pool.statusCode, pool.body).toBe(201);
  return test;
}

/** Sends requests to an API, holds each answer to the contract, and notes in `seen` what it was. */
export function asking(app: FastifyInstance, seen: Set<string>): TestApi["ask"] {
  return async (method, url, { key, body, headers, idempotencyKey } = {}) => {
    const idempotency = idempotencyKey === undefined && method === "POST" ? randomUUID() : idempotencyKey;
    const answer = await app.inject({
      method: method as "GET",
      url,
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(typeof idempotency === "string" ? { "idempotency-key": idempotency } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const shape = shapeOf(method, url);
    if (shape !== undefined) seen.add(checkAnswer(shape, answer));
    return answer;
  };
}

/** More than the tests use up. */
export const MANY: NewLimits = {
  maxClusters: 1000,
  maxInstances: 5000,
  maxMemoryMib: MAX_QUOTA_MIB,
  maxStorageMib: MAX_QUOTA_MIB,
};

const OFFERINGS = ZONES.flatMap((zone) =>
  [
    { machineType: "m7i.xlarge", vcpu: 4, memoryMib: 16_384, priceMicroUsdPerHour: 201_600 },
    { machineType: "r7i.2xlarge", vcpu: 8, memoryMib: 65_536, priceMicroUsdPerHour: 529_200 },
  ].map((one) => ({
    ...one,
    region: "us-east-1",
    zone,
    ebsVolumeLimit: 27,
    ebsVolumeLimitType: "shared",
    architecture: "x86_64",
  })),
);

export const KUBECONFIG = JSON.stringify({
  "current-context": "main",
  contexts: [{ name: "main", context: { cluster: "main", user: "berth" } }],
  clusters: [{ name: "main", cluster: { server: "http://127.0.0.1:1" } }],
  users: [{ name: "berth", user: { token: "canary-kubeconfig-token" } }],
});

export function aKube(over: object = {}) {
  return { name: "main", region: "us-east-1", zones: ZONES, kubeconfig: KUBECONFIG, simulated: true, ...over };
}

export function aPool(kubeId: string, over: object = {}) {
  return { kube_id: kubeId, name: "default", zones: ZONES, machine_types: ["m7i.xlarge", "r7i.2xlarge"], ...over };
}

export function aCluster(over: object = {}) {
  return { name: `demo-${randomUUID().slice(0, 8)}`, region: "us-east-1", size: "8g", instances: 3, ...over };
}

function shapeOf(method: string, url: string): RouteShape | undefined {
  const path = url.split("?")[0] ?? "";
  return Object.values<RouteShape>(ROUTES).find(
    (shape) => shape.method === method && new RegExp(`^${shape.path.replace(/\{\w+\}/g, "[^/]+")}$`).test(path),
  );
}

const closedProblem = problemSchema.strict();
const document = openApiDocument();
/** Headers that say nothing of the route: of the body, of the connection, for proxies and browsers. */
const GENERAL = new Set(
  [
    "content-type",
    "content-length",
    "transfer-encoding",
    "connection",
    "date",
    "cache-control",
    "x-accel-buffering",
  ].concat(Object.keys(securityHeaders()).map((name) => name.toLowerCase())),
);

/** Fails when an answer has a header that the document does not list for its route and status. */
function checkHeaders(shape: RouteShape, { statusCode, headers }: LightMyRequestResponse): void {
  const method = shape.method.toLowerCase() as "get";
  const response = document.paths?.[shape.path]?.[method]?.responses?.[statusCode];
  const listed = Object.keys((response as { headers?: object })?.headers ?? {}).map((name) => name.toLowerCase());
  const unlisted = Object.keys(headers).filter((name) => !GENERAL.has(name) && !listed.includes(name));
  expect(unlisted, `headers of ${shape.operationId} ${statusCode}`).toEqual([]);
}

/** Fails when an answer is not one that the contract has for the route; gives `operation status code`. */
function checkAnswer(shape: RouteShape, answer: LightMyRequestResponse): string {
  const { statusCode, headers } = answer;
  const at = `${shape.operationId} ${statusCode}: ${answer.body.slice(0, 500)}`;
  checkHeaders(shape, answer);
  if (statusCode === 304 && isConditional(shape)) {
    expect([answer.body, typeof headers.etag], at).toEqual(["", "string"]);
    return `${shape.operationId} 304`;
  }
  const response = shape.responses[statusCode];
  if (headers["content-type"]?.toString().startsWith("application/problem+json")) {
    const problem = closedProblem.parse(answer.json());
    expect(problemsOf(shape), at).toContain(problem.code);
    expect(PROBLEMS[problem.code].status, at).toBe(statusCode);
    expect(headers["x-request-id"], at).toBe(problem.request_id);
    return `${shape.operationId} ${statusCode} ${problem.code}`;
  }
  expect(response, at).toBeDefined();
  for (const name of response?.headers ?? []) expect(headers[name.toLowerCase()], `${at} lacks ${name}`).toBeDefined();
  const mediaType = String(headers["content-type"]).split(";")[0];
  if (shape.file !== undefined) expect(Object.values<string>(shape.file), at).toContain(mediaType);
  else if (response?.schema === undefined) expect(answer.body, at).toBe("");
  else if (headers["content-type"]?.toString().startsWith("application/json")) {
    const parsed = response.schema.parse(answer.json());
    // Parsing leaves out what the schema does not name: nothing may have been there.
    expect(parsed, at).toEqual(answer.json());
  }
  return `${shape.operationId} ${statusCode}`;
}

/** A purchase of its own, which nothing else is mistaken for. */
export function aCommitment() {
  return {
    kind: "compute_savings_plan",
    term: "1y",
    payment_option: "no_upfront",
    commitment_per_hour: { amount: "1.25", currency: "USD" },
    external_id: `sp-${randomUUID()}`,
    starts_at: "2026-06-01T00:00:00.000Z",
  };
}

/** The same as a file. */
export function aCommitmentFile(): string {
  const { commitment_per_hour: committed, ...fields } = aCommitment();
  const columns = [...Object.entries(fields), ["commitment_per_hour", committed.amount]];
  return `${columns.map(([name]) => name).join(",")}\n${columns.map(([, value]) => value).join(",")}\n`;
}
