import type { Bill, BillLine, CommitmentFigures } from "./bill.ts";
import { type Fraction, fraction, plus, rounded, ZERO } from "./fraction.ts";
import { byText } from "./running.ts";

const PLACES = 9;

/** A bill as JSON: money and quantities are decimal texts of nine places, prices of twelve, so that none is a float. */
export function showBill({
  period,
  lines,
  totals,
  reservations,
  plans,
  coverage,
}: Bill): Readonly<Record<string, unknown>> {
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
    accounts: showAccounts(lines),
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
    ...(line.unitPicoUsd === undefined ? {} : { usdPerUnit: picoUsd(line.unitPicoUsd) }),
    usd: usd(line.nanoUsd),
    ...(kind === "reserved" || kind === "planned" ? { effectiveUsd: usd(line.effectiveNanoUsd) } : {}),
  };
}

/** What each account pays: its usage on demand, and all of what it bought, whoever uses it. */
function showAccounts(lines: readonly BillLine[]): unknown {
  const accounts = new Map<string, { onDemand: bigint; recurring: bigint; upfront: bigint }>();
  for (const { account, kind, nanoUsd } of lines) {
    const sums = accounts.get(account) ?? { onDemand: 0n, recurring: 0n, upfront: 0n };
    if (kind === "on_demand") sums.onDemand += nanoUsd;
    else if (kind === "recurring") sums.recurring += nanoUsd;
    else if (kind === "upfront") sums.upfront += nanoUsd;
    accounts.set(account, sums);
  }
  return [...accounts]
    .toSorted(([a], [b]) => byText(a, b))
    .map(([account, { onDemand, recurring, upfront }]) => ({
      account,
      onDemandUsd: usd(onDemand),
      recurringUsd: usd(recurring),
      upfrontUsd: usd(upfront),
      totalUsd: usd(onDemand + recurring + upfront),
    }));
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

function usd(nano: bigint): string {
  return withPlaces(nano, PLACES);
}

/** Prices have twelve places, as in the case. */
function picoUsd(pico: bigint): string {
  return withPlaces(pico, 12);
}

function withPlaces(scaled: bigint, places: number): string {
  const digits = scaled.toString().padStart(places + 1, "0");
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}
