import { seededRandom } from "@berth/domain";
import { describe, expect, it } from "vitest";
import { billOf, type CaseFile, linesOf, machines, price, reserved, usageOf } from "../testing/bill-cases.ts";
import { RANDOM_HOURS, randomBillCase } from "../testing/random-bill-case.ts";
import { BillTooLarge } from "./bill-too-large.ts";
import { fraction } from "./fraction.ts";
import { showBill } from "./show-bill.ts";

const zone = (letter: string) => ({ zone: `us-east-1${letter}` });

/** Each entry that lasts cut into hours, those of several machines into single ones, and all lists in another order. */
function splitAndShuffled(file: CaseFile, seed: number): CaseFile {
  const random = seededRandom(seed);
  const shuffled = (list: unknown) =>
    (list as CaseFile[])
      .map((one) => ({ one, at: random.fraction() }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ one }) => one);
  const hourly = (list: unknown) =>
    (list as CaseFile[]).flatMap((one) =>
      Array.from({ length: Number(one.hours) }, (_, index) => ({
        ...one,
        fromHour: Number(one.fromHour) + index,
        hours: 1,
      })),
    );
  const single = (list: CaseFile[]) =>
    list.flatMap((one) => Array.from({ length: Number(one.count) }, () => ({ ...one, count: 1 })));
  return {
    ...file,
    machines: shuffled(single(hourly(file.machines))),
    services: shuffled(hourly(file.services)),
    prices: shuffled(file.prices),
    reservations: shuffled(file.reservations),
    plans: shuffled(file.plans),
  };
}

