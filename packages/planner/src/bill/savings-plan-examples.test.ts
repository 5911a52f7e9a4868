import { describe, expect, it } from "vitest";
import { billOf, type CaseFile, cents, machines, price, reserved, usageOf } from "../testing/bill-cases.ts";

function plan(id: string, usdPerHour: number, over: CaseFile = {}): CaseFile {
  return {
    id,
    account: "A",
    kind: "compute",
    term: "1y",
    startHour: -1,
    payment: "partial_upfront",
    usdPerHour,
    ...over,
  };
}

function service(name: string, units: number, usdPerUnit: number, compute: number): CaseFile {
  return { account: "A", service: name, fromHour: 0, hours: 1, units, usdPerUnit, planRates: { compute } };
}

/** Its usage and rates; rates are illustrative there too. */
describe("Savings Plans user guide, How Savings Plans apply to your usage", () => {
  const usage = {
    machines: [
      machines("A", "r5.4xlarge", "a", 4),
      machines("A", "m5.24xlarge", "a", 1, { platform: "windows", tenancy: "dedicated" }),
    ],
    services: [
      service("Fargate vCPU", 400, 0.04, 0.03),
      service("Fargate GB", 1_600, 0.004, 0.003),
      // A million requests of three seconds with half a gigabyte each.
      service("Lambda GB-second", 1_500_000, 0.000015, 0.00001275),
      service("Lambda requests, a million", 1, 0.2, 0.2),
    ],
    prices: [
      price("r5.4xlarge", 1, { planRates: { compute: 0.7, ec2_instance: 0.6 } }),
      price("m5.24xlarge", 10, {
        platform: "windows",
        tenancy: "dedicated",
        planRates: { compute: 8.2, ec2_instance: 7.8 },
      }),
    ],
  };
  const fargateAndLambda = [
    "1 of A's Lambda requests, a million: on demand",
    "1 of A's m5.24xlarge in us-east-1a: on demand",
    "1500000 of A's Lambda GB-second: on demand",
  ];

  it("scenario 1: $50 cover all usage, which comes to $47.13 at the plan's rates and to $59.10 on demand", () => {
    const bill = billOf({ ...usage, plans: [plan("P", 50)] });
    expect(usageOf(bill).every((line) => line.endsWith(": P"))).toBe(true);
    expect(bill.totals.onDemandNanoUsd).toBe(0n);
    const atPlanRates = bill.lines.reduce((sum, { effectiveNanoUsd }) => sum + effectiveNanoUsd, 0n);
    expect(atPlanRates).toBe(47_125_000_000n);
    expect(cents(atPlanRates)).toBe("$47.13");
    expect(cents(bill.totals.withoutCommitmentsNanoUsd)).toBe("$59.10");
    // Half of the commitment was paid at its start.
    expect(cents(bill.totals.recurringNanoUsd)).toBe("$25.00");
    expect(cents(bill.totals.amortizedNanoUsd)).toBe("$50.00");
  });

  it("scenario 2: $2 cover some 2.9 of the r5.4xlarge; $1.14 of them and $55.10 of the rest are on demand, $56.24", () => {
    const bill = billOf({ ...usage, plans: [plan("P", 2)] });
    expect(usageOf(bill)).toEqual([
      "1 of A's Lambda requests, a million: on demand",
      "1 of A's m5.24xlarge in us-east-1a: on demand",
      "1500000 of A's Lambda GB-second: on demand",
      "1600 of A's Fargate GB: on demand",
      "20/7 of A's r5.4xlarge in us-east-1a: P",
      "400 of A's Fargate vCPU: on demand",
      "8/7 of A's r5.4xlarge in us-east-1a: on demand",
    ]);
    const r5 = bill.lines.find(
      ({ kind, use }) => kind === "on_demand" && use !== undefined && "family" in use && use.family === "r5",
    );
    expect(cents(r5?.nanoUsd ?? 0n)).toBe("$1.14");
    expect(cents(bill.totals.onDemandNanoUsd - (r5?.nanoUsd ?? 0n))).toBe("$55.10");
    expect(cents(bill.totals.onDemandNanoUsd)).toBe("$56.24");
    expect(cents(bill.totals.amortizedNanoUsd)).toBe("$58.24");
  });

  it("scenario 3: $19.60 cover r5.4xlarge, then Fargate by its lower rate, and $32.70 stay on demand", () => {
    const bill = billOf({ ...usage, plans: [plan("P", 19.6)] });
    expect(usageOf(bill)).toEqual([
      ...fargateAndLambda,
      "1600 of A's Fargate GB: P",
      "4 of A's r5.4xlarge in us-east-1a: P",
      "400 of A's Fargate vCPU: P",
    ]);
    expect(
      bill.lines.flatMap(({ kind, use }) =>
        kind === "planned" && use !== undefined && "service" in use ? use.service : [],
      ),
    ).toEqual(["Fargate GB", "Fargate vCPU"]);
    expect(cents(bill.totals.onDemandNanoUsd)).toBe("$32.70");
    expect(bill.plans[0]?.used).toEqual(bill.plans[0]?.purchased);
  });

  it("scenario 4: two reserved r5.4xlarge first, then $18.20 for the other two and Fargate; $32.70 stay on demand", () => {
    const bill = billOf({
      ...usage,
      reservations: [reserved("R", "A", "r5.4xlarge", 2, 0.6)],
      plans: [plan("P", 18.2)],
    });
    expect(usageOf(bill)).toEqual([
      ...fargateAndLambda,
      "1600 of A's Fargate GB: P",
      "2 of A's r5.4xlarge in us-east-1a: P",
      "2 of A's r5.4xlarge in us-east-1a: R",
      "400 of A's Fargate vCPU: P",
    ]);
    expect(cents(bill.totals.onDemandNanoUsd)).toBe("$32.70");
    expect(bill.plans[0]?.used).toEqual(bill.plans[0]?.purchased);
  });

  it("scenario 5: $3 for r5 cover r5.4xlarge for $2.40, then $16.80 cover Fargate; $32.70 stay on demand", () => {
    const bill = billOf({
      ...usage,
      plans: [plan("P", 16.8), plan("r5", 3, { kind: "ec2_instance", region: "us-east-1", family: "r5" })],
    });
    expect(usageOf(bill)).toEqual([
      ...fargateAndLambda,
      "1600 of A's Fargate GB: P",
      "4 of A's r5.4xlarge in us-east-1a: r5",
      "400 of A's Fargate vCPU: P",
    ]);
    expect(bill.plans).toMatchObject([
      { id: "P", used: { over: 84n, under: 5n } },
      { id: "r5", used: { over: 12n, under: 5n }, purchased: { over: 3n, under: 1n } },
    ]);
    expect(cents(bill.totals.onDemandNanoUsd)).toBe("$32.70");
    expect(cents(bill.totals.amortizedNanoUsd)).toBe("$52.50");
  });
});

