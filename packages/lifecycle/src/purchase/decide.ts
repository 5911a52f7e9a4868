import type { KnownPurchase, OfferForSale, PurchaseDecision, PurchaseProgress, WantedReservation } from "./types.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** What EC2 sold shows in its lists by then; it is eventually consistent, within seconds as a rule. */
export const SETTLED_AFTER_MS = 15 * MINUTE_MS;
/** A plan's month is over: what it was made of is another by now. */
export const OVERDUE_AFTER_MS = 31 * DAY_MS;
const SOON_MS = 30_000;

/** EC2's words of purchases that came to nothing. */
const UNPAID_STATES: readonly string[] = ["payment-failed", "queued-deleted"];

/** Whether EC2 says of a purchase that it came to nothing: it covers no machine, and never will. */
export function isUnpaid(state: string): boolean {
  return UNPAID_STATES.includes(state);
}

/**
 * What to do next about one purchase. It is bought once: EC2 has no token for it, so that what may have been bought is looked for
 * and never asked for again; where nothing shows for long enough, a person decides.
 */
export function decidePurchase(subject: string, seen: PurchaseProgress, nowMs: number): PurchaseDecision {
  switch (seen.state) {
    case "planned":
      return decidePlanned(subject, seen, nowMs);
    case "buying":
      return decideBuying(subject, seen, nowMs);
    case "bought":
    case "by_hand":
    case "dropped":
      return { action: undefined, guards: [], nextCheckInMs: undefined };
  }
}

function decidePlanned(subject: string, seen: PurchaseProgress, nowMs: number): PurchaseDecision {
  const { wanted, dueAtMs, isAllowed, offers, purchases } = seen;
  // Of one that a person has asked for anew: what was asked for before may show only now.
  const late = soldSinceAsked(seen).find(({ state }) => !isUnpaid(state));
  if (late !== undefined) return { action: { kind: "adopt", purchase: late }, guards: [], nextCheckInMs: undefined };
  if (dueAtMs > nowMs) return { action: undefined, guards: [], nextCheckInMs: Math.min(dueAtMs - nowMs, DAY_MS) };
  const held = (name: string, hint: string, nextCheckInMs = HOUR_MS): PurchaseDecision => ({
    action: undefined,
    guards: [{ name, subject, hint }],
    nextCheckInMs,
  });
  if (nowMs - dueAtMs > OVERDUE_AFTER_MS) {
    return held("purchase_overdue", "Its month is over: make a new plan, and drop this one.", DAY_MS);
  }
  if (!isAllowed) {
    return held(
      "purchases_off",
      "No pool of its region lets reservations be bought: berth admin pool update --reservation-purchases on.",
    );
  }
  if (offers.length === 0) return held("offering_missing", `EC2 sells no ${named(wanted)} in the region.`);
  const offer = cheapestWithin(wanted, offers);
  if (offer === undefined) {
    return held(
      "price_above_plan",
      "EC2 asks more for it than the plan was made with: import the new rates, and make a new plan.",
    );
  }
  return {
    action: {
      kind: "buy",
      offer,
      limitMicroUsd: wanted.upfrontMicroUsd * wanted.count,
      knownIds: purchases.map(({ id }) => id).toSorted(),
    },
    guards: [],
    nextCheckInMs: SOON_MS,
  };
}

function decideBuying(subject: string, seen: PurchaseProgress, nowMs: number): PurchaseDecision {
  const { asked } = seen;
  if (asked === undefined) throw new Error("what is being bought was asked for");
  const ours = soldSinceAsked(seen);
  const found = ours.find(({ state }) => !isUnpaid(state));
  if (found !== undefined) {
    return { action: { kind: "adopt", purchase: found }, guards: [], nextCheckInMs: undefined };
  }
  const unpaid = ours[0];
  if (unpaid !== undefined) {
    const hint = `EC2 says ${unpaid.state} of ${unpaid.id}, which holds nothing: mend that, then retry or drop the purchase.`;
    return {
      action: undefined,
      guards: [{ name: "purchase_unpaid", subject, hint }],
      nextCheckInMs: 10 * MINUTE_MS,
    };
  }
  const isSettled = nowMs - asked.atMs > SETTLED_AFTER_MS;
  return {
    action: undefined,
    guards: [
      isSettled
        ? {
            name: "purchase_unknown",
            subject,
            hint: "EC2 was asked to sell it and shows nothing of it: look at its console, then retry or drop the purchase.",
          }
        : {
            name: "purchase_unsettled",
            subject,
            hint: "EC2 was asked to sell it; its answer was lost, and it is looked for.",
          },
    ],
    nextCheckInMs: isSettled ? 10 * MINUTE_MS : SOON_MS,
  };
}

/** What may have been sold since EC2 was asked: new, of no other purchase, and just what was wanted; the earliest first. */
function soldSinceAsked({ wanted, asked, takenIds, purchases }: PurchaseProgress): readonly KnownPurchase[] {
  if (asked === undefined) return [];
  return purchases
    .filter((one) => !asked.knownIds.has(one.id) && !takenIds.has(one.id) && fits(wanted, one))
    .toSorted((a, b) => a.startsAtMs - b.startsAtMs || (a.id < b.id ? -1 : 1));
}

function cheapestWithin(wanted: WantedReservation, offers: readonly OfferForSale[]): OfferForSale | undefined {
  const whole = ({ upfrontMicroUsd, hourlyMicroUsd }: OfferForSale) =>
    upfrontMicroUsd + hourlyMicroUsd * (wanted.durationSeconds / 3_600);
  return offers
    .filter((offer) => offer.upfrontMicroUsd <= wanted.upfrontMicroUsd && offer.hourlyMicroUsd <= wanted.hourlyMicroUsd)
    .toSorted((a, b) => whole(a) - whole(b) || (a.offeringId < b.offeringId ? -1 : 1))[0];
}

function fits(wanted: WantedReservation, one: KnownPurchase): boolean {
  return (
    one.machineType === wanted.machineType &&
    one.count === wanted.count &&
    one.offeringClass === wanted.offeringClass &&
    one.payment === wanted.payment &&
    one.durationSeconds === wanted.durationSeconds
  );
}

function named({ machineType, offeringClass, payment, durationSeconds }: WantedReservation): string {
  return `${machineType}, ${offeringClass}, ${payment}, ${durationSeconds / 31_536_000} years`;
}
