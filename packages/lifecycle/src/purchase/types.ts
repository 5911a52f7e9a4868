import type { Guard, ReservationPurchaseState } from "@berth/domain";

/** Reserved instances that an approved plan has to be bought: regional, Linux, default tenancy. */
export interface WantedReservation {
  readonly machineType: string;
  readonly count: number;
  /** In EC2's words: as `standard`, `No Upfront`. */
  readonly offeringClass: string;
  readonly payment: string;
  readonly durationSeconds: number;
  /** Of one of them, as the plan was made with: dearer ones are not bought. */
  readonly upfrontMicroUsd: number;
  readonly hourlyMicroUsd: number;
}

/** What EC2 knows of the region's purchases. */
export interface KnownPurchase {
  readonly id: string;
  readonly machineType: string;
  readonly count: number;
  readonly offeringClass: string;
  readonly payment: string;
  readonly durationSeconds: number;
  /** Of one of them. */
  readonly upfrontMicroUsd: number;
  readonly hourlyMicroUsd: number;
  readonly startsAtMs: number;
  /** EC2's word for it, as `active`. */
  readonly state: string;
}

export interface OfferForSale {
  readonly offeringId: string;
  readonly upfrontMicroUsd: number;
  readonly hourlyMicroUsd: number;
}

/** One purchase with all that is decided by. */
export interface PurchaseProgress {
  readonly state: ReservationPurchaseState;
  readonly wanted: WantedReservation;
  readonly dueAtMs: number;
  /** A pool of its region lets reservations be bought. */
  readonly isAllowed: boolean;
  /** EC2 was asked, and did not refuse it for sure: when, and what it knew before. */
  readonly asked: { readonly atMs: number; readonly knownIds: ReadonlySet<string> } | undefined;
  /** Ids that other purchases of ours have. */
  readonly takenIds: ReadonlySet<string>;
  readonly offers: readonly OfferForSale[];
  readonly purchases: readonly KnownPurchase[];
}

export type PurchaseAction =
  | {
      readonly kind: "buy";
      readonly offer: OfferForSale;
      readonly limitMicroUsd: number;
      /** Stored before EC2 is asked. */
      readonly knownIds: readonly string[];
    }
  /** EC2 was asked, and this is what it sold. */
  | { readonly kind: "adopt"; readonly purchase: KnownPurchase };

export interface PurchaseDecision {
  readonly action: PurchaseAction | undefined;
  readonly guards: readonly Omit<Guard, "since">[];
  /** Undefined: never again by itself. */
  readonly nextCheckInMs: number | undefined;
}