describe("Savings Plans user guide, the same section of 2019 and 2020", () => {
  it("scenario 1: $25 cover all usage exactly", () => {
    const bill = billOf({
      machines: [
        machines("A", "c5.9xlarge", "a", 1),
        machines("A", "c5.24xlarge", "a", 1, { platform: "windows", tenancy: "dedicated" }),
      ],
      services: [service("Fargate vCPU", 10, 1.5, 1), service("Fargate GB", 5, 2, 1)],
      prices: [
        price("c5.9xlarge", 4, { planRates: { compute: 2, ec2_instance: 1 } }),
        price("c5.24xlarge", 10, {
          platform: "windows",
          tenancy: "dedicated",
          planRates: { compute: 8, ec2_instance: 6 },
        }),
      ],
      plans: [plan("P", 25, { payment: "no_upfront" })],
    });
    expect(usageOf(bill).every((line) => line.endsWith(": P"))).toBe(true);
    expect(cents(bill.totals.nanoUsd)).toBe("$25.00");
    expect(bill.plans[0]?.used).toEqual(bill.plans[0]?.purchased);
  });
});

describe("Cost and Usage Reports guide, Understanding Savings Plans", () => {
  it("upfront fee: a one-year plan of $0.005 an hour that is paid at the start costs $43.80 then, and nothing later", () => {
    const bill = billOf({
      period: { fromHour: 0, hours: 8_760 },
      plans: [plan("P", 0.005, { startHour: 0, payment: "all_upfront" })],
    });
    expect(cents(bill.totals.upfrontNanoUsd)).toBe("$43.80");
    expect(cents(bill.totals.nanoUsd)).toBe("$43.80");
  });
});
