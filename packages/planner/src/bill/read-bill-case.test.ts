import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type CaseFile, machines, price, reserved } from "../testing/bill-cases.ts";
import { readBillCase } from "./read-bill-case.ts";

const MACHINES = machines("A", "m5.large", "a", 2);
const PRICE = price("m5.large", 0.096, { planRates: { compute: 0.07, ec2_instance: 0.06 } });
const RESERVED = reserved("ri", "A", "m5.large", 1, 0.06);
const SERVICE = {
  account: "A",
  service: "Fargate vCPU",
  fromHour: 0,
  hours: 1,
  units: 2.5,
  usdPerUnit: 0.04,
  planRates: { compute: 0.03 },
};
const PLAN = {
  id: "sp",
  account: "A",
  kind: "compute",
  term: "1y",
  startHour: 0,
  payment: "no_upfront",
  usdPerHour: 1,
};
const OF_FAMILY = { ...PLAN, kind: "ec2_instance", region: "us-east-1", family: "m5" };
const CASE = {
  machines: [MACHINES],
  services: [SERVICE],
  prices: [PRICE],
  reservations: [RESERVED],
  plans: [PLAN],
};

function faultsOf(file: unknown): string[] {
  const read = readBillCase(file);
  return read.ok ? [] : read.error.map(({ field, rule }) => `${field} ${rule}`);
}

const told = (fault: string | RegExp) => (typeof fault === "string" ? fault : expect.stringMatching(fault));

function without(record: CaseFile, name: string): CaseFile {
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== name));
}

const ofMachines = (over: CaseFile) => faultsOf({ ...CASE, machines: [{ ...MACHINES, ...over }] });
const ofService = (over: CaseFile) => faultsOf({ ...CASE, services: [{ ...SERVICE, ...over }] });
const ofPrice = (over: CaseFile) => faultsOf({ ...CASE, prices: [{ ...PRICE, ...over }] });
const ofReserved = (over: CaseFile) => faultsOf({ ...CASE, reservations: [{ ...RESERVED, ...over }] });
const ofPlan = (over: CaseFile, plan: CaseFile = PLAN) => faultsOf({ ...CASE, plans: [{ ...plan, ...over }] });

