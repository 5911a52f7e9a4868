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
} from "./commitment-price.ts";
import { type Fraction, fraction, plus, times, ZERO } from "./fraction.ts";
import { byText, type RunningMachines, type RunningService, sharesOf } from "./running.ts";
import { type LikeHours, likeHours } from "./running-hours.ts";

/** Of a quarter unit, for a unit-hour. */
const UNIT_SECONDS_OF_UNIT_HOUR = 4n * 3_600n;
const PICO = 1_000_000_000_000n;

/**
 * The exact bill of a case, clock-hour by clock-hour, by the one order of docs/planner.md.
 *
 * Money is in whole numbers throughout, quantities are exact fractions; each line is rounded once, for one hour, to the nearest
 * nano-dollar. So the bill is the same however hours, machines and ranges are split or ordered in the case. Of a case that
 * readBillCase gave, or one that keeps its rules; throws a RangeError where something runs that has no price.
 */
export function makeBill(billCase: BillCase): Bill {
  const shares = sharesOf(billCase);
  const lines: BillLine[] = [];
  const used = new Map<string, Fraction>();
  const coverage = new Map<string, Coverage>();
  const use = (id: string, amount: Fraction) => used.set(id, plus(used.get(id) ?? ZERO, amount));
  let withoutCommitmentsNanoUsd = 0n;

  for (const like of likeHours(billCase)) {
    const { fromHour, hours, hour } = like;
    const settled = settleHour(hour, shares);
    const range = { fromHour, hours };
    const lineOf = (kind: "on_demand" | "reserved" | "planned", of: RunningMachines | RunningService) =>
      ({
        ...range,
        kind,
        account: of.account,
        commitment: undefined,
        use: of,
        nanoUsd: 0n,
        effectiveNanoUsd: 0n,
      }) as const;

    for (const { use: of, quantity } of settled.onDemand) {
      const amount = nanoUsd(times(quantity, of.onDemandPicoUsd)) * BigInt(hours);
      lines.push({ ...lineOf("on_demand", of), quantity, nanoUsd: amount, effectiveNanoUsd: amount });
    }
    for (const { reservation, machines, unitSeconds } of settled.reserved) {
      const { over, under } = effectiveHourly(reservation);
      const size = BigInt(quarterUnits(reservation.machineType) ?? 1) * 3_600n;
      lines.push({
        ...lineOf("reserved", machines),
        commitment: reservation.id,
        quantity: machineHours(machines, unitSeconds),
        effectiveNanoUsd: nanoUsd(fraction(over * unitSeconds, under * size)) * BigInt(hours),
      });
      use(reservation.id, fraction(unitSeconds * BigInt(hours), UNIT_SECONDS_OF_UNIT_HOUR));
      addCoverage(coverage, machines, { reserved: fraction(unitSeconds * BigInt(hours), UNIT_SECONDS_OF_UNIT_HOUR) });
    }
    for (const { plan, use: of, quantity, ratePicoUsd } of settled.planned) {
      const picoUsd = times(quantity, ratePicoUsd);
      lines.push({
        ...lineOf("planned", of),
        commitment: plan.id,
        quantity,
        effectiveNanoUsd: nanoUsd(picoUsd) * BigInt(hours),
      });
      use(plan.id, fraction(picoUsd.over * BigInt(hours), picoUsd.under * PICO));
      if ("family" in of) {
        addCoverage(coverage, of, {
          planned: fraction(quantity.over * of.quarterUnits * BigInt(hours), quantity.under * 4n),
        });
      }
    }
    for (const machines of hour.machines) {
      const all = machineHours(machines, machines.unitSeconds);
      withoutCommitmentsNanoUsd += nanoUsd(times(all, machines.onDemandPicoUsd)) * BigInt(hours);
      addCoverage(coverage, machines, {
        eligible: fraction(machines.unitSeconds * BigInt(hours), UNIT_SECONDS_OF_UNIT_HOUR),
      });
    }
    for (const service of hour.services) {
      withoutCommitmentsNanoUsd += nanoUsd(times(units(service), service.onDemandPicoUsd)) * BigInt(hours);
    }
    lines.push(...commitmentLines(like));
  }

  const { period } = billCase;
  const reservations = billCase.reservations.map((one) => {
    const purchased = fraction(reservedUnitSeconds(one), UNIT_SECONDS_OF_UNIT_HOUR);
    return figuresOf(period, one, reservationPrice(one), purchased, used);
  });
  const plans = billCase.plans.map((one) =>
    figuresOf(period, one, planPrice(one), fraction(one.commitmentPicoUsd, PICO), used),
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
function commitmentLines({ fromHour, hours, hour }: LikeHours): BillLine[] {
  const priced = [
    ...hour.reservations.map((one) => ({ one, quantity: BigInt(one.count), price: reservationPrice(one) })),
    ...hour.plans.map((one) => ({ one, quantity: 1n, price: planPrice(one) })),
  ];
  return priced
    .toSorted((a, b) => byText(a.one.id, b.one.id))
    .flatMap(({ one, quantity, price: { hourlyNanoUsd, upfrontNanoUsd } }): BillLine[] => {
      const line = { account: one.account, commitment: one.id, use: undefined, quantity: fraction(quantity) } as const;
      const recurring = hourlyNanoUsd * BigInt(hours);
      const lines: BillLine[] = [
        { ...line, fromHour, hours, kind: "recurring", nanoUsd: recurring, effectiveNanoUsd: 0n },
      ];
      if (one.startHour === fromHour && upfrontNanoUsd > 0n) {
        lines.push({ ...line, fromHour, hours: 1, kind: "upfront", nanoUsd: upfrontNanoUsd, effectiveNanoUsd: 0n });
      }
      return lines;
    });
}

function figuresOf(
  period: HourRange,
  { id, startHour, endHour }: Reservation | SavingsPlan,
  { upfrontNanoUsd, hourlyNanoUsd }: CommitmentPrice,
  purchasedEachHour: Fraction,
  used: ReadonlyMap<string, Fraction>,
): CommitmentFigures {
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
    amortizedNanoUsd: hours === 0 ? 0n : amortized(upfrontNanoUsd, from - startHour, hours, endHour - startHour),
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

function addCoverage(
  coverage: Map<string, Coverage>,
  { region, family }: RunningMachines,
  more: Partial<Pick<Coverage, "eligible" | "reserved" | "planned">>,
): void {
  const key = JSON.stringify([region, family]);
  const before = coverage.get(key) ?? { region, family, eligible: ZERO, reserved: ZERO, planned: ZERO };
  coverage.set(key, {
    ...before,
    eligible: plus(before.eligible, more.eligible ?? ZERO),
    reserved: plus(before.reserved, more.reserved ?? ZERO),
    planned: plus(before.planned, more.planned ?? ZERO),
  });
}

const KIND_ORDER = { on_demand: 0, reserved: 1, planned: 2, recurring: 3, upfront: 4 } as const;

/** Lines of one hour, kind and account stay in the order in which they were made: that in which commitments are applied. */
function byHourAndKind(a: BillLine, b: BillLine): number {
  return a.fromHour - b.fromHour || KIND_ORDER[a.kind] - KIND_ORDER[b.kind] || byText(a.account, b.account);
}
