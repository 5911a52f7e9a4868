import { describe, expect, it } from "vitest";
import { billOf, cents, linesOf, machines, price, reserved, usageOf } from "../testing/bill-cases.ts";

/**
 * What AWS's guides show of reserved instances, each with its section as source: what runs and what is reserved is theirs. The
 * guide gives no prices with them; here a size costs on demand what it cost in 2016 or so, and half of that reserved.
 */
const PRICES = [
  price("m3.large", 0.134),
  price("m3.xlarge", 0.268),
  price("m3.2xlarge", 0.536),
  price("m4.large", 0.1),
  price("m4.xlarge", 0.2),
  price("m4.2xlarge", 0.4),
  price("c4.large", 0.1),
  price("c4.xlarge", 0.2),
  price("c4.2xlarge", 0.4),
  price("c4.4xlarge", 0.8),
  price("c4.8xlarge", 1.6),
  price("t2.small", 0.023),
  price("t2.medium", 0.046),
  price("t2.large", 0.092),
  price("i3.4xlarge", 1.248),
  price("i3.8xlarge", 2.496),
  price("i3.16xlarge", 4.992),
  price("i3.metal", 4.992),
];
const zone = (letter: string) => ({ zone: `us-east-1${letter}` });

describe("EC2 user guide, How Reserved Instances are applied", () => {
  it("zonal: two c4.xlarge reserved in a zone cover up to two in that zone, and none elsewhere", () => {
    const bill = billOf({
      prices: PRICES,
      machines: [machines("A", "c4.xlarge", "a", 3), machines("A", "c4.xlarge", "b", 1)],
      reservations: [reserved("R", "A", "c4.xlarge", 2, 0.1, zone("a"))],
    });
    expect(usageOf(bill)).toEqual([
      "1 of A's c4.xlarge in us-east-1a: on demand",
      "1 of A's c4.xlarge in us-east-1b: on demand",
      "2 of A's c4.xlarge in us-east-1a: R",
    ]);
    expect(cents(bill.totals.nanoUsd)).toBe("$0.60");
  });

  it("size flexibility: a reserved t2.medium covers two t2.small in full", () => {
    const bill = billOf({
      prices: PRICES,
      machines: [machines("A", "t2.small", "a", 2)],
      reservations: [reserved("R", "A", "t2.medium", 1, 0.023)],
    });
    expect(usageOf(bill)).toEqual(["2 of A's t2.small in us-east-1a: R"]);
    expect(bill.totals.nanoUsd).toBe(23_000_000n);
  });

  it("size flexibility: a reserved t2.medium covers half of a t2.large", () => {
    const bill = billOf({
      prices: PRICES,
      machines: [machines("A", "t2.large", "a", 1)],
      reservations: [reserved("R", "A", "t2.medium", 1, 0.023)],
    });
    expect(usageOf(bill)).toEqual([
      "1/2 of A's t2.large in us-east-1a: R",
      "1/2 of A's t2.large in us-east-1a: on demand",
    ]);
    expect(bill.totals.nanoUsd).toBe(23_000_000n + 46_000_000n);
  });

  it.each([
    ["i3.16xlarge", 1],
    ["i3.8xlarge", 2],
    ["i3.4xlarge", 4],
  ])("bare metal: a reserved i3.metal covers %s, %d of them, in full", (machineType, count) => {
    const bill = billOf({
      prices: PRICES,
      machines: [machines("A", machineType, "a", count)],
      reservations: [reserved("R", "A", "i3.metal", 1, 2.496)],
    });
    expect(usageOf(bill)).toEqual([`${count} of A's ${machineType} in us-east-1a: R`]);
    expect(cents(bill.totals.nanoUsd)).toBe("$2.50");
  });

  it("bare metal: two reserved i3.8xlarge cover an i3.metal in full", () => {
    const bill = billOf({
      prices: PRICES,
      machines: [machines("A", "i3.metal", "a", 1)],
      reservations: [reserved("R", "A", "i3.8xlarge", 2, 1.248)],
    });
    expect(usageOf(bill)).toEqual(["1 of A's i3.metal in us-east-1a: R"]);
  });

  it("scenario 1: a single account", () => {
    const bill = billOf({
      prices: PRICES,
      machines: [
        machines("A", "m3.large", "a", 4),
        machines("A", "m4.xlarge", "b", 2),
        machines("A", "c4.xlarge", "c", 1),
      ],
      reservations: [
        reserved("m3", "A", "m3.large", 4, 0.067, zone("a")),
        reserved("m4", "A", "m4.large", 4, 0.05),
        reserved("c4", "A", "c4.large", 1, 0.05),
      ],
    });
    expect(usageOf(bill)).toEqual([
      "1/2 of A's c4.xlarge in us-east-1c: c4",
      "1/2 of A's c4.xlarge in us-east-1c: on demand",
      "2 of A's m4.xlarge in us-east-1b: m4",
      "4 of A's m3.large in us-east-1a: m3",
    ]);
    // 4 x 0.067 + 4 x 0.05 + 0.05 recurring, and half of 0.20 on demand.
    expect(cents(bill.totals.recurringNanoUsd)).toBe("$0.52");
    expect(cents(bill.totals.onDemandNanoUsd)).toBe("$0.10");
    expect(bill.totals.nanoUsd).toBe(618_000_000n);
  });

  it("scenario 2: a single account, smallest sizes first", () => {
    const bill = billOf({
      prices: PRICES,
      machines: [machines("A", "m3.xlarge", "a", 2), machines("A", "m3.large", "b", 2)],
      reservations: [reserved("R", "A", "m3.2xlarge", 1, 0.268)],
    });
    expect(usageOf(bill)).toEqual([
      "1 of A's m3.xlarge in us-east-1a: R",
      "1 of A's m3.xlarge in us-east-1a: on demand",
      "2 of A's m3.large in us-east-1b: R",
    ]);
    expect(bill.totals.nanoUsd).toBe(268_000_000n + 268_000_000n);
  });

  it("scenario 3: regional, the purchasing account before a linked one", () => {
    const bill = billOf({
      prices: PRICES,
      machines: [
        machines("A", "m4.xlarge", "a", 2),
        machines("A", "m4.2xlarge", "b", 1),
        machines("A", "c4.xlarge", "a", 2),
        machines("A", "c4.2xlarge", "b", 1),
        machines("B", "m4.xlarge", "a", 2),
      ],
      reservations: [reserved("m4", "A", "m4.xlarge", 4, 0.1), reserved("c4", "A", "c4.xlarge", 2, 0.1)],
    });
    expect(usageOf(bill)).toEqual([
      "1 of A's c4.2xlarge in us-east-1b: on demand",
      "1 of A's m4.2xlarge in us-east-1b: m4",
      "2 of A's c4.xlarge in us-east-1a: c4",
      "2 of A's m4.xlarge in us-east-1a: m4",
      "2 of B's m4.xlarge in us-east-1a: on demand",
    ]);
    expect(cents(bill.totals.nanoUsd)).toBe("$1.40");
  });

  it("scenario 4: the zonal one of another account before the account's own regional one", () => {
    const bill = billOf({
      prices: PRICES,
      machines: [machines("A", "m4.xlarge", "a", 1), machines("B", "m4.xlarge", "b", 1)],
      reservations: [
        reserved("regional", "A", "m4.xlarge", 1, 0.1),
        reserved("zonal", "C", "m4.xlarge", 1, 0.1, zone("a")),
      ],
    });
    expect(usageOf(bill)).toEqual([
      "1 of A's m4.xlarge in us-east-1a: zonal",
      "1 of B's m4.xlarge in us-east-1b: regional",
    ]);
    expect(cents(bill.totals.nanoUsd)).toBe("$0.20");
    expect(cents(bill.totals.onDemandNanoUsd)).toBe("$0.00");
  });
});