describe("a bill", () => {
  it("is the same however its case is split and ordered, in 200 random cases", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const file = randomBillCase(seed);
      const bill = billOf(file);
      const other = billOf(splitAndShuffled(file, seed));
      expect(other.lines, `seed ${seed}`).toEqual(bill.lines);
      expect(other.totals, `seed ${seed}`).toEqual(bill.totals);
      expect(other.reservations).toEqual(bill.reservations);
      expect(other.plans).toEqual(bill.plans);
      expect(other.coverage).toEqual(bill.coverage);
    }
  });

  it("of a period is the sum of its hours' bills, upfront and amortized prices too, in 100 random cases", () => {
    for (let seed = 1; seed <= 100; seed++) {
      const file = randomBillCase(seed);
      const { totals } = billOf(file);
      const hours = Array.from({ length: RANDOM_HOURS }, (_, fromHour) =>
        billOf({ ...file, period: { fromHour, hours: 1 } }),
      );
      for (const name of Object.keys(totals) as (keyof typeof totals)[]) {
        expect(
          hours.reduce((sum, hour) => sum + hour.totals[name], 0n),
          `seed ${seed}, ${name}`,
        ).toBe(totals[name]);
      }
    }
  });

  it("covers no more than runs, and uses no more than was bought, in 300 random cases", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const { coverage, reservations, plans } = billOf(randomBillCase(seed));
      for (const { eligible, reserved: byReservations, planned } of coverage) {
        const covered = byReservations.over * planned.under + planned.over * byReservations.under;
        expect(covered * eligible.under).toBeLessThanOrEqual(eligible.over * byReservations.under * planned.under);
      }
      for (const { used, purchased } of [...reservations, ...plans]) {
        expect(used.over * purchased.under).toBeLessThanOrEqual(purchased.over * used.under);
      }
    }
  });

  it("is refused by name where there is too much to bill at once, before it is begun", () => {
    const plan = { account: "A", kind: "compute", term: "1y", startHour: 0, payment: "no_upfront", usdPerHour: 1 };
    const file = {
      machines: Array.from({ length: 1_000 }, () => machines("A", "m5.large", "a", 1)),
      prices: [price("m5.large", 0.096, { planRates: { compute: 0.06 } })],
      plans: Array.from({ length: 20_000 }, (_, p) => ({ ...plan, id: `sp-${p}` })),
    };
    expect(() => billOf(file)).toThrow(BillTooLarge);
    expect(() => billOf(file)).toThrow(
      /^the case must have at most 2000000 entries .* by hour 0: bill fewer hours at once$/,
    );
    expect(() => fraction(1n, 10n ** 4_001n)).toThrow(BillTooLarge);
  });

  it("rounds each line once, to the nearest nano-dollar, and halves up", () => {
    const second = (seconds: number) =>
      billOf({
        machines: [machines("A", "t3.nano", "a", 1, { seconds })],
        prices: [price("t3.nano", 0.0050418)],
      }).totals.nanoUsd;
    // 1,400 and a half nano-dollars a second.
    expect([1, 2, 3, 4].map(second)).toEqual([1_401n, 2_801n, 4_202n, 5_602n]);
  });

  it("bills a reservation from its first hour to its last, whatever runs, and what runs after on demand", () => {
    const bill = billOf({
      period: { fromHour: 0, hours: 10 },
      machines: [machines("A", "m5.large", "a", 1, { hours: 10 })],
      prices: [price("m5.large", 0.096)],
      reservations: [reserved("R", "A", "m5.large", 1, 0.06, { startHour: 2, endHour: 7, upfrontUsd: 87.6 })],
    });
    expect(bill.lines.map(({ fromHour, hours, kind, nanoUsd }) => [fromHour, hours, kind, nanoUsd])).toEqual([
      [0, 2, "on_demand", 192_000_000n],
      [2, 5, "reserved", 0n],
      [2, 5, "recurring", 300_000_000n],
      [2, 1, "upfront", 87_600_000_000n],
      [7, 3, "on_demand", 288_000_000n],
    ]);
    // Spread over the 8,760 hours that it was bought for: what is left after an exchange is not counted.
    expect(bill.reservations).toMatchObject([
      { hours: 5, amortizedNanoUsd: 50_000_000n, upfrontNanoUsd: 87_600_000_000n },
    ]);
    expect(bill.lines[1]?.effectiveNanoUsd).toBe(5n * 70_000_000n);
  });

  it("spreads the upfront price of a second-hand reservation over what was left of its term", () => {
    const bill = billOf({
      period: { fromHour: 0, hours: 10 },
      machines: [machines("A", "m5.large", "a", 1, { hours: 10 })],
      prices: [price("m5.large", 0.096)],
      reservations: [reserved("R", "A", "m5.large", 1, 0.06, { startHour: 2, termHours: 5, upfrontUsd: 0.1 })],
    });
    expect(bill.reservations).toMatchObject([
      { hours: 5, amortizedNanoUsd: 100_000_000n, upfrontNanoUsd: 100_000_000n },
    ]);
    expect(bill.lines[1]?.effectiveNanoUsd).toBe(5n * 80_000_000n);
  });

  it("amortizes an upfront price that began before, and pays nothing of it again", () => {
    const bill = billOf({
      period: { fromHour: 0, hours: 24 },
      prices: [price("m5.large", 0.096)],
      reservations: [reserved("R", "A", "m5.large", 1, 0, { startHour: -100, upfrontUsd: 365 })],
    });
    expect(bill.totals).toMatchObject({ upfrontNanoUsd: 0n, amortizedUpfrontNanoUsd: 1_000_000_000n });
  });

  it("has no line and no figure of a commitment whose term is over, or has not begun", () => {
    const bill = billOf({
      machines: [machines("A", "m5.large", "a", 1)],
      prices: [price("m5.large", 0.096)],
      reservations: [
        reserved("before", "A", "m5.large", 1, 0.06, { startHour: -8_760 }),
        reserved("later", "A", "m5.large", 1, 0.06, { startHour: 1 }),
      ],
    });
    expect(bill.lines.map(({ kind }) => kind)).toEqual(["on_demand"]);
    expect(bill.reservations).toMatchObject([
      { hours: 0, recurringNanoUsd: 0n },
      { hours: 0, recurringNanoUsd: 0n },
    ]);
  });
});

