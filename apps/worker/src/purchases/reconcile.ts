import type { BoughtReservation, Leases, LiveLease, PurchaseRecord, PurchaseStore } from "@berth/db";
import { type IdSource, keepSince, type ReservationPurchaseId, type RunId, TERMS } from "@berth/domain";
import { decidePurchase, type OfferForSale, type PurchaseAction, type WantedReservation } from "@berth/lifecycle";
import { type Clock, type Cloud, isPortError } from "@berth/ports";
import { type EffectObserver, type ReadOnlyCloud, runEffect } from "../effects.ts";
import { backoffMs, failureOf, recordFailure } from "../failure.ts";
import { PAYMENT_NAMES } from "../payment-names.ts";

export interface PurchaseLoopDeps {
  readonly leases: Leases;
  readonly store: PurchaseStore;
  readonly cloudOf: (region: string) => ReadOnlyCloud;
  readonly clock: Clock;
  readonly effects: EffectObserver;
  readonly ids: IdSource;
}

const SECONDS_PER_HOUR = 3_600;
const SOON_MS = 1000;

/**
 * Takes one purchase of an approved plan a step further: buys it when its month has come and a pool lets it, once.
 *
 * One purchase of a region at a time: what EC2 shows that is new is then of the one that was asked for last. What EC2 knew is
 * stored before it is asked, and its answer after; a run that ends between the two leaves it `buying`, and the next looks for
 * what was sold instead of asking again.
 */
export async function reconcilePurchase(
  deps: PurchaseLoopDeps,
  id: ReservationPurchaseId,
  runId: RunId,
): Promise<void> {
  const { region } = (await deps.store.find(id)) ?? {};
  if (region === undefined || region === null) return;
  await deps.leases.withLease(`purchases/${region}`, async (lease) => {
    const record = await deps.store.find(id);
    const wanted = record === undefined ? undefined : wantedOf(record);
    if (record === undefined || wanted === undefined) return;
    const now = deps.clock.now();
    const look = (more: { readonly nextCheckInMs: number | undefined; readonly failures?: number }, guards: Guards) =>
      deps.store.recordLook(lease, id, {
        waitingFor: keepSince(record.waitingFor, guards, now.toISOString()),
        failures: 0,
        wakes: record.wakes,
        ...more,
      });
    try {
      const cloud = deps.cloudOf(region);
      const decision = decidePurchase(id, await observe(cloud, record, wanted), now.getTime());
      const guard =
        decision.action === undefined ? undefined : await execute(deps, lease, cloud, record, decision.action);
      if (decision.action?.kind === "adopt" || (decision.action?.kind === "buy" && guard === undefined)) return;
      const guards = guard === undefined ? decision.guards : [{ name: guard.name, subject: id, hint: guard.hint }];
      await look({ nextCheckInMs: guard === undefined ? decision.nextCheckInMs : guard.nextCheckInMs }, guards);
    } catch (error) {
      const failure = failureOf(error, "cloud", runId);
      if (failure === undefined) throw error;
      await recordFailure(error, () =>
        look({ nextCheckInMs: backoffMs(record.failures), failures: record.failures + 1 }, [
          { name: failure.guard, subject: id, hint: failure.message },
        ]),
      );
    }
  });
}

type Guards = Parameters<typeof keepSince>[1];

function wantedOf(record: PurchaseRecord): WantedReservation | undefined {
  const { machineType, count, offeringClass, upfrontMicroUsd, hourlyMicroUsd, paymentOption, term } = record;
  if (machineType === null || count === null || offeringClass === null) return undefined;
  if (upfrontMicroUsd === null || hourlyMicroUsd === null) return undefined;
  return {
    machineType,
    count,
    offeringClass,
    payment: PAYMENT_NAMES[paymentOption],
    durationSeconds: TERMS[term].hours * SECONDS_PER_HOUR,
    upfrontMicroUsd,
    hourlyMicroUsd,
  };
}

async function observe(cloud: ReadOnlyCloud, record: PurchaseRecord, wanted: WantedReservation) {
  const [offers, purchases] = await Promise.all([
    record.state === "planned" ? cloud.reservedOfferings(wanted) : [],
    cloud.reservedInstances(),
  ]);
  const { state, dueAt, isAllowed, askedAt, knownIds, takenIds } = record;
  return {
    state,
    wanted,
    dueAtMs: dueAt.getTime(),
    isAllowed,
    asked: askedAt === null || knownIds === null ? undefined : { atMs: askedAt.getTime(), knownIds: new Set(knownIds) },
    takenIds: new Set(takenIds),
    offers,
    purchases: purchases.map(({ startsAt, ...purchase }) => ({ ...purchase, startsAtMs: startsAt.getTime() })),
  };
}

/** What holds it back, when EC2 would not sell or did not answer. */
async function execute(
  deps: PurchaseLoopDeps,
  lease: LiveLease,
  cloud: ReadOnlyCloud,
  { id, count, term }: PurchaseRecord,
  action: PurchaseAction,
): Promise<{ readonly name: string; readonly hint: string; readonly nextCheckInMs: number } | undefined> {
  const { store, effects, ids } = deps;
  const boughtAt = (
    { upfrontMicroUsd, hourlyMicroUsd }: Pick<OfferForSale, "upfrontMicroUsd" | "hourlyMicroUsd">,
    externalId: string,
    startMs: number,
  ): BoughtReservation => ({
    commitmentId: ids.next("commitment"),
    externalId,
    upfrontMicroUsd,
    hourlyMicroUsd,
    startsAt: new Date(startMs),
    endsAt: new Date(startMs + TERMS[term].hours * SECONDS_PER_HOUR * 1000),
  });
  if (action.kind === "adopt") {
    const { id: externalId, startsAtMs } = action.purchase;
    await store.recordBought(lease, id, boughtAt(action.purchase, externalId, startsAtMs));
    effects.reached("purchases.adopt", "recorded");
    return undefined;
  }
  await store.recordAsked(lease, id, action.knownIds);
  effects.reached("purchases.ask", "recorded");
  let externalId: string;
  try {
    externalId = await runEffect({ effects, lease }, "purchases.buy", cloud, (port: Cloud) =>
      port.purchaseReserved({
        offeringId: action.offer.offeringId,
        count: count ?? 0,
        limitMicroUsd: action.limitMicroUsd,
      }),
    );
  } catch (error) {
    // A refusal is one for sure where EC2 answered it; anything else may have sold, and is looked for.
    if (!isPortError(error)) throw error;
    if (error.kind === "unavailable") {
      return {
        name: "purchase_unsettled",
        hint: `${error.message}: what it sold is looked for.`,
        nextCheckInMs: SOON_MS,
      };
    }
    await store.recordRefused(lease, id);
    return { name: "purchase_refused", hint: `EC2 refused it: ${error.message}`, nextCheckInMs: 10 * 60_000 };
  }
  await store.recordBought(lease, id, boughtAt(action.offer, externalId, deps.clock.now().getTime()));
  effects.reached("purchases.buy", "recorded");
  return undefined;
}
