import { type CommitmentKind, type OfferingClass, type PaymentOption, TERMS, type Term } from "./commitment-terms.ts";
import { type Rate, rateFault } from "./rate-list.ts";
import { err, ok, type Result } from "./result.ts";

/** By the clock: before its first hour, within its term, after it. */
export const COMMITMENT_STATES = ["queued", "active", "expired"] as const;
export type CommitmentState = (typeof COMMITMENT_STATES)[number];

/** Who said that it was bought. */
export const COMMITMENT_SOURCES = ["operator", "file", "ec2"] as const;
export type CommitmentSource = (typeof COMMITMENT_SOURCES)[number];

/**
 * Why reserved instances that EC2 knows of are no commitment: of another platform, tenancy or term than our machines', or maybe
 * what an operator registered without AWS's id. Counted twice they would hide what is not covered.
 */
export const LEFT_OUT_REASONS = ["not_ours_to_cover", "maybe_registered"] as const;
export type LeftOutReason = (typeof LEFT_OUT_REASONS)[number];

/** Days before the end of a commitment at which it is told. */
export const EXPIRY_ALARM_DAYS = [60, 30, 7] as const;

/** What a savings report compares: each is the one before and one change more. */
export const SAVINGS_STEPS = ["one_machine_each", "packed", "with_held", "with_plan"] as const;
export type SavingsStepName = (typeof SAVINGS_STEPS)[number];

/** A purchase as somebody tells of it; what does not belong to its kind is null. */
export interface CommitmentDraft {
  readonly kind: CommitmentKind;
  /** Null for a Compute Savings Plan, which covers all. */
  readonly region: string | null;
  /** Of zonal reserved instances. */
  readonly zone: string | null;
  /** Of reserved instances. */
  readonly machineType: string | null;
  /** Of an EC2 Instance Savings Plan. */
  readonly family: string | null;
  readonly offeringClass: OfferingClass | null;
  readonly term: Term;
  readonly paymentOption: PaymentOption;
  /** How many reserved instances. */
  readonly count: number | null;
  /** Of one reserved instance, paid at the start. */
  readonly upfrontMicroUsd: number | null;
  /** Of one reserved instance, charged each hour. */
  readonly hourlyMicroUsd: number | null;
  /** Of a savings plan: what is paid each hour, used or not. */
  readonly commitmentMicroUsdPerHour: number | null;
  /** Of AWS, twelve digits: whose usage is covered first. */
  readonly account: string | null;
  /** AWS's id of the purchase. */
  readonly externalId: string | null;
  readonly startsAt: Date;
  /** Null: a whole term after the start. */
  readonly endsAt: Date | null;
}

export interface NewCommitment extends CommitmentDraft {
  readonly endsAt: Date;
}

/** A field that a commitment cannot have so: the field, which rule, and a sentence. */
export interface CommitmentFault {
  readonly field: keyof CommitmentDraft;
  readonly rule: string;
  readonly detail: string;
}

/** What is for sale in a region. */
export interface KnownRegion {
  readonly zones: ReadonlySet<string>;
  /** On demand, micro-dollars an hour, by machine type. */
  readonly prices: ReadonlyMap<string, number>;
}

const FIELDS_OF_KIND: Readonly<Record<CommitmentKind, readonly (keyof CommitmentDraft)[]>> = {
  reserved_instances: ["region", "machineType", "offeringClass", "count", "upfrontMicroUsd", "hourlyMicroUsd"],
  ec2_instance_savings_plan: ["region", "family", "commitmentMicroUsdPerHour"],
  compute_savings_plan: ["commitmentMicroUsdPerHour"],
};
const OPTIONAL_FIELDS_OF_KIND: Readonly<Record<CommitmentKind, readonly (keyof CommitmentDraft)[]>> = {
  reserved_instances: ["zone"],
  ec2_instance_savings_plan: [],
  compute_savings_plan: [],
};
const FIELDS_OF_SOME = [
  ...new Set(Object.values(FIELDS_OF_KIND).flat()),
  "zone",
] as const satisfies readonly (keyof CommitmentDraft)[];

const DAY_MS = 86_400_000;
/** Regional purchases can be queued so far ahead (EC2 user guide, queue your purchase). */
const LONGEST_QUEUE_DAYS = 1_095;
/** When the first reserved instances were for sale (AWS, 2009-03-12). */
const FIRST_SOLD_MS = Date.UTC(2009, 2, 12);
/** AWS's own limits of a savings plan's commitment: $0.001 to $1,000,000 an hour. */
const LEAST_COMMITMENT_MICRO_USD = 1_000;
const MOST_COMMITMENT_MICRO_USD = 1_000_000_000_000;