describe("reservations", () => {
  const prices = ["linux", "windows"].flatMap((platform) =>
    ["default", "dedicated"].flatMap((tenancy) =>
      ["large", "xlarge"].map((size, index) => price(`m5.${size}`, 0.1 * (index + 1), { platform, tenancy })),
    ),
  );

  it.each([[{ platform: "windows" }], [{ tenancy: "dedicated" }], [{ ...zone("a") }]])(
    "with %j cover their own size alone",
    (over) => {
      const { zone: _, ...product } = { zone: "", ...over };
      const bill = billOf({
        machines: [machines("A", "m5.large", "a", 2, product), machines("A", "m5.xlarge", "a", 1, product)],
        prices,
        reservations: [reserved("R", "A", "m5.xlarge", 2, 0.12, over)],
      });
      expect(usageOf(bill)).toEqual([
        "1 of A's m5.xlarge in us-east-1a: R",
        "2 of A's m5.large in us-east-1a: on demand",
      ]);
      expect(bill.reservations[0]?.used).toEqual({ over: 8n, under: 1n });
    },
  );

  it.each(["g5", "inf1", "g6"])("of %s, a family of fixed size, cover their own size alone, in any zone", (family) => {
    const bill = billOf({
      machines: [machines("A", `${family}.xlarge`, "a", 1), machines("A", `${family}.2xlarge`, "b", 1)],
      prices: [price(`${family}.xlarge`, 1), price(`${family}.2xlarge`, 1.2)],
      reservations: [reserved("R", "A", `${family}.2xlarge`, 1, 0.7)],
    });
    expect(usageOf(bill)).toEqual([
      `1 of A's ${family}.2xlarge in us-east-1b: R`,
      `1 of A's ${family}.xlarge in us-east-1a: on demand`,
    ]);
  });

  it("cover their own size alone where the case has the rules before March 2017", () => {
    const bill = billOf({
      sizeFlexibility: false,
      machines: [machines("A", "m5.large", "a", 2), machines("A", "m5.xlarge", "b", 1)],
      prices,
      reservations: [reserved("R", "A", "m5.xlarge", 2, 0.12)],
    });
    expect(usageOf(bill)).toEqual([
      "1 of A's m5.xlarge in us-east-1b: R",
      "2 of A's m5.large in us-east-1a: on demand",
    ]);
  });

  it("cover nothing of another platform, tenancy, region or family", () => {
    const other = (over: CaseFile, machineType = "m5.large") => ({
      product: machines("A", machineType, "a", 1, over),
      price: price(machineType, 0.1, Object.fromEntries(Object.entries(over).filter(([name]) => name !== "zone"))),
    });
    const others = [
      other({ platform: "windows" }),
      other({ tenancy: "dedicated" }),
      other({ region: "us-west-2" }),
      other({}, "m5a.large"),
    ];
    const bill = billOf({
      machines: others.map(({ product }) => product),
      prices: [price("m5.large", 0.1), ...others.map((one) => one.price)],
      reservations: [reserved("R", "A", "m5.large", 9, 0.06)],
    });
    expect(linesOf(bill, "reserved")).toEqual([]);
  });

  const shared = (sharing: unknown) =>
    usageOf(
      billOf({
        sharing,
        machines: [machines("B", "m5.large", "a", 1), machines("C", "m5.large", "a", 1)],
        prices,
        reservations: [reserved("R", "A", "m5.large", 1, 0.06), reserved("Z", "A", "m5.large", 1, 0.06, zone("a"))],
      }),
    ).filter((line) => !line.endsWith("on demand"));

  it("of one account go to others where sharing is on, and on for both", () => {
    expect(shared(true)).toEqual(["1 of B's m5.large in us-east-1a: Z", "1 of C's m5.large in us-east-1a: R"]);
    expect(shared({ offFor: ["B"] })).toEqual(["1 of C's m5.large in us-east-1a: Z"]);
    expect(shared({ offFor: ["A"] })).toEqual([]);
    expect(shared(false)).toEqual([]);
  });

  it("are shared by machines that run parts of an hour, up to 3,600 seconds of their size, and the rest is on demand", () => {
    const bill = billOf({
      machines: [
        machines("A", "m5.large", "a", 3, { seconds: 1_800 }),
        machines("A", "m5.large", "b", 1, { seconds: 7 }),
      ],
      prices,
      reservations: [reserved("R", "A", "m5.large", 1, 0.06)],
    });
    expect(usageOf(bill)).toEqual([
      "1 of A's m5.large in us-east-1a: R",
      "1/2 of A's m5.large in us-east-1a: on demand",
      "7/3600 of A's m5.large in us-east-1b: on demand",
    ]);
  });
});

