import type { Leases, PriceReadingRecord, PriceReadingStore } from "@berth/db";
import { keepSince, type PriceReadingId, type RunId } from "@berth/domain";
import type { Clock, PriceSource } from "@berth/ports";
import { failureOf, recordFailure } from "../failure.ts";
import { priceLines } from "./price-lines.ts";

export interface PriceLoopDeps {
  readonly leases: Leases;
  readonly store: PriceReadingStore;
  readonly source: PriceSource;
  readonly clock: Clock;
  /** How long after a reading the next one is made; undefined: only when it is asked for. */
  readonly everyMs: number | undefined;
}

const HOUR_MS = 3_600_000;
const FIRST_RETRY_MS = 60_000;
/** Failures in a row that an alarm is made of: one refusal for throttling is nobody's business. */
const ALARM_AFTER = 3;

/**
 * Reads AWS's prices of one region, and lets hold what can be meant: each kind of prices by itself, by the rules of an import.
 *
 * Nothing outside is changed. What does not answer is asked again after a minute, then ever later, an hour at most; the
 * prices that held before hold on.
 */
export async function reconcilePriceReading(
  { leases, store, source, clock, everyMs }: PriceLoopDeps,
  id: PriceReadingId,
  runId: RunId,
): Promise<void> {
  await leases.withLease(`prices/${id}`, async (lease) => {
    const record = await store.find(id);
    if (record === undefined) return;
    const { region, waitingFor, failures, wakes } = record;
    const nowIso = clock.now().toISOString();
    if (everyMs === undefined && !isAskedFor(record)) {
      // It was to be read daily until now: nobody wants that any more, and prices that were imported since are better.
      return store.recordLook(lease, id, { waitingFor, nextCheckInMs: undefined, failures: 0, wakes, isAlarm: false });
    }
    try {
      const list = await source.priceList(region);
      const plans = {
        compute_savings_plan: await source.planRates(region, "compute_savings_plan"),
        ec2_instance_savings_plan: await source.planRates(region, "ec2_instance_savings_plan"),
      };
      const prices = priceLines(list, plans, { name: source.name, readOn: nowIso.slice(0, 10) });
      await store.recordRead(lease, record, prices, (books) => {
        const guards = books
          .filter(({ outcome }) => outcome === "refused")
          .map(({ kind, faults, faultCount }) => ({
            name: "price_list_refused",
            subject: `${region}/${kind}`,
            hint: `${faults[0]}${faultCount > 1 ? ` And ${faultCount - 1} more.` : ""} What held before holds on. A type is left out of the readings by: berth admin price-book read --region ${region} --except TYPES.`,
          }));
        const held = keepSince(waitingFor, guards, nowIso);
        const isAlarm = held.some((guard) => guard.since === nowIso);
        return { waitingFor: held, nextCheckInMs: everyMs, failures: 0, wakes, isAlarm };
      });
    } catch (error) {
      const failure = failureOf(error, "prices", runId);
      if (failure === undefined) throw error;
      await recordFailure(error, () =>
        store.recordLook(lease, id, {
          waitingFor: keepSince(
            waitingFor,
            [{ name: failure.guard, subject: region, hint: `Prices were not read: ${failure.message}` }],
            nowIso,
          ),
          nextCheckInMs: Math.min(HOUR_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 10)),
          failures: failures + 1,
          wakes,
          isAlarm: failures + 1 === ALARM_AFTER,
        }),
      );
    }
  });
}

/** Whether somebody has asked since the last reading began. */
function isAskedFor({ askedAt, readAt }: PriceReadingRecord): boolean {
  return askedAt !== null && (readAt === null || askedAt > readAt);
}
