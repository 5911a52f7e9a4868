import type { Bill, BillLine } from "../bill/bill.ts";
import type { RunningService } from "../bill/running.ts";
import { billOf } from "./bill-cases.ts";
import { RANDOM_HOURS, randomBillCase } from "./random-bill-case.ts";
import { type SecondBill, secondBill } from "./second-bill.ts";

export interface Comparison {
  /** Lines and totals that one bill has and the other has not, or has with another amount; in words. */
  readonly differences: readonly string[];
  readonly hours: number;
  readonly lines: number;
  readonly slices: number;
}

/** The engine's bill of a seed's random case beside the second implementation's: every line of every hour, and all totals. */
export function compareBills(seed: number): Comparison {
  const file = randomBillCase(seed);
  const bill = billOf(file);
  const second = secondBill(file);
  const lines = linesByHour(bill);
  const differences: string[] = [];
  for (const [key, amount] of lines) {
    const other = second.lines.get(key);
    if (other !== amount) differences.push(`${key}: ${amount}, the second has ${other}`);
  }
  for (const [key, amount] of second.lines) {
    if (!lines.has(key)) differences.push(`${key}: none, the second has ${amount}`);
  }
  const totals: SecondBill["totals"] = {
    onDemand: bill.totals.onDemandNanoUsd,
    recurring: bill.totals.recurringNanoUsd,
    upfront: bill.totals.upfrontNanoUsd,
    amortized: bill.totals.amortizedUpfrontNanoUsd,
    without: bill.totals.withoutCommitmentsNanoUsd,
  };
  for (const name of ["onDemand", "recurring", "upfront", "amortized", "without"] as const) {
    if (totals[name] !== second.totals[name]) {
      differences.push(`total ${name}: ${totals[name]}, the second has ${second.totals[name]}`);
    }
  }
  return { differences, hours: RANDOM_HOURS, lines: lines.size, slices: second.slices };
}

/** As the second implementation has them: a line for each hour. */
function linesByHour({ lines }: Bill): ReadonlyMap<string, string> {
  const byHour = new Map<string, string>();
  for (const line of lines) {
    const { fromHour, hours, kind, account, quantity, nanoUsd, effectiveNanoUsd } = line;
    for (let hour = fromHour; hour < fromHour + hours; hour++) {
      const key = [hour, kind, account, whatOf(line)].join("|");
      const amounts = [nanoUsd / BigInt(hours), effectiveNanoUsd / BigInt(hours)];
      byHour.set(key, [`${quantity.over}/${quantity.under}`, ...amounts].join("|"));
    }
  }
  return byHour;
}

function whatOf({ use, commitment }: BillLine): string {
  if (use === undefined) return commitment ?? "";
  const product =
    "service" in use ? serviceOf(use) : [use.region, use.zone, use.machineType, use.platform, use.tenancy].join(" ");
  return commitment === undefined ? product : `${product}|${commitment}`;
}

function serviceOf({ service, onDemandPicoUsd, planRates }: RunningService): string {
  const rates = [...planRates]
    .map(([card, rate]) => [card, rate === null ? "" : String(rate / 1_000_000n).padStart(20, "0")].join(" "))
    .toSorted();
  return `${service} ${onDemandPicoUsd / 1_000_000n} ${rates.join(", ")}`;
}
