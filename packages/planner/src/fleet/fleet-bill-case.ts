import type { PaymentOption, Rate, Term } from "@berth/domain";
import type { BillCase, ProductPrice, Reservation, SavingsPlan } from "../bill/bill-case.ts";
import { familyAndSize, quarterUnits } from "../terms/size-factor.ts";
import type { FleetHistory, OwnedCommitment, PlanRateBook } from "./fleet-history.ts";
import { HOUR_MS, machineHours, OUR_ACCOUNT } from "./machine-hours.ts";

const PICO_OF_MICRO = 1_000_000n;

export interface FleetBillCase {
  readonly billCase: BillCase;
  /** Machine types that ran and that nothing is known of to bill them by: no price on demand, or no size. */
  readonly unbilled: readonly string[];
  /** Ids of savings plans that might cover some of what ran, and of which no rate for any of that is known: they count as unused. */
  readonly unrated: readonly string[];
}

/**
 * What the bill of a fleet follows from: its own accounts are one, Linux at default tenancy, and share what is committed to.
 *
 * A commitment counts from the clock-hour of its start to that of its end. A savings plan applies to the types that the rate
 * book of its kind and the machine's region has for its term and payment option, at the book's rates.
 */
export function fleetBillCase(history: FleetHistory): FleetBillCase {
  const { fromHour, hours, commitments } = history;
  const plans = commitments.filter((one) => one.kind !== "reserved_instances").map(savingsPlan);
  const rates = ratesByCard(history.rateBooks, new Set(plans.map(({ rateCard }) => rateCard)));
  const prices = new Map(
    history.prices
      .filter(({ machineType }) => quarterUnits(machineType) !== undefined)
      .map(({ region, machineType, microUsdPerHour }): [string, ProductPrice] => [
        placeKey(region, machineType),
        {
          region,
          machineType,
          platform: "linux",
          tenancy: "default",
          onDemandPicoUsd: BigInt(microUsdPerHour) * PICO_OF_MICRO,
          planRates: new Map(
            [...rates].map(([card, rateOf]) => [card, rateOf.get(placeKey(region, machineType)) ?? null]),
          ),
        },
      ]),
  );
  const ran = machineHours(history);
  const isBilled = ({ region, machineType }: { readonly region: string; readonly machineType: string }) =>
    prices.has(placeKey(region, machineType));
  const machines = ran.filter(isBilled);
  const used = new Set(machines.map(({ region, machineType }) => placeKey(region, machineType)));
  const billed = [...prices].filter(([key]) => used.has(key)).map(([, price]) => price);
  return {
    billCase: {
      period: { fromHour, hours },
      sharing: { on: true, offFor: new Set() },
      machines,
      services: [],
      prices: billed,
      reservations: commitments.filter((one) => one.kind === "reserved_instances").map(reservation),
      plans,
    },
    unbilled: [...new Set(ran.filter((one) => !isBilled(one)).map(({ machineType }) => machineType))].toSorted(),
    unrated: plans.filter((plan) => isUnrated(plan, billed)).map(({ id }) => id),
  };
}

function isUnrated({ only, rateCard }: SavingsPlan, ran: readonly ProductPrice[]): boolean {
  const inScope = ran.filter(
    ({ region, machineType }) =>
      only === undefined || (only.region === region && only.family === familyAndSize(machineType)?.family),
  );
  return inScope.length > 0 && inScope.every(({ planRates }) => (planRates.get(rateCard) ?? null) === null);
}

function placeKey(region: string, machineType: string): string {
  return `${region} ${machineType}`;
}

function common({ id, account, startsAt, endsAt, term }: OwnedCommitment) {
  return {
    id,
    account: account ?? OUR_ACCOUNT,
    startHour: Math.floor(startsAt.getTime() / HOUR_MS),
    endHour: Math.max(Math.floor(endsAt.getTime() / HOUR_MS), Math.floor(startsAt.getTime() / HOUR_MS) + 1),
    term,
  };
}

function reservation(one: OwnedCommitment): Reservation {
  return {
    ...common(one),
    region: one.region ?? "",
    zone: one.zone ?? undefined,
    machineType: one.machineType ?? "",
    platform: "linux",
    tenancy: "default",
    offeringClass: one.offeringClass ?? "standard",
    count: one.count ?? 0,
    upfrontPicoUsd: BigInt(one.upfrontMicroUsd ?? 0) * PICO_OF_MICRO,
    hourlyPicoUsd: BigInt(one.hourlyMicroUsd ?? 0) * PICO_OF_MICRO,
  };
}

function savingsPlan(one: OwnedCommitment): SavingsPlan {
  const only = one.region === null || one.family === null ? undefined : { region: one.region, family: one.family };
  return {
    ...common(one),
    kind: only === undefined ? "compute" : "ec2_instance",
    only,
    payment: one.paymentOption,
    rateCard: rateCard(one.kind, one.term, one.paymentOption),
    commitmentPicoUsd: BigInt(one.commitmentMicroUsdPerHour ?? 0) * PICO_OF_MICRO,
  };
}

function rateCard(kind: string, term: Term, payment: PaymentOption): string {
  return `${kind} ${term} ${payment}`;
}

/** By card, then by region and type: pico-dollars an hour. */
function ratesByCard(
  books: readonly PlanRateBook[],
  cards: ReadonlySet<string>,
): ReadonlyMap<string, ReadonlyMap<string, bigint>> {
  const byCard = new Map([...cards].map((card) => [card, new Map<string, bigint>()]));
  for (const { region, kind, rates } of books) {
    for (const { machineType, term, paymentOption, hourlyMicroUsd } of rates as readonly Rate[]) {
      byCard
        .get(rateCard(kind, term, paymentOption))
        ?.set(placeKey(region, machineType), BigInt(hourlyMicroUsd) * PICO_OF_MICRO);
    }
  }
  return byCard;
}
