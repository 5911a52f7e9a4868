import { quarterUnits } from "../terms/size-factor.ts";
import { reservedUnitSeconds } from "./apply-reservations.ts";
import type { Bill, BillLine, BillTotals, CommitmentFigures, Coverage } from "./bill.ts";
import type { BillCase, HourRange, Reservation, SavingsPlan } from "./bill-case.ts";
import { machineHours, settleHour, units } from "./bill-hour.ts";
import {
  amortized,
  type CommitmentPrice,
  effectiveHourly,
  nanoUsd,
  planPrice,
  reservationPrice,
  termHoursOf,
} from "./commitment-price.ts";
import { type Fraction, fraction, plus, times, ZERO } from "./fraction.ts";
import { LineList } from "./line-list.ts";
import { byText, type RunningMachines, type RunningService, rulesOf } from "./running.ts";
import { type LikeHours, likeHours } from "./running-hours.ts";

/** Of a quarter unit, for a unit-hour. */
const UNIT_SECONDS_OF_UNIT_HOUR = 4n * 3_600n;
const PICO = 1_000_000_000_000n;

/**
 * The exact bill of a case, clock-hour by clock-hour, by the one order of docs/planner.md.
 *
 * Money is in whole numbers throughout, quantities are exact fractions; each line is rounded once, for one hour, to the nearest
 * nano-dollar. So the bill is the same however hours, machines and ranges are split or ordered in the case. Of a case that
 * readBillCase gave, or one that keeps its rules; throws a RangeError where something runs that has no price, and BillTooLarge
 * where there is too much to bill at once.
 */
export function makeBill(billCase: BillCase): Bill {
  const rules = rulesOf(billCase);
  const list = new LineList();
  const used = new Map<string, Fraction>();
  const coverage = new Map<string, Writable<Coverage>>();
  const addUse = (id: string, amount: Fraction) => used.set(id, plus(used.get(id) ?? ZERO, amount));
  let withoutCommitmentsNanoUsd = 0n;
  const ofOneHour = new Map(billCase.reservations.map((one) => [one, effectiveHourly(one)]));
  const priced = new Map<Reservation | SavingsPlan, CommitmentPrice>([
    ...billCase.reservations.map((one) => [one, reservationPrice(one)] as const),
    ...billCase.plans.map((one) => [one, planPrice(one)] as const),
  ]);

  for (const like of likeHours(billCase)) {
    const { hours, hour } = like;
    const settled = settleHour(hour, rules);
    const many = BigInt(hours);

    for (const { use, quantity } of settled.onDemand) {
      const amount = nanoUsd(times(quantity, use.onDemandPicoUsd)) * many;
      list.add(usageLine(like, "on_demand", use, undefined, quantity, use.onDemandPicoUsd, amount, amount));
    }
    for (const { reservation, machines, unitSeconds } of settled.reserved) {
      const { over, under } = ofOneHour.get(reservation) ?? ZERO;
      const size = BigInt(quarterUnits(reservation.machineType) ?? 1) * 3_600n;
      const effective = nanoUsd(fraction(over * unitSeconds, under * size)) * many;
      const quantity = machineHours(machines, unitSeconds);
      const unitHours = fraction(unitSeconds * many, UNIT_SECONDS_OF_UNIT_HOUR);
      list.add(usageLine(like, "reserved", machines, reservation.id, quantity, undefined, 0n, effective));
      addUse(reservation.id, unitHours);
      addCoverage(coverage, machines, "reserved", unitHours);
    }
    for (const { plan, use, quantity, ratePicoUsd } of settled.planned) {
      const picoUsd = times(quantity, ratePicoUsd);
      const effective = nanoUsd(picoUsd) * many;
      list.add(usageLine(like, "planned", use, plan.id, quantity, ratePicoUsd, 0n, effective));
      addUse(plan.id, fraction(picoUsd.over * many, picoUsd.under * PICO));
      if ("family" in use) {
        addCoverage(coverage, use, "planned", fraction(quantity.over * use.quarterUnits * many, quantity.under * 4n));
      }
    }
    for (const machines of hour.machines) {
      const all = machineHours(machines, machines.unitSeconds);
      withoutCommitmentsNanoUsd += nanoUsd(times(all, machines.onDemandPicoUsd)) * many;
      addCoverage(coverage, machines, "eligible", fraction(machines.unitSeconds * many, UNIT_SECONDS_OF_UNIT_HOUR));
    }
    for (const service of hour.services) {
      withoutCommitmentsNanoUsd += nanoUsd(times(units(service), service.onDemandPicoUsd)) * many;
    }
    for (const line of commitmentLines(like, priced)) list.add(line);
  }

  const { lines } = list;
  const { period } = billCase;
  const reservations = billCase.reservations.map((one) => {
    const purchased = fraction(reservedUnitSeconds(one), UNIT_SECONDS_OF_UNIT_HOUR);
    return figuresOf(period, one, priced.get(one), purchased, used);
  });
  const plans = billCase.plans.map((one) =>
    figuresOf(period, one, priced.get(one), fraction(one.commitmentPicoUsd, PICO), used),
  );
  return {
    period,
    lines: lines.toSorted(byHourAndKind),
    totals: totalsOf(lines, [...reservations, ...plans], withoutCommitmentsNanoUsd),
    reservations: reservations.toSorted((a, b) => byText(a.id, b.id)),
    plans: plans.toSorted((a, b) => byText(a.id, b.id)),
    coverage: [...coverage.values()].toSorted((a, b) => byText(a.region, b.region) || byText(a.family, b.family)),
  };
}

