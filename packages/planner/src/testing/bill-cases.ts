import type { Bill, BillLine } from "../bill/bill.ts";
import { makeBill } from "../bill/make-bill.ts";
import { readBillCase } from "../bill/read-bill-case.ts";

/** A case as its file has it. */
export type CaseFile = Record<string, unknown>;

/** One full hour of machines in us-east-1, unless something else is said. */
export function machines(
  account: string,
  machineType: string,
  zone: string,
  count: number,
  over: CaseFile = {},
): CaseFile {
  return {
    account,
    region: "us-east-1",
    zone: `us-east-1${zone}`,
    machineType,
    platform: "linux",
    tenancy: "default",
    fromHour: 0,
    hours: 1,
    seconds: 3_600,
    count,
    ...over,
  };
}

/** In us-east-1, without anything upfront, from hour 0, unless something else is said. */
export function reserved(
  id: string,
  account: string,
  machineType: string,
  count: number,
  usdPerHour: number,
  over: CaseFile = {},
): CaseFile {
  return {
    id,
    account,
    region: "us-east-1",
    machineType,
    platform: "linux",
    tenancy: "default",
    offeringClass: "standard",
    term: "1y",
    startHour: 0,
    count,
    upfrontUsd: 0,
    usdPerHour,
    ...over,
  };
}

/** Of Linux on shared hardware in us-east-1, unless something else is said. */
export function price(machineType: string, usdPerHour: number, over: CaseFile = {}): CaseFile {
  return { region: "us-east-1", machineType, platform: "linux", tenancy: "default", usdPerHour, ...over };
}

/** Throws with all faults. */
export function billOf(file: CaseFile): Bill {
  const read = readBillCase(file);
  if (!read.ok) throw new Error(read.error.map(({ field, rule }) => `${field} ${rule}`).join("\n"));
  return makeBill(read.value);
}

/** Each line of usage in words: how much of what, whose, and who pays: "0.5 of A's c4.xlarge in us-east-1c: R". */
export function usageOf({ lines }: Bill): string[] {
  return lines
    .filter(({ use }) => use !== undefined)
    .map(({ quantity: { over, under }, account, use, commitment }) => {
      const what = use === undefined ? "" : "service" in use ? use.service : `${use.machineType} in ${use.zone}`;
      const amount = under === 1n ? String(over) : `${over}/${under}`;
      return `${amount} of ${account}'s ${what}: ${commitment ?? "on demand"}`;
    })
    .toSorted();
}

/** Nano-dollars in dollars to the cent, halves up. */
export function cents(nanoUsd: bigint): string {
  const digits = ((nanoUsd + 5_000_000n) / 10_000_000n).toString().padStart(3, "0");
  return `$${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

export function linesOf({ lines }: Bill, kind: BillLine["kind"]): readonly BillLine[] {
  return lines.filter((line) => line.kind === kind);
}
