import { createHash } from "node:crypto";
import type { RouteShape } from "@berth/contract";
import {
  claimIdempotencyKey,
  type Envelope,
  IdempotencyInFlight,
  placeOfOutcome,
  type ScopedDatabase,
  type StoredOutcome,
  storeOutcome,
  type Tx,
} from "@berth/db";
import { type OrganizationId, ok, type Result } from "@berth/domain";
import { type Refusal, RefusalError, refuse } from "./refusal.ts";
import type { Answer, Call, SerializedAnswer } from "./serve.ts";

export interface IdempotencyDeps {
  readonly envelope: Envelope;
  readonly settings: { readonly idempotencyWaitMs: number };
}

/** The transaction that the route's database gives: with Prisma where it is an operator's. */
type TxOf<R extends RouteShape> = Call<R>["db"] extends ScopedDatabase<infer T> ? T : never;

/**
 * Does the work of a creating request once for its Idempotency-Key, and gives the same answer to every repetition.
 *
 * The key's row, the work and the stored answer are one transaction, so there is no state between "not done" and "done and
 * answered": a crash leaves nothing, a twin waits for the row. A refusal undoes the row too: nothing happened, and the same
 * request may pass later. The stored answer is encrypted, as it may hold a secret that is shown once.
 *
 * `work` may run again when it loses against other transactions: it makes no calls to the outside.
 */
export async function once<R extends RouteShape>(
  deps: IdempotencyDeps,
  shape: R,
  call: Call<R>,
  work: (tx: TxOf<R>) => Promise<Result<Answer<R>, Refusal>>,
): Promise<Result<SerializedAnswer, Refusal>> {
  const { organizationId, apiKeyId } = principalOf(call);
  const db = call.db as unknown as ScopedDatabase<TxOf<R> & Tx>;
  return onceWithin(deps, shape, call, { db, organizationId, caller: apiKeyId }, work);
}

/**
 * The same for a route that takes no API key, where something in the request says whose it is. `space` keeps its keys apart
 * from all others: those of callers have no spaces in them.
 */
export async function onceWithin<R extends RouteShape, T extends Tx>(
  deps: IdempotencyDeps,
  shape: R,
  call: Pick<Call<R>, "params" | "query" | "body" | "idempotencyKey">,
  within: {
    readonly db: ScopedDatabase<T>;
    readonly organizationId: OrganizationId;
    readonly space?: string;
    /** Who asks. The stored answer may hold what only they may see, and is given without another look at what they may. */
    readonly caller?: string;
  },
  work: (tx: T) => Promise<Result<Answer<R>, Refusal>>,
): Promise<Result<SerializedAnswer, Refusal>> {
  const given = keyOf(call.idempotencyKey);
  if (!given.ok) return given;
  const { db, organizationId, space, caller } = within;
  const key = space === undefined ? given.value : `${space} ${given.value}`;
  const place = placeOfOutcome(organizationId, key);
  const fingerprint = fingerprintOf(shape, call, caller);
  // Asked for before the transaction: the key service may take its time. Another is needed only when it runs twice.
  const seals = [await deps.envelope.prepare(place)];

  type Outcome = { readonly fresh: SerializedAnswer } | { readonly stored: StoredOutcome };
  let outcome: Result<Outcome, Refusal>;
  try {
    outcome = await db.transaction(async (tx): Promise<Result<Outcome, Refusal>> => {
      const waitMs = deps.settings.idempotencyWaitMs;
      const claim = await claimIdempotencyKey(tx, { organizationId, key, fingerprint, waitMs });
      if (claim.kind === "mismatch") {
        return refuse("idempotency_mismatch", "This Idempotency-Key was used with another request. Make a new one.");
      }
      if (claim.kind === "replay") return ok({ stored: claim.outcome });

      const answer = await work(tx);
      if (!answer.ok) throw new RefusalError(answer.error); // Thrown, so that the claim is undone.
      const fresh = serialize(shape, answer.value);
      const seal = seals.pop() ?? (await deps.envelope.prepare(place));
      const body = seal(Buffer.from(fresh.text, "utf8"));
      storeOutcome(tx, { organizationId, key }, { ...fresh, body });
      return ok({ fresh });
    });
  } catch (error) {
    if (error instanceof RefusalError) return { ok: false, error: error.refusal };
    if (error instanceof IdempotencyInFlight) {
      return refuse(
        "idempotency_in_flight",
        "The first request with this Idempotency-Key has not ended yet. Try again.",
      );
    }
    throw error;
  }
  if (!outcome.ok) return outcome;
  if ("fresh" in outcome.value) return ok(outcome.value.fresh);
  const { status, headers, body } = outcome.value.stored;
  return ok({ status, headers, text: Buffer.from(await deps.envelope.open(place, body)).toString("utf8") });
}

/** The request's key; its form was checked by `serve`. */
export function keyOf(key: string | undefined): Result<string, Refusal> {
  if (key === undefined) {
    return refuse(
      "idempotency_key_required",
      "Send the header Idempotency-Key, a UUID for example: a repetition is safe then.",
    );
  }
  return ok(key);
}

function principalOf(call: Pick<Call<RouteShape>, "principal">) {
  if (call.principal === undefined) throw new Error("a route with an Idempotency-Key needs a principal");
  return call.principal;
}

/** What makes two requests the same: who asks, the route, and every value that it was given. The order of fields does not count. */
function fingerprintOf(
  shape: RouteShape,
  call: { readonly params: unknown; readonly query: unknown; readonly body: unknown },
  caller: string | undefined,
) {
  const request = [caller ?? null, shape.operationId, call.params ?? null, call.query ?? null, call.body ?? null];
  return createHash("sha256")
    .update(JSON.stringify(request, (_, value: unknown) => sorted(value)))
    .digest();
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0)));
}

/** The answer as text, with nothing in it that the contract does not name. */
function serialize<R extends RouteShape>(shape: R, answer: Answer<R>): SerializedAnswer {
  const schema = shape.responses[answer.status]?.schema;
  const body = schema === undefined ? answer.body : schema.parse(answer.body);
  return { status: answer.status, headers: { ...answer.headers }, text: JSON.stringify(body) };
}