describe("EC2 user guide, How you are billed", () => {
  const reservations = [reserved("R", "A", "m4.xlarge", 1, 0.1)];

  it("usage billing: of four m4.xlarge that run an hour, one is covered and three are on demand", () => {
    const bill = billOf({ prices: PRICES, machines: [machines("A", "m4.xlarge", "a", 4)], reservations });
    expect(usageOf(bill)).toEqual([
      "1 of A's m4.xlarge in us-east-1a: R",
      "3 of A's m4.xlarge in us-east-1a: on demand",
    ]);
    expect(cents(bill.totals.nanoUsd)).toBe("$0.70");
  });

  it("usage billing: four m4.xlarge that run 900 seconds each in one hour are covered whole", () => {
    const bill = billOf({
      prices: PRICES,
      machines: [machines("A", "m4.xlarge", "a", 4, { seconds: 900 })],
      reservations,
    });
    expect(usageOf(bill)).toEqual(["1 of A's m4.xlarge in us-east-1a: R"]);
    expect(cents(bill.totals.nanoUsd)).toBe("$0.10");
  });

  it("usage billing: the hour is paid for though nothing runs", () => {
    const bill = billOf({ period: { fromHour: 5, hours: 3 }, prices: PRICES, reservations });
    expect(cents(bill.totals.nanoUsd)).toBe("$0.30");
  });

  it("pricing tiers: a t2.small at $60 upfront and $0.007 an hour comes to a list value of $121.32 in its year", () => {
    const bill = billOf({
      period: { fromHour: 0, hours: 10_000 },
      prices: PRICES,
      reservations: [reserved("R", "A", "t2.small", 1, 0.007, { upfrontUsd: 60 })],
    });
    expect(bill.totals.nanoUsd).toBe(121_320_000_000n);
    expect(linesOf(bill, "upfront")).toMatchObject([{ fromHour: 0, nanoUsd: 60_000_000_000n }]);
    expect(linesOf(bill, "recurring")).toMatchObject([{ fromHour: 0, hours: 8_760 }]);
  });
});