/** A commitment without faults, or every fault of it. */
export function checkCommitment(
  draft: CommitmentDraft,
  regions: ReadonlyMap<string, KnownRegion>,
  now: Date,
): Result<NewCommitment, CommitmentFault[]> {
  const faults: CommitmentFault[] = [];
  const fault = (field: keyof CommitmentDraft, rule: string, detail: string) => faults.push({ field, rule, detail });
  const { kind } = draft;
  for (const field of FIELDS_OF_SOME) {
    const isRequired = FIELDS_OF_KIND[kind].includes(field);
    if (isRequired && draft[field] === null) fault(field, "required", `A commitment of kind ${kind} has one.`);
    if (!isRequired && !OPTIONAL_FIELDS_OF_KIND[kind].includes(field) && draft[field] !== null)
      fault(field, "not_of_kind", `A commitment of kind ${kind} has none.`);
  }
  checkOffer(draft, regions, fault);
  const endsAt = checkPeriod(draft, now, fault);
  return faults.length === 0 ? ok({ ...draft, endsAt }) : err(faults);
}

type TellFault = (field: keyof CommitmentDraft, rule: string, detail: string) => void;

function checkOffer(draft: CommitmentDraft, regions: ReadonlyMap<string, KnownRegion>, fault: TellFault): void {
  const { kind, zone, machineType, family, commitmentMicroUsdPerHour: committed } = draft;
  if (committed !== null && (committed < LEAST_COMMITMENT_MICRO_USD || committed > MOST_COMMITMENT_MICRO_USD))
    fault("commitmentMicroUsdPerHour", "out_of_range", "From $0.001 to $1,000,000 an hour.");
  if (draft.region === null) return;
  const region = regions.get(draft.region);
  if (region === undefined) {
    fault("region", "unknown_region", `Nothing is known for sale in ${draft.region}: import its prices first.`);
    return;
  }
  if (zone !== null && !region.zones.has(zone)) fault("zone", "unknown_zone", `${draft.region} has no zone ${zone}.`);
  if (family !== null && ![...region.prices.keys()].some((type) => type.startsWith(`${family}.`)))
    fault("family", "unknown_family", `No machine type of ${family} is priced in ${draft.region}.`);
  if (machineType === null) return;
  const price = region.prices.get(machineType);
  if (price === undefined) {
    fault("machineType", "unknown_machine_type", `${machineType} is not priced on demand in ${draft.region}.`);
    return;
  }
  const { upfrontMicroUsd, hourlyMicroUsd, term, offeringClass, paymentOption } = draft;
  if (upfrontMicroUsd === null || hourlyMicroUsd === null) return;
  const rate = { machineType, term, offeringClass, paymentOption, upfrontMicroUsd, hourlyMicroUsd };
  const wrong = rateFault(rate, kind, price);
  if (wrong !== undefined) fault(faultyAmount(rate), wrong.rule, `Of one instance ${wrong.detail}`);
}

/** Which of the two amounts to look at first: one that its payment option excludes or lacks, otherwise the larger part. */
function faultyAmount({
  paymentOption,
  term,
  upfrontMicroUsd,
  hourlyMicroUsd,
}: Rate): "upfrontMicroUsd" | "hourlyMicroUsd" {
  if (paymentOption === "no_upfront") return upfrontMicroUsd > 0 ? "upfrontMicroUsd" : "hourlyMicroUsd";
  if (paymentOption === "all_upfront") return hourlyMicroUsd > 0 ? "hourlyMicroUsd" : "upfrontMicroUsd";
  if (upfrontMicroUsd === 0 || hourlyMicroUsd === 0)
    return upfrontMicroUsd === 0 ? "upfrontMicroUsd" : "hourlyMicroUsd";
  return upfrontMicroUsd > hourlyMicroUsd * TERMS[term].hours ? "upfrontMicroUsd" : "hourlyMicroUsd";
}

function checkPeriod({ startsAt, endsAt, term, zone }: CommitmentDraft, now: Date, fault: TellFault): Date {
  const days = TERMS[term].days;
  const last = new Date(startsAt.getTime() + days * DAY_MS);
  if (startsAt.getTime() < FIRST_SOLD_MS)
    fault("startsAt", "too_long_ago", "Reserved instances are sold since March 2009, savings plans since 2019.");
  if (startsAt.getTime() - now.getTime() > LONGEST_QUEUE_DAYS * DAY_MS)
    fault("startsAt", "too_far_ahead", "A purchase can be queued for three years ahead at most.");
  if (zone !== null && startsAt > now) fault("startsAt", "not_queued", "Zonal reserved instances cannot be queued.");
  if (endsAt === null) return last;
  if (endsAt <= startsAt) fault("endsAt", "end_before_start", "It ends after it starts.");
  else if (endsAt > last)
    fault("endsAt", "longer_than_term", `A term of ${term} is ${days} days: ${last.toISOString()} at the latest.`);
  return endsAt;
}
