import { randomUUID } from "node:crypto";
import type { ProblemCode, RouteShape } from "@berth/contract";
import { sqlTransaction } from "@berth/db";
import type { OneOfEach } from "./one-of-each.ts";
import type { Ask, TestApi } from "./test-api.ts";

/** What is wrong about a request that is well but for that. */
export type Wrong = Ask & { readonly url?: string };

/** Keys that open nothing, each for its own reason. */
export interface BadKeys {
  readonly expired: string;
  readonly elsewhere: string;
  readonly suspended: string;
  readonly powerless: string;
}

export async function badKeys(api: TestApi): Promise<BadKeys> {
  const { organizationId, key } = await api.newTenant();
  await api.owner.query("update organization set state = 'suspended' where id = $1", [organizationId]);
  const of = api.operator.organizationId;
  return {
    expired: await api.newKey(of, [], { expiresAt: new Date(Date.now() - 1000) }),
    elsewhere: await api.newKey(of, [], { cidrs: ["192.0.2.0/24"] }),
    suspended: key,
    powerless: await api.newKey(of, []),
  };
}

interface Given {
  readonly shape: RouteShape;
  readonly url: string;
  readonly keys: BadKeys;
}

/** An ETag of a version that nothing has. */
export const STALE = '"g999.s1"';

const json = (body: string) => ({ body, headers: { "content-type": "application/json" } });
const another = (id: string) => id.replace(/(?<=_[0-9a-z]{18})[0-9a-z]{8}/g, "00000000");

/**
 * How any route is made to refuse with a code that follows from its shape: what to change about a request that it would
 * accept. Where the answer of another process is needed, or two requests, see the test.
 */
export const SHAPE_PROBLEMS: Partial<Readonly<Record<ProblemCode, (given: Given) => Wrong>>> = {
  missing_credentials: () => ({ headers: { authorization: "" } }),
  invalid_credentials: () => ({ key: "junk" }),
  expired_credentials: ({ keys }) => ({ key: keys.expired }),
  ip_not_allowed: ({ keys }) => ({ key: keys.elsewhere }),
  organization_suspended: ({ keys }) => ({ key: keys.suspended }),
  insufficient_scope: ({ keys }) => ({ key: keys.powerless }),
  not_found: ({ url }) => ({ url: another(url) }),
  not_acceptable: () => ({ headers: { accept: "image/png" } }),
  validation_failed: ({ shape, url }) =>
    shape.body === undefined ? { url: `${url}?nonsense=1` } : json('{"nonsense":1}'),
  invalid_page_token: ({ url }) => ({ url: `${url}?page_token=AAAA` }),
  malformed_json: () => json("{"),
  payload_too_large: () => json(`"${"x".repeat(270_000)}"`),
  unsupported_media_type: () => ({ body: "a: 1", headers: { "content-type": "text/yaml" } }),
  idempotency_key_required: () => ({ idempotencyKey: null }),
  precondition_failed: () => ({ headers: { "if-match": STALE } }),
  invalid_header: ({ shape }) =>
    shape.idempotent
      ? { idempotencyKey: "two words" }
      : { headers: { "if-match": "x".repeat(201), "last-event-id": "x".repeat(101) } },
};

/** The Idempotency-Key of a request as it stands in the database: that of an invitation is kept apart. */
function placeOf(
  api: TestApi,
  shape: RouteShape,
  world: OneOfEach,
  key: string,
): [organizationId: string, key: string] {
  if (shape.permission === "public") return [world.tenant.organizationId, `${world.ids.invitation} ${key}`];
  const { organizationId } = shape.permission.startsWith("admin:") ? api.operator : world.tenant;
  return [organizationId, key];
}

const CLAIM = "insert into idempotency_record (organization_id, key, fingerprint) values ($1, $2, '\\x00')";

/** Sends a request while another with its Idempotency-Key has not ended. */
export async function whileInFlight(
  api: TestApi,
  shape: RouteShape,
  world: OneOfEach,
  send: (wrong: Wrong) => Promise<unknown>,
): Promise<void> {
  const idempotencyKey = randomUUID();
  await sqlTransaction(api.owner, async (tx) => {
    await tx.query(CLAIM, placeOf(api, shape, world, idempotencyKey));
    await send({ idempotencyKey });
  });
}

/** Sends a request with an Idempotency-Key that another has used. */
export async function afterAnother(
  api: TestApi,
  shape: RouteShape,
  world: OneOfEach,
  send: (wrong: Wrong) => Promise<unknown>,
): Promise<void> {
  const idempotencyKey = randomUUID();
  await api.owner.query(CLAIM, placeOf(api, shape, world, idempotencyKey));
  await send({ idempotencyKey });
}