describe("savings plans", () => {
  const plan = (id: string, account: string, usdPerHour: number, over: CaseFile = {}) => ({
    ...{ id, account, kind: "compute", term: "1y", startHour: 0, payment: "no_upfront", usdPerHour },
    ...over,
  });
  const prices = [
    price("m5.large", 0.1, { planRates: { compute: 0.07, ec2_instance: 0.06, "3y": 0.05 } }),
    price("c5.large", 0.1, { planRates: { compute: 0.06, ec2_instance: 0.05, "3y": null } }),
  ];

  it("go to their owner's usage before another's that saves more", () => {
    const bill = billOf({
      machines: [machines("A", "m5.large", "a", 1), machines("B", "c5.large", "a", 1)],
      prices,
      plans: [plan("P", "A", 0.1)],
    });
    expect(usageOf(bill)).toEqual([
      "1 of A's m5.large in us-east-1a: P",
      "1/2 of B's c5.large in us-east-1a: P",
      "1/2 of B's c5.large in us-east-1a: on demand",
    ]);
  });

  it("of two rate cards go by what each pair saves, and a rate of null is for usage that a plan does not cover", () => {
    const bill = billOf({
      machines: [machines("A", "m5.large", "a", 2), machines("A", "c5.large", "a", 1)],
      prices,
      plans: [plan("P", "A", 0.06), plan("Q", "A", 0.05, { rateCard: "3y", term: "3y" })],
    });
    expect(usageOf(bill)).toEqual([
      "1 of A's c5.large in us-east-1a: P",
      "1 of A's m5.large in us-east-1a: Q",
      "1 of A's m5.large in us-east-1a: on demand",
    ]);
  });

  it("for a family cover all of its sizes, platforms and tenancies in its region, and nothing else", () => {
    const rates = { planRates: { ec2_instance: 0.05 } };
    const windows = { platform: "windows", tenancy: "dedicated" };
    const bill = billOf({
      machines: [
        machines("A", "m5.xlarge", "a", 1, windows),
        machines("A", "m5.large", "b", 1),
        machines("A", "m5.large", "a", 1, { region: "us-west-2" }),
        machines("A", "c5.large", "a", 1),
      ],
      prices: [
        price("m5.xlarge", 0.2, { ...windows, ...rates }),
        price("m5.large", 0.1, rates),
        price("m5.large", 0.1, { region: "us-west-2", ...rates }),
        price("c5.large", 0.1, rates),
      ],
      plans: [plan("P", "A", 9, { kind: "ec2_instance", region: "us-east-1", family: "m5" })],
    });
    expect(linesOf(bill, "on_demand")).toHaveLength(2);
    expect(
      linesOf(bill, "planned").map(({ use }) => (use !== undefined && "family" in use ? use.machineType : "")),
    ).toEqual(["m5.xlarge", "m5.large"]);
    expect(bill.plans[0]?.used).toEqual({ over: 1n, under: 10n });
  });

  it("lose what an hour leaves: the next one has no more", () => {
    const bill = billOf({
      machines: [machines("A", "m5.large", "a", 1), machines("A", "m5.large", "a", 3, { fromHour: 1 })],
      prices,
      plans: [plan("P", "A", 0.14)],
    });
    expect(linesOf(bill, "on_demand").map(({ fromHour, quantity }) => [fromHour, quantity])).toEqual([
      [1, { over: 1n, under: 1n }],
    ]);
    expect(bill.plans[0]).toMatchObject({ used: { over: 21n, under: 100n }, purchased: { over: 7n, under: 25n } });
  });

  it.each([
    ["no_upfront", 0n, 1_000_000_000n],
    ["partial_upfront", 4_380_000_000_000n, 500_000_000n],
    ["all_upfront", 8_760_000_000_000n, 0n],
  ])(
    "paid %s cost %s nano-dollars at their start and %s an hour, and the same by the hour amortized",
    (payment, upfront, hourly) => {
      const bill = billOf({ period: { fromHour: 0, hours: 1 }, plans: [plan("P", "A", 1, { payment })] });
      expect(bill.totals).toMatchObject({
        upfrontNanoUsd: upfront,
        recurringNanoUsd: hourly,
        amortizedNanoUsd: 1_000_000_000n,
      });
    },
  );
});

it("a bill is shown with money and quantities as decimal texts of nine places, and no number of JSON but hours", () => {
  const text = JSON.stringify(showBill(billOf(randomBillCase(7))));
  const numbers = [...text.matchAll(/"(\w+)":-?\d/g)].map(([, name]) => name);
  expect(new Set(numbers)).toEqual(new Set(["fromHour", "hours"]));
  expect(text).toMatch(/"usd":"\d+\.\d{9}"/);
});
