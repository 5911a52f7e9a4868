import type { CloudCommitment } from "@berth/db";
import type { OfferingClass, PaymentOption, Term } from "@berth/domain";
import type { CloudReservedInstances } from "@berth/ports";
import type { ReadOnlyCloud } from "./effects.ts";
import { inParallel } from "./in-parallel.ts";

const REGIONS_AT_ONCE = 4;

const PAYMENTS: Readonly<Record<string, PaymentOption>> = {
  "No Upfront": "no_upfront",
  "Partial Upfront": "partial_upfront",
  "All Upfront": "all_upfront",
};
const CLASSES: Readonly<Record<string, OfferingClass>> = { standard: "standard", convertible: "convertible" };
const TERMS: Readonly<Record<number, Term>> = { 31536000: "1y", 94608000: "3y" };
/** Of a purchase that is one; others were never paid. */
const STATES = new Set(["active", "queued", "retired"]);

/** A purchase that is left out: which, and why. */
export interface LeftOutPurchase {
  readonly region: string;
  readonly externalId: string;
  readonly because: "not_ours_to_cover" | "maybe_registered";
}

export interface CommitmentReaderDeps {
  /** In which machines are launched. */
  readonly listRegions: () => Promise<readonly string[]>;
  readonly record: (
    commitments: readonly CloudCommitment[],
  ) => Promise<{ readonly registered: number; readonly ambiguous: readonly string[] }>;
  readonly cloudOf: (region: string) => Pick<ReadOnlyCloud, "reservedInstances">;
  readonly onError: (region: string, error: unknown) => void;
}

/**
 * Registers the reserved instances that EC2 knows of in each region that machines are launched in, and follows their ends. Any
 * worker does it, as often as it likes. Left out are those of another platform or tenancy, which cover no machine of ours, and
 * those that an operator may have registered without AWS's id: counted twice they would hide what is not covered.
 */
export async function readCommitments({
  listRegions,
  record,
  cloudOf,
  onError,
}: CommitmentReaderDeps): Promise<{ readonly registered: number; readonly leftOut: readonly LeftOutPurchase[] }> {
  const leftOut: LeftOutPurchase[] = [];
  let registered = 0;
  const failures = await inParallel(await listRegions(), REGIONS_AT_ONCE, async (region) => {
    const purchases = (await cloudOf(region).reservedInstances()).filter(({ state }) => STATES.has(state));
    const ours = purchases.map((purchase) => commitmentOf(region, purchase));
    const outcome = await record(ours.filter((one) => one !== undefined));
    registered += outcome.registered;
    leftOut.push(
      ...purchases
        .filter((_, index) => ours[index] === undefined)
        .map(({ id }) => ({ region, externalId: id, because: "not_ours_to_cover" as const })),
      ...outcome.ambiguous.map((externalId) => ({ region, externalId, because: "maybe_registered" as const })),
    );
  });
  for (const { item, error } of failures) onError(item, error);
  return { registered, leftOut };
}

/** Undefined for what covers no machine of ours, or is none of AWS's terms. */
function commitmentOf(region: string, purchase: CloudReservedInstances): CloudCommitment | undefined {
  const offeringClass = CLASSES[purchase.offeringClass];
  const paymentOption = PAYMENTS[purchase.payment];
  const term = TERMS[purchase.durationSeconds];
  const isOurs = purchase.platform.startsWith("Linux/UNIX") && purchase.tenancy === "default" && purchase.count > 0;
  if (!isOurs || offeringClass === undefined || paymentOption === undefined || term === undefined) return undefined;
  if (purchase.endsAt <= purchase.startsAt) return undefined;
  return {
    externalId: purchase.id,
    region,
    zone: purchase.zone ?? null,
    machineType: purchase.machineType,
    offeringClass,
    term,
    paymentOption,
    count: purchase.count,
    upfrontMicroUsd: purchase.upfrontMicroUsd,
    hourlyMicroUsd: purchase.hourlyMicroUsd,
    startsAt: purchase.startsAt,
    endsAt: purchase.endsAt,
  };
}
