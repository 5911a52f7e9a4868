import type { Bill, BillLine, CommitmentFigures } from "./bill.ts";
import { type Fraction, fraction, plus, rounded, ZERO } from "./fraction.ts";

const PLACES = 9;

/** A bill as JSON: money and quantities are decimal texts of nine places, so that none is a float. */
export function showBill({ period, lines, totals, reservations, plans, coverage }: Bill): unknown {
  const sum = (of: "eligible" | "reserved" | "planned") => coverage.reduce((all, one) => plus(all, one[of]), ZERO);
  return {
    period,
    lines: lines.map(showLine),
    totals: {
      onDemandUsd: usd(totals.onDemandNanoUsd),
      recurringUsd: usd(totals.recurringNanoUsd),
      upfrontUsd: usd(totals.upfrontNanoUsd),
      totalUsd: usd(totals.nanoUsd),
      amortizedUpfrontUsd: usd(totals.amortizedUpfrontNanoUsd),
      amortizedTotalUsd: usd(totals.amortizedNanoUsd),
      withoutCommitmentsUsd: usd(totals.withoutCommitmentsNanoUsd),
    },
    reservations: reservations.map((one) => showCommitment(one, "UnitHours")),
    plans: plans.map((one) => showCommitment(one, "Usd")),
    coverage: {
      ...showCoverage(sum("eligible"), sum("reserved"), sum("planned")),
      families: coverage.map(({ region, family, eligible, reserved, planned }) => ({
        region,
        family,
        ...showCoverage(eligible, reserved, planned),
      })),
    },
  };
}

function showLine(line: BillLine): unknown {
  const { fromHour, hours, kind, account, commitment, use, quantity } = line;
  const product =
    use === undefined
      ? {}
      : "service" in use
        ? { service: use.service }
        : {
            region: use.region,
            zone: use.zone,
            machineType: use.machineType,
            platform: use.platform,
            tenancy: use.tenancy,
          };
  return {
    fromHour,
    hours,
    kind,
    account,
    ...product,
    ...(commitment === undefined ? {} : { commitment }),
    quantity: decimal(quantity),
    usd: usd(line.nanoUsd),
    ...(kind === "reserved" || kind === "planned" ? { effectiveUsd: usd(line.effectiveNanoUsd) } : {}),
  };
}

function showCommitment(figures: CommitmentFigures, unit: "UnitHours" | "Usd"): unknown {
  const { id, hours, purchased, used } = figures;
  return {
    id,
    hours,
    [`purchased${unit}`]: decimal(purchased),
    [`used${unit}`]: decimal(used),
    utilization: decimal(share(used, purchased)),
    recurringUsd: usd(figures.recurringNanoUsd),
    upfrontUsd: usd(figures.upfrontNanoUsd),
    amortizedUpfrontUsd: usd(figures.amortizedNanoUsd),
  };
}

function showCoverage(eligible: Fraction, reserved: Fraction, planned: Fraction) {
  return {
    eligibleUnitHours: decimal(eligible),
    reservedUnitHours: decimal(reserved),
    plannedUnitHours: decimal(planned),
    coverage: decimal(share(plus(reserved, planned), eligible)),
  };
}

/** Of nothing, nothing. */
function share(part: Fraction, of: Fraction): Fraction {
  return of.over === 0n ? ZERO : fraction(part.over * of.under, part.under * of.over);
}

function decimal({ over, under }: Fraction): string {
  return usd(rounded(fraction(over * 10n ** BigInt(PLACES), under)));
}

/** Billionths as a decimal of nine places. */
function usd(nano: bigint): string {
  const digits = nano.toString().padStart(PLACES + 1, "0");
  return `${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}`;
}
