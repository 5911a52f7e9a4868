import type { CloudCommitment, CloudPurchases, LeftOutPurchase } from "@berth/db";
import type { OfferingClass, Term } from "@berth/domain";
import { isUnpaid } from "@berth/lifecycle";
import type { CloudReservedInstances } from "@berth/ports";
import type { ReadOnlyCloud } from "./effects.ts";
import { inParallel } from "./in-parallel.ts";
import { paymentOptionOf } from "./payment-names.ts";

const REGIONS_AT_ONCE = 4;

const CLASSES: Readonly<Record<string, OfferingClass>> = { standard: "standard", convertible: "convertible" };
const TERMS: Readonly<Record<number, Term>> = { 31536000: "1y", 94608000: "3y" };
/** Of a purchase that is one; others were never paid. */
const STATES = new Set(["active", "queued", "retired"]);

export interface CommitmentReaderDeps {
  /** In which machines are launched. */
  readonly listRegions: () => Promise<readonly string[]>;
  readonly record: (purchases: CloudPurchases) => Promise<{
    readonly registered: number;
    readonly newlyLeftOut: readonly LeftOutPurchase[];
  }>;
  readonly cloudOf: (region: string) => Pick<ReadOnlyCloud, "reservedInstances">;
  readonly onError: (region: string, error: unknown) => void;
}

/**
 * Registers the reserved instances that EC2 knows of in each region that machines are launched in, and follows their ends. Any
 * worker does it, as often as it likes. Left out are those of another platform or tenancy, which cover no machine of ours, and
 * those that an operator may have registered without AWS's id.
 */
export async function readCommitments({
  listRegions,
  record,
  cloudOf,
  onError,
}: CommitmentReaderDeps): Promise<{ readonly registered: number; readonly newlyLeftOut: readonly LeftOutPurchase[] }> {
  const newlyLeftOut: LeftOutPurchase[] = [];
  let registered = 0;
  const failures = await inParallel(await listRegions(), REGIONS_AT_ONCE, async (region) => {
    const all = await cloudOf(region).reservedInstances();
    const paid = all
      .filter(({ state }) => STATES.has(state))
      .map((purchase) => ({ id: purchase.id, commitment: commitmentOf(region, purchase) }));
    const outcome = await record({
      region,
      commitments: paid.flatMap(({ commitment }) => (commitment === undefined ? [] : [commitment])),
      notOursIds: paid.filter(({ commitment }) => commitment === undefined).map(({ id }) => id),
      unpaidIds: all.filter(({ state }) => isUnpaid(state)).map(({ id }) => id),
    });
    registered += outcome.registered;
    newlyLeftOut.push(...outcome.newlyLeftOut);
  });
  for (const { item, error } of failures) onError(item, error);
  return { registered, newlyLeftOut };
}

/** Undefined for what covers no machine of ours, or is none of AWS's terms. */
function commitmentOf(region: string, purchase: CloudReservedInstances): CloudCommitment | undefined {
  const offeringClass = CLASSES[purchase.offeringClass];
  const paymentOption = paymentOptionOf(purchase.payment);
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