describe("a case of the bill engine", () => {
  it("is read as its file has it, with prices in picodollars", () => {
    const read = readBillCase({ ...CASE, plans: [PLAN, { ...OF_FAMILY, id: "sp2", rateCard: "compute" }] });
    expect(read).toMatchObject({
      ok: true,
      value: {
        period: { fromHour: 0, hours: 1 },
        sharing: { on: true, offFor: new Set() },
        machines: [{ account: "A", machineType: "m5.large", seconds: 3_600, count: 2 }],
        services: [{ microUnits: 2_500_000n, onDemandPicoUsd: 40_000_000_000n }],
        prices: [{ onDemandPicoUsd: 96_000_000_000n }],
        reservations: [{ zone: undefined, startHour: 0, endHour: 8_760, hourlyPicoUsd: 60_000_000_000n }],
        plans: [
          { kind: "compute", rateCard: "compute", only: undefined, endHour: 8_760 },
          { kind: "ec2_instance", rateCard: "compute", only: { region: "us-east-1", family: "m5" } },
        ],
      },
    });
  });

  it("has as its period all hours in which something runs, where it names none", () => {
    const file = {
      ...CASE,
      machines: [
        { ...MACHINES, fromHour: -3, hours: 2 },
        { ...MACHINES, fromHour: 7, hours: 5 },
      ],
    };
    expect(readBillCase(file)).toMatchObject({ value: { period: { fromHour: -3, hours: 15 } } });
    expect(readBillCase({ ...file, period: { fromHour: 1, hours: 1 } })).toMatchObject({
      value: { period: { fromHour: 1, hours: 1 } },
    });
  });

  it.each([
    [null, "the case must be an object, not null"],
    [[], "the case must be an object, not an empty list"],
    [{}, "period must be given where neither machines nor services run, and is missing"],
    [{ ...CASE, machine: [] }, /^machine is no field here: there are period, sharing, sizeFlexibility, machines,/],
    [{ ...CASE, machines: {} }, "machines must be a list, not an object"],
    [{ ...CASE, machines: [3] }, "machines[0] must be an object, not 3"],
    [{ ...CASE, period: 5 }, "period must be an object, not 5"],
    [{ ...CASE, period: { fromHour: 0 } }, "period.hours must be a whole number from 1 to 100000 and is missing"],
    [{ ...CASE, period: { fromHour: 0, hours: 0 } }, "period.hours must be a whole number from 1 to 100000, not 0"],
    [{ ...CASE, sharing: "no" }, 'sharing must be true, false or an object with offFor, not "no"'],
    [{ ...CASE, sharing: { offFor: ["A", "A"] } }, 'sharing.offFor[1] must be listed once: "A"'],
    [{ ...CASE, sharing: { offFor: [1] } }, "sharing.offFor[0] must be an account, not 1"],
    [{ ...CASE, sizeFlexibility: 0 }, "sizeFlexibility must be true or false, not 0"],
    [without(CASE, "prices"), "prices must be a list and is missing"],
  ])("as %j is refused", (file, fault) => {
    expect(faultsOf(file)[0]).toMatch(fault);
  });

  it.each(Object.keys(MACHINES))("is refused where machines lack %s", (name) => {
    expect(faultsOf({ ...CASE, machines: [without(MACHINES, name)] })).toEqual([
      expect.stringMatching(new RegExp(`^machines\\[0\\]\\.${name} must .* and is missing$`)),
    ]);
  });
  it.each(Object.keys(SERVICE).filter((name) => name !== "planRates"))(
    "is refused where a service lacks %s",
    (name) => {
      expect(faultsOf({ ...CASE, services: [without(SERVICE, name)] })).toEqual([
        expect.stringMatching(new RegExp(`^services\\[0\\]\\.${name} must .* and is missing$`)),
      ]);
    },
  );
  it.each(Object.keys(PRICE).filter((name) => name !== "planRates"))("is refused where a price lacks %s", (name) => {
    expect(faultsOf({ ...CASE, prices: [without(PRICE, name)] })).toEqual([
      expect.stringMatching(new RegExp(`^prices\\[0\\]\\.${name} must .* and is missing$`)),
    ]);
  });
  it.each(Object.keys(RESERVED))("is refused where a reservation lacks %s", (name) => {
    expect(faultsOf({ ...CASE, reservations: [without(RESERVED, name)] })).toEqual([
      expect.stringMatching(new RegExp(`^reservations\\[0\\]\\.${name} must .* and is missing$`)),
    ]);
  });
  it.each(Object.keys(OF_FAMILY).filter((name) => name !== "kind"))("is refused where a plan lacks %s", (name) => {
    expect(faultsOf({ ...CASE, plans: [without(OF_FAMILY, name)] })).toEqual([
      expect.stringMatching(new RegExp(`^plans\\[0\\]\\.${name} must .* and is missing$`)),
    ]);
  });

  it.each([
    [ofMachines({ colour: 1 }), /^machines\[0\]\.colour is no field here/],
    [ofMachines({ seconds: 0 }), "machines[0].seconds must be a whole number from 1 to 3600, not 0"],
    [ofMachines({ seconds: 3_601 }), "machines[0].seconds must be a whole number from 1 to 3600, not 3601"],
    [ofMachines({ count: -1 }), "machines[0].count must be a whole number from 1 to 1000000, not -1"],
    [ofMachines({ hours: 1.5 }), "machines[0].hours must be a whole number from 1 to 100000, not 1.5"],
    [ofMachines({ platform: "Linux" }), /^machines\[0\]\.platform must be one of linux, windows, .*, not "Linux"$/],
    [ofMachines({ tenancy: "host" }), 'machines[0].tenancy must be one of default, dedicated, not "host"'],
    [
      ofMachines({ machineType: "m5" }),
      'machines[0].machineType must be a family and a size, as m7i.2xlarge, not "m5"',
    ],
    [
      ofMachines({ machineType: "m5.huge" }),
      'machines[0].machineType must be of a size with a normalization factor, not "m5.huge"',
    ],
    [
      ofMachines({ machineType: "m9.large" }),
      "machines[0].machineType must have a price on demand: prices has none for m9.large, linux, default tenancy in us-east-1",
    ],
    [
      ofMachines({ tenancy: "dedicated" }),
      "machines[0].machineType must have a price on demand: prices has none for m5.large, linux, dedicated tenancy in us-east-1",
    ],
  ])("is refused for what machines have: %j", (faults, fault) => {
    expect(faults).toEqual([told(fault)]);
  });

  it.each([
    [ofService({ units: 0 }), "services[0].units must be a number from 0.000001 to 1000000000000, not 0"],
    [ofService({ units: 1e-7 }), "services[0].units must be a number from 0.000001 to 1000000000000, not 1e-7"],
    [ofService({ units: 1.0000001 }), "services[0].units must have at most 6 decimal places, not 1.0000001"],
    [
      ofService({ planRates: {} }),
      /^services\[0\]\.planRates\.compute must be a rate, or null .* plans\[0\] has this card$/,
    ],
    [ofService({ planRates: [] }), "services[0].planRates must be an object of rates by rate card, not an empty list"],
    [
      ofService({ planRates: { compute: 0.05 } }),
      "services[0].planRates.compute must be at most the price on demand, 0.04, not 0.05",
    ],
    [ofService({ planRates: { compute: null } }), undefined],
  ])("is refused for what a service has: %j", (faults, fault) => {
    expect(faults).toEqual(fault === undefined ? [] : [told(fault)]);
  });

  it.each([
    [ofPrice({ usdPerHour: 0 }), "prices[0].usdPerHour must be a number from 0.000000000001 to 2000, not 0"],
    [ofPrice({ usdPerHour: -0.1 }), "prices[0].usdPerHour must be a number from 0.000000000001 to 2000, not -0.1"],
    [ofPrice({ usdPerHour: 96_000 }), "prices[0].usdPerHour must be a number from 0.000000000001 to 2000, not 96000"],
    [ofPrice({ usdPerHour: Number("1e999") }), /^prices\[0\]\.usdPerHour must be a number .*, not Infinity$/],
    [ofPrice({ usdPerHour: "0.096" }), /^prices\[0\]\.usdPerHour must be a number .*, not "0.096"$/],
    [
      ofPrice({ planRates: { compute: 0.00009 } }),
      "prices[0].planRates.compute must be at least a twentieth of the price on demand, 0.096, not 0.00009",
    ],
    [
      ofPrice({ planRates: { compute: 0.1 } }),
      "prices[0].planRates.compute must be at most the price on demand, 0.096, not 0.1",
    ],
    [ofPrice({ planRates: { compute: 0 } }), /^prices\[0\]\.planRates\.compute must be a number from .*, not 0$/],
    [ofPrice({ planRates: { ec2_instance: 0.06 } }), /^prices\[0\]\.planRates\.compute must be a rate, or null .*$/],
    [
      faultsOf({ ...CASE, prices: [PRICE, PRICE] }),
      "prices[1] must be of another product: prices[0] is of m5.large, linux, default tenancy in us-east-1 too",
    ],
    [
      faultsOf({ ...CASE, prices: [PRICE, price("m5.xlarge", 19.9)] }),
      /^prices\[1\]\.usdPerHour must be less than 100 times, .*: 19.9 for m5.xlarge beside 0.096 for m5.large$/,
    ],
    [
      faultsOf({ ...CASE, prices: [PRICE, price("m5.xlarge", 192)] }),
      "prices[1].usdPerHour must be a price of m5.xlarge: 192 dollars an hour for an xlarge is in another unit",
    ],
  ])("is refused for what a price has: %j", (faults, fault) => {
    expect(faults).toEqual([told(fault)]);
  });

  it.each([
    [
      ofReserved({ usdPerHour: 0.097 }),
      /^reservations\[0\]\.usdPerHour must be at most the price on demand, 0.096 an hour: it is 0.097 /,
    ],
    [
      ofReserved({ usdPerHour: 60 }),
      /^reservations\[0\]\.usdPerHour must be at most the price on demand, 0.096 an hour: it is 60 /,
    ],
    [
      ofReserved({ usdPerHour: 0.00006 }),
      /^reservations\[0\]\.usdPerHour must be at least a twentieth of the price on demand/,
    ],
    [
      ofReserved({ upfrontUsd: 900, usdPerHour: 0 }),
      /^reservations\[0\]\.upfrontUsd must be at most the price on demand/,
    ],
    [
      ofReserved({ upfrontUsd: 0, usdPerHour: 0 }),
      /^reservations\[0\]\.usdPerHour must be above 0 where upfrontUsd is 0/,
    ],
    [
      ofReserved({ upfrontUsd: 0.25, usdPerHour: 0.03 }),
      "reservations[0].upfrontUsd must be a price of the same unit as usdPerHour: 0.25 at the start, and 262.8 in 8760 hours",
    ],
    [
      ofReserved({ upfrontUsd: 250, usdPerHour: 0.00003 }),
      "reservations[0].usdPerHour must be a price of the same unit as upfrontUsd: 250 at the start, and 0.2628 in 8760 hours",
    ],
    [ofReserved({ termHours: 8_761 }), "reservations[0].termHours must be a whole number from 1 to 8760, not 8761"],
    [
      ofReserved({ termHours: 100, endHour: 101 }),
      "reservations[0].endHour must be at most 100, a term after startHour, not 101",
    ],
    [ofReserved({ upfrontUsd: -1 }), "reservations[0].upfrontUsd must be a number from 0 to 50000000, not -1"],
    [ofReserved({ count: 0 }), "reservations[0].count must be a whole number from 1 to 1000000, not 0"],
    [ofReserved({ term: "2y" }), 'reservations[0].term must be one of 1y, 3y, not "2y"'],
    [
      ofReserved({ offeringClass: "best" }),
      'reservations[0].offeringClass must be one of standard, convertible, not "best"',
    ],
    [ofReserved({ zone: "" }), 'reservations[0].zone must be a text of 1 to 256 characters, not ""'],
    [ofReserved({ startHour: 10, endHour: 9 }), "reservations[0].endHour must be after startHour 10, not 9"],
    [ofReserved({ startHour: 10, endHour: 10 }), "reservations[0].endHour must be after startHour 10, not 10"],
    [ofReserved({ endHour: 8_761 }), "reservations[0].endHour must be at most 8760, a term after startHour, not 8761"],
    [
      ofReserved({ machineType: "zz9.large" }),
      /^reservations\[0\]\.machineType must have a price on demand: .* zz9.large/,
    ],
    [ofReserved({ scope: "regional" }), /^reservations\[0\]\.scope is no field here/],
    [
      faultsOf({ ...CASE, reservations: [RESERVED, RESERVED] }),
      'reservations[1].id must be unique: reservations[0] is "ri" too',
    ],
  ])("is refused for what a reservation has: %j", (faults, fault) => {
    expect(faults).toEqual([told(fault)]);
  });

  it.each([
    [ofPlan({ usdPerHour: 0 }), /^plans\[0\]\.usdPerHour must be a number from 0.000000000001 to 1000000, not 0$/],
    [ofPlan({ payment: "half" }), /^plans\[0\]\.payment must be one of no_upfront, .*, not "half"$/],
    [ofPlan({ kind: "sagemaker" }), /^plans\[0\]\.kind must be one of ec2_instance, compute, not "sagemaker"$/],
    [ofPlan({ family: "m5" }), /^plans\[0\]\.family is no field here/],
    [ofPlan({ endHour: 0 }), "plans[0].endHour must be after startHour 0, not 0"],
    [ofPlan({ endHour: 100 }), "plans[0].endHour must be 8760 or left out: a plan runs its whole term"],
    [ofPlan({ endHour: 8_760 }), undefined],
    [ofPlan({ rateCard: "3y" }), /^prices\[0\]\.planRates\.3y must be a rate, or null/],
    [ofPlan({ family: "m6i" }, OF_FAMILY), 'plans[0].family must be a family that prices have in us-east-1, not "m6i"'],
    [ofPlan({ id: "ri" }), 'plans[0].id must be unique: reservations[0] is "ri" too'],
    [faultsOf({ ...CASE, plans: [PLAN, PLAN] }), 'plans[1].id must be unique: plans[0] is "sp" too'],
  ])("is refused for what a plan has: %j", (faults, fault) => {
    if (fault === undefined) expect(faults).toEqual([]);
    else expect(faults[0]).toMatch(fault);
  });

  it("tells every fault, of up to a thousand, in the order of the file", () => {
    const list = Array.from({ length: 1_200 }, () => ({ ...MACHINES, seconds: 0 }));
    const faults = faultsOf({ ...CASE, machines: list });
    expect(faults).toHaveLength(1_001);
    expect(faults[999]).toMatch(/^machines\[999\]\.seconds /);
    expect(faults[1_000]).toBe("the case has 200 more faults");
  });

  it("wants no rate of a product that is only reserved, and none that a plan for a family cannot meet", () => {
    const other = { region: "us-east-1", family: "m5" };
    const file = {
      machines: [MACHINES, machines("A", "c5.large", "a", 1)],
      prices: [
        price("m5.large", 0.096, { planRates: { ec2_instance: 0.06 } }),
        price("c5.large", 0.085),
        price("m5.xlarge", 0.192),
      ],
      reservations: [reserved("ri", "A", "m5.xlarge", 1, 0.12)],
      plans: [{ ...PLAN, kind: "ec2_instance", ...other }],
    };
    expect(faultsOf(file)).toEqual([]);
  });

  describe("of AWS's own prices of a region, on demand and reserved", () => {
    const read = (file: string) =>
      JSON.parse(readFileSync(new URL(`../../../../data/aws/${file}`, import.meta.url), "utf8"));
    const listed: Record<string, number> = read("prices-ondemand.json").regions["us-east-1"];
    // One of the list is 0, which is what the reader is there to refuse.
    const onDemand = Object.fromEntries(Object.entries(listed).filter(([, usd]) => usd > 0));
    type Offers = Record<"1y" | "3y", Record<string, Record<string, [number, number, string]>>>;
    const offers: Record<string, Offers> = read("prices-reserved.json").regions["us-east-1"];
    const rates = Object.entries(offers).flatMap(([machineType, terms]) =>
      Object.entries(terms).flatMap(([term, classes]) =>
        Object.entries(classes).flatMap(([offeringClass, payments]) =>
          Object.entries(payments).map(([payment, [upfrontUsd, usdPerHour]]) => ({
            ...{ machineType, term, offeringClass, payment, upfrontUsd, usdPerHour },
          })),
        ),
      ),
    );
    const prices = (by = 1) =>
      Object.entries(onDemand).map(([type, usd]) => price(type, Number((usd * by).toFixed(9))));
    const reservationOf = ({
      machineType,
      term,
      offeringClass,
      payment,
      upfrontUsd,
      usdPerHour,
    }: (typeof rates)[number]) =>
      reserved([machineType, term, offeringClass, payment].join(" "), "A", machineType, 1, usdPerHour, {
        ...{ term, offeringClass, upfrontUsd },
      });
    const known = rates.filter(({ machineType }) => machineType in onDemand);

    it("refuses none", () => {
      expect(known.length).toBeGreaterThan(1_000);
      const running = Object.keys(onDemand).map((machineType) => machines("A", machineType, "a", 1));
      expect(faultsOf({ machines: running, prices: prices(), reservations: known.map(reservationOf) })).toEqual([]);
    });

    it.each([1_000, 1 / 1_000])("refuses every one of them where one of its parts is %d times as much", (by) => {
      const wrong = known.flatMap((rate) =>
        (["upfrontUsd", "usdPerHour"] as const)
          .filter((part) => rate[part] > 0)
          .map((part) => ({
            field: part,
            reservation: reservationOf({
              ...rate,
              payment: `${rate.payment} ${part}`,
              [part]: Number((rate[part] * by).toFixed(9)),
            }),
          })),
      );
      // Entries that cannot be read hide what is between entries.
      const isTooHigh = ({ reservation: { upfrontUsd, usdPerHour } }: (typeof wrong)[number]) =>
        Number(upfrontUsd) > 50_000_000 || Number(usdPerHour) > 2_000;
      for (const list of [wrong.filter((one) => !isTooHigh(one)), wrong.filter(isTooHigh)]) {
        for (let from = 0; from < list.length; from += 1_000) {
          const some = list.slice(from, from + 1_000);
          const reservations = some.map(({ reservation }) => reservation);
          const faults = faultsOf({ period: { fromHour: 0, hours: 1 }, prices: prices(), reservations });
          expect(faults.map((fault) => fault.split(" ")[0])).toEqual(
            some.map(({ field }, index) => `reservations[${index}].${field}`),
          );
        }
      }
      const all = prices(by).filter(({ usdPerHour }) => Number(usdPerHour) <= 2_000);
      expect(all.length).toBeGreaterThan(500);
      for (let from = 0; from < all.length; from += 1_000) {
        const some = all.slice(from, from + 1_000);
        expect(faultsOf({ period: { fromHour: 0, hours: 1 }, prices: some })).toHaveLength(some.length);
      }
    });
  });
});