describe("Cost and Usage Reports guide", () => {
  it("size flexible reservations, example 1: an m4.xlarge at $0.0618 covers two m4.large, in 744 hours for $46", () => {
    const bill = billOf({
      prices: PRICES,
      machines: [machines("A", "m4.large", "a", 2, { hours: 744 })],
      reservations: [reserved("R", "A", "m4.xlarge", 1, 0.0618)],
    });
    expect(usageOf(bill)).toEqual(["2 of A's m4.large in us-east-1a: R"]);
    // AWS prints whole dollars, and 5,952 normalized unit-hours.
    expect(cents(bill.totals.nanoUsd)).toBe("$45.98");
    expect(bill.reservations[0]?.purchased).toEqual({ over: 5_952n, under: 1n });
    expect(bill.reservations[0]?.used).toEqual({ over: 5_952n, under: 1n });
  });

  it("size flexible reservations, example 2: two m4.large at $0.0309 cover a half of an m4.xlarge each, for $23 each", () => {
    const bill = billOf({
      period: { fromHour: 0, hours: 744 },
      prices: PRICES,
      machines: [machines("A", "m4.xlarge", "a", 1)],
      reservations: [reserved("R1", "A", "m4.large", 1, 0.0309), reserved("R2", "A", "m4.large", 1, 0.0309)],
    });
    expect(usageOf(bill)).toEqual(["1/2 of A's m4.xlarge in us-east-1a: R1", "1/2 of A's m4.xlarge in us-east-1a: R2"]);
    expect(bill.reservations).toMatchObject([
      { recurringNanoUsd: 22_989_600_000n, purchased: { over: 2_976n, under: 1n } },
      { recurringNanoUsd: 22_989_600_000n, purchased: { over: 2_976n, under: 1n } },
    ]);
  });

  it("amortized data: $365 upfront for a year is $1 a day for the machine that uses it", () => {
    const bill = billOf({
      prices: PRICES,
      machines: [machines("A", "m4.xlarge", "a", 1, { fromHour: 24, hours: 24 })],
      reservations: [reserved("R", "A", "m4.xlarge", 1, 0, { upfrontUsd: 365 })],
    });
    expect(bill.totals.nanoUsd).toBe(0n);
    expect(bill.totals.amortizedNanoUsd).toBe(1_000_000_000n);
    expect(cents(linesOf(bill, "reserved")[0]?.effectiveNanoUsd ?? 0n)).toBe("$1.00");
  });
});