/** The hours' recurring charges, and what is paid at the start of the commitments whose first hour is the first of them. */
function commitmentLines(
  { fromHour, hours, hour: { reservations, plans } }: LikeHours,
  priced: ReadonlyMap<Reservation | SavingsPlan, CommitmentPrice>,
): BillLine[] {
  const lines: BillLine[] = [];
  for (const one of [...reservations, ...plans].sort((a, b) => byText(a.id, b.id))) {
    const price = priced.get(one);
    if (price === undefined) continue;
    const { account, id: commitment } = one;
    const quantity = { over: "count" in one ? BigInt(one.count) : 1n, under: 1n };
    const line = {
      fromHour,
      account,
      commitment,
      use: undefined,
      quantity,
      unitPicoUsd: undefined,
      effectiveNanoUsd: 0n,
    } as const;
    lines.push({ ...line, hours, kind: "recurring", nanoUsd: price.hourlyNanoUsd * BigInt(hours) });
    if (one.startHour === fromHour && price.upfrontNanoUsd > 0n) {
      lines.push({ ...line, hours: 1, kind: "upfront", nanoUsd: price.upfrontNanoUsd });
    }
  }
  return lines;
}

function figuresOf(
  period: HourRange,
  one: Reservation | SavingsPlan,
  price: CommitmentPrice | undefined,
  purchasedEachHour: Fraction,
  used: ReadonlyMap<string, Fraction>,
): CommitmentFigures {
  const { id, startHour, endHour } = one;
  const { upfrontNanoUsd, hourlyNanoUsd } = price ?? { upfrontNanoUsd: 0n, hourlyNanoUsd: 0n };
  const from = Math.max(period.fromHour, startHour);
  const hours = Math.max(0, Math.min(period.fromHour + period.hours, endHour) - from);
  const starts = startHour >= period.fromHour && startHour < period.fromHour + period.hours;
  return {
    id,
    hours,
    purchased: times(purchasedEachHour, BigInt(hours)),
    used: used.get(id) ?? ZERO,
    recurringNanoUsd: hourlyNanoUsd * BigInt(hours),
    upfrontNanoUsd: starts ? upfrontNanoUsd : 0n,
    amortizedNanoUsd: hours === 0 ? 0n : amortized(upfrontNanoUsd, from - startHour, hours, termHoursOf(one)),
  };
}

function totalsOf(
  lines: readonly BillLine[],
  commitments: readonly CommitmentFigures[],
  withoutCommitmentsNanoUsd: bigint,
): BillTotals {
  const sum = (kind: BillLine["kind"]) =>
    lines.reduce((total, line) => (line.kind === kind ? total + line.nanoUsd : total), 0n);
  const onDemandNanoUsd = sum("on_demand");
  const recurringNanoUsd = sum("recurring");
  const upfrontNanoUsd = sum("upfront");
  const amortizedUpfrontNanoUsd = commitments.reduce((total, { amortizedNanoUsd }) => total + amortizedNanoUsd, 0n);
  return {
    onDemandNanoUsd,
    recurringNanoUsd,
    upfrontNanoUsd,
    nanoUsd: onDemandNanoUsd + recurringNanoUsd + upfrontNanoUsd,
    amortizedUpfrontNanoUsd,
    amortizedNanoUsd: onDemandNanoUsd + recurringNanoUsd + amortizedUpfrontNanoUsd,
    withoutCommitmentsNanoUsd,
  };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function addCoverage(
  coverage: Map<string, Writable<Coverage>>,
  { region, family }: RunningMachines,
  part: "eligible" | "reserved" | "planned",
  unitHours: Fraction,
): void {
  const key = `${region}\n${family}`;
  const before = coverage.get(key);
  if (before !== undefined) before[part] = plus(before[part], unitHours);
  else coverage.set(key, { region, family, eligible: ZERO, reserved: ZERO, planned: ZERO, [part]: unitHours });
}

function usageLine(
  { fromHour, hours }: HourRange,
  kind: BillLine["kind"],
  use: RunningMachines | RunningService,
  commitment: string | undefined,
  quantity: Fraction,
  unitPicoUsd: bigint | undefined,
  nano: bigint,
  effectiveNanoUsd: bigint,
): BillLine {
  const { account } = use;
  return { fromHour, hours, kind, account, commitment, use, quantity, unitPicoUsd, nanoUsd: nano, effectiveNanoUsd };
}

const KIND_ORDER = { on_demand: 0, reserved: 1, planned: 2, recurring: 3, upfront: 4 } as const;

/** Lines of one hour, kind and account stay in the order in which they were made: that in which commitments are applied. */
function byHourAndKind(a: BillLine, b: BillLine): number {
  return a.fromHour - b.fromHour || KIND_ORDER[a.kind] - KIND_ORDER[b.kind] || byText(a.account, b.account);
}
