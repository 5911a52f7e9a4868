import type { BenchPart, Figure } from "@berth/testing";
import { compareBills } from "../../src/testing/compare-bills.ts";

const HOURS = 100_000;
const MOST_TOLD = 20;

/** What the tests of `npm test` hold for three thousand random hours, for a hundred thousand: every line and every total. */
export function secondBillPart(): BenchPart {
  return { name: "second_bill", measure };
}

async function measure(tell: (line: string) => void): Promise<Figure[]> {
  let [hours, lines, slices, differences] = [0, 0, 0, 0];
  for (let seed = 1; hours < HOURS; seed++) {
    const compared = compareBills(seed);
    hours += compared.hours;
    lines += compared.lines;
    slices += compared.slices;
    for (const difference of compared.differences) {
      if (differences++ < MOST_TOLD) tell(`second_bill: seed ${seed}: ${difference}`);
    }
  }
  tell(`second_bill: ${hours} hours, ${lines} lines, ${slices} slices of reservations moved one by one`);
  return [
    { figure: "second_bill.differences", value: differences, unit: "lines", must: 0, aim: 0, better: "lower" },
    { figure: "second_bill.hours", value: hours, unit: "hours", must: 100_000, aim: 100_000, better: "higher" },
  ];
}