describe("Billing user guide", () => {
  it("consolidated billing, examples: of Susan's 3 and Bob's 6 machines Susan's 5 reservations cover 5, hers first", () => {
    const bill = billOf({
      prices: PRICES,
      machines: [machines("Bob", "m4.large", "a", 6), machines("Susan", "m4.large", "a", 3)],
      reservations: [reserved("R", "Susan", "m4.large", 5, 0.05, zone("a"))],
    });
    expect(usageOf(bill)).toEqual([
      "2 of Bob's m4.large in us-east-1a: R",
      "3 of Susan's m4.large in us-east-1a: R",
      "4 of Bob's m4.large in us-east-1a: on demand",
    ]);
    expect(cents(bill.totals.nanoUsd)).toBe("$0.65");
  });

  it("consolidated billing, examples: Bob's machines in another zone than Susan's reservations are on demand", () => {
    const bill = billOf({
      prices: PRICES,
      machines: [machines("Bob", "m4.large", "b", 6), machines("Susan", "m4.large", "a", 3)],
      reservations: [reserved("R", "Susan", "m4.large", 5, 0.05, zone("a"))],
    });
    expect(usageOf(bill)).toEqual([
      "3 of Susan's m4.large in us-east-1a: R",
      "6 of Bob's m4.large in us-east-1b: on demand",
    ]);
  });

  it("blended rates for EC2: three t2.small reserved and four running for 720 hours leave $16.56 on demand", () => {
    const bill = billOf({
      prices: PRICES,
      machines: [machines("1", "t2.small", "a", 3, { hours: 720 }), machines("2", "t2.small", "a", 1, { hours: 720 })],
      reservations: [
        reserved("all", "1", "t2.small", 2, 0, { upfrontUsd: 137, ...zone("a") }),
        reserved("partial", "1", "t2.small", 1, 0.008, { upfrontUsd: 70, ...zone("a") }),
      ],
    });
    expect(usageOf(bill)).toEqual([
      "1 of 1's t2.small in us-east-1a: partial",
      "1 of 2's t2.small in us-east-1a: on demand",
      "2 of 1's t2.small in us-east-1a: all",
    ]);
    expect(cents(bill.totals.onDemandNanoUsd)).toBe("$16.56");
    expect(cents(bill.totals.upfrontNanoUsd)).toBe("$344.00");
    // AWS prints $5.84, which is a month of 730 hours; 720 are billed.
    expect(cents(bill.totals.recurringNanoUsd)).toBe("$5.76");
  });

  it.each([
    [{ "c4.8xlarge": 1 }],
    [{ "c4.4xlarge": 2 }],
    [{ "c4.2xlarge": 4 }],
    [{ "c4.large": 16 }],
    [{ "c4.4xlarge": 1, "c4.large": 8 }],
  ])("white paper on reservation models, size flexibility: a reserved c4.8xlarge covers %j", (running) => {
    const bill = billOf({
      prices: PRICES,
      machines: Object.entries(running).map(([machineType, count]) => machines("A", machineType, "a", count)),
      reservations: [reserved("R", "A", "c4.8xlarge", 1, 0.8)],
    });
    expect(linesOf(bill, "on_demand")).toEqual([]);
    expect(bill.reservations[0]?.used).toEqual({ over: 64n, under: 1n });
  });
});
