import { seededRandom } from "@berth/domain";
import type { BenchPart, Figure } from "@berth/testing";
import { makeBill, readBillCase } from "../../src/index.ts";
import { type CaseFile, machines, price, reserved } from "../../src/testing/bill-cases.ts";

const HOURS = 8_760;
const ZONES = ["a", "b", "c"];
const TYPES: Readonly<Record<string, number>> = {
  "m7i.2xlarge": 0.4032,
  "m7i.4xlarge": 0.8064,
  "r7i.2xlarge": 0.5292,
  "r7i.4xlarge": 1.0584,
  "c7i.4xlarge": 0.714,
  "c7i.8xlarge": 1.428,
};

/** A year in which every hour differs: 18 groups of machines, 24 reservations, 4 plans. */
export function yearPart(): BenchPart {
  return { name: "bill_year", measure };
}

async function measure(tell: (line: string) => void): Promise<Figure[]> {
  const read = readBillCase(yearCase());
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  const before = process.cpuUsage();
  const { lines, totals } = makeBill(read.value);
  const { user, system } = process.cpuUsage(before);
  tell(`bill_year: ${lines.length} lines, ${(Number(totals.nanoUsd) / 1e9).toFixed(2)} $`);
  return [
    { figure: "bill_year.cpu", value: (user + system) / 1e6, unit: "s", must: 60, aim: 10, better: "lower" },
    { figure: "bill_year.lines", value: lines.length, unit: "lines", must: 200_000, aim: 200_000, better: "higher" },
  ];
}

function yearCase(): CaseFile {
  const random = seededRandom(1);
  const types = Object.entries(TYPES);
  return {
    machines: Array.from({ length: HOURS }, (_, hour) =>
      types.flatMap(([machineType]) =>
        ZONES.map((zone) => machines("A", machineType, zone, 5 + random.integer(20), { fromHour: hour })),
      ),
    ).flat(),
    prices: types.map(([machineType, usd]) =>
      price(machineType, usd, {
        planRates: { compute: Number((usd * 0.72).toFixed(4)), ec2_instance: Number((usd * 0.66).toFixed(4)) },
      }),
    ),
    reservations: types.flatMap(([machineType, usd]) =>
      [0, 1, 2, 3].map((index) =>
        reserved(`${machineType}-${index}`, "A", machineType, 8, Number((usd * 0.6).toFixed(4)), {
          startHour: index * 700,
        }),
      ),
    ),
    plans: [0, 1, 2, 3].map((index) => ({
      ...{
        id: `sp-${index}`,
        account: "A",
        term: "1y",
        startHour: index * 900,
        payment: "no_upfront",
        usdPerHour: 2.5,
      },
      ...(index < 3 ? { kind: "compute" } : { kind: "ec2_instance", region: "us-east-1", family: "m7i" }),
    })),
  };
}
