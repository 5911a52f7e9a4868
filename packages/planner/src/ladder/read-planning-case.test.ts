import { expect, it } from "vitest";
import { readPlanningCase } from "./read-planning-case.ts";

const FAMILY = { name: "m7i", unit: "m7i.xlarge", onDemandUsdPerHour: 0.2016, sizes: ["m7i.8xlarge", "m7i.2xlarge"] };
const RESERVED = {
  kind: "reserved",
  name: "m7i 1y",
  family: "m7i",
  term: "1y",
  offeringClass: "standard",
  paymentOption: "partial_upfront",
  upfrontUsd: 556,
  hourlyUsd: 0.0635,
};
const PLAN = {
  kind: "savings_plan",
  name: "compute",
  term: "1y",
  paymentOption: "no_upfront",
  stepUsdPerHour: 0.1,
  rates: { m7i: 0.148 },
};
const HELD = {
  kind: "reserved",
  name: "ri-1",
  family: "m7i",
  term: "1y",
  units: 4,
  hourlyUsd: 0.0635,
  startMonth: -6,
  endMonth: 6,
};
const HELD_PLAN = {
  kind: "savings_plan",
  name: "sp-1",
  term: "3y",
  paymentOption: "all_upfront",
  committedUsdPerHour: 1,
  rates: { m7i: 0.09 },
  startMonth: 0,
  endMonth: 36,
};
const CASE = {
  months: 1,
  families: [FAMILY],
  scenarios: [{ name: "one", months: [[{ hours: 730, units: { m7i: 12.5 } }]] }],
  products: [RESERVED, PLAN],
  held: [HELD, HELD_PLAN],
};

function faultsOf(file: unknown): readonly string[] {
  const read = readPlanningCase(file);
  return read.ok ? [] : read.error.map(({ field, rule }) => `${field} ${rule}`);
}

it("a case that is right is read, with sizes from the largest to the unit", () => {
  const read = readPlanningCase(CASE);
  expect(read.ok && read.value.families[0]?.sizes).toEqual([
    { machineType: "m7i.8xlarge", units: 8 },
    { machineType: "m7i.2xlarge", units: 2 },
    { machineType: "m7i.xlarge", units: 1 },
  ]);
  expect(read.ok && read.value.scenarios[0]?.months[0]?.[0]).toEqual({ hours: 730, milliUnits: [12_500] });
  expect(read.ok && read.value.guardRails).toBe(true);
});

it("history and a forecast stand for scenarios", () => {
  const { scenarios: _, ...rest } = CASE;
  const outlook = { name: "grows", growthPercentPerMonth: 10 };
  const history = { m7i: Array.from({ length: 730 }, () => 10) };
  const read = readPlanningCase({ ...rest, history, forecast: { scenarios: [outlook] } });
  expect(read.ok && read.value.scenarios[0]?.months).toEqual([[{ hours: 730, milliUnits: [11_000] }]]);
});

it("refuses a growth to more units than can be added up exactly", () => {
  const { scenarios: _, ...rest } = CASE;
  const history = { m7i: Array.from({ length: 730 }, () => 1_000) };
  const scenarios = [{ name: "grows", growthPercentPerMonth: 50 }];
  expect(faultsOf({ ...rest, months: 60, history, forecast: { scenarios } })).toEqual([
    'forecast.scenarios must come to at most 1000000000 units in an hour: "grows" has more in month 34',
  ]);
});

const reserved = (more: object) => ({ ...CASE, products: [{ ...RESERVED, ...more }] });
const plan = (more: object) => ({ ...CASE, products: [{ ...PLAN, ...more }] });
const family = (more: object) => ({ ...CASE, families: [{ ...FAMILY, ...more }] });
const held = (more: object) => ({ ...CASE, held: [{ ...HELD, ...more }] });
const units = (more: object) => ({
  ...CASE,
  scenarios: [{ name: "one", months: [[{ hours: 730, units: { m7i: 1 }, ...more }]] }],
});

it.each([
  ["no object", [], "the case must be an object, not an empty list"],
  ["a field that is not known", { ...CASE, horizon: 1 }, "horizon is no field here"],
  [
    "more segments than a plan is made of",
    {
      ...CASE,
      scenarios: Array.from({ length: 100 }, (_, s) => ({
        name: `s${s}`,
        months: [Array.from({ length: 730 }, () => ({ hours: 1, units: { m7i: 1 } }))],
      })),
      families: [FAMILY, ...["a", "b"].map((name) => ({ ...FAMILY, name }))],
      demands: [{ name: "m7i", families: ["m7i", "a"].map((one) => ({ family: one, units: 1 })) }],
    },
    "scenarios must be at most 40000 in all months and scenarios together",
  ],
  [
    "more purchases than a plan is made of",
    { ...CASE, months: 60, products: Array.from({ length: 334 }, (_, p) => ({ ...RESERVED, name: `p${p}` })) },
    "products must be at most 20000 in all months together",
  ],
  [
    "a price on demand of a micro-dollar",
    family({ onDemandUsdPerHour: 0.000001 }),
    "families[0].onDemandUsdPerHour must be a price of m7i.xlarge",
  ],
  [
    "a rate of a micro-dollar",
    plan({ rates: { m7i: 0.000001 } }),
    "products[0].rates.m7i must be a rate of the same unit",
  ],
  ["a step of a micro-dollar", plan({ stepUsdPerHour: 0.000001 }), "products[0].stepUsdPerHour must be an even number"],
  [
    "a step below AWS's least commitment",
    plan({ stepUsdPerHour: 0.000002 }),
    "products[0].stepUsdPerHour must be at least 0.001",
  ],
  ["no families", { ...CASE, families: [] }, "families must have at least one entry"],
  [
    "a price on demand that is missing",
    { ...CASE, families: [{ name: "m7i", unit: "m7i.xlarge" }] },
    "families[0].onDemandUsdPerHour must be a number of dollars from 0.000001 to 2000 and is missing",
  ],
  [
    "a price on demand of 0",
    family({ onDemandUsdPerHour: 0 }),
    "families[0].onDemandUsdPerHour must be a number of dollars",
  ],
  [
    "a price on demand below 0",
    family({ onDemandUsdPerHour: -0.2 }),
    "families[0].onDemandUsdPerHour must be a number of dollars",
  ],
  [
    "a price on demand without end",
    family({ onDemandUsdPerHour: Number.POSITIVE_INFINITY }),
    "families[0].onDemandUsdPerHour must be a number of dollars",
  ],
  [
    "a price on demand of a thousandth",
    family({ onDemandUsdPerHour: 0.000202 }),
    "families[0].onDemandUsdPerHour must be a price of m7i.xlarge",
  ],
  [
    "a unit that is no machine type",
    family({ unit: "xlarge" }),
    "families[0].unit must be a machine type, as m7i.xlarge",
  ],
  ["a size of another family", family({ sizes: ["c7i.2xlarge"] }), "families[0].sizes must be machine types of m7i"],
  ["a size below the unit", family({ sizes: ["m7i.large"] }), "families[0].sizes must be machine types of m7i"],
  ["two families of one name", { ...CASE, families: [FAMILY, FAMILY] }, "families[1].name must be unique"],
  [
    "an unknown family of a product",
    reserved({ family: "m8i" }),
    'products[0].family must be one of the families, not "m8i"',
  ],
  ["an unknown family of a rate", plan({ rates: { m8i: 0.1 } }), "products[0].rates.m8i is no field here"],
  [
    "an hourly price that is missing",
    reserved({ hourlyUsd: undefined }),
    "products[0].hourlyUsd must be a number of dollars",
  ],
  ["an upfront price times a thousand", reserved({ upfrontUsd: 556_000 }), "products[0].upfrontUsd must be a discount"],
  [
    "prices of a thousandth",
    reserved({ upfrontUsd: 0.556, hourlyUsd: 0.000064 }),
    "products[0].hourlyUsd must be a price of the same unit",
  ],
  [
    "an upfront price of a thousandth",
    reserved({ upfrontUsd: 0.556 }),
    "products[0].upfrontUsd must be a price of the same unit as hourlyUsd",
  ],
  [
    "an hourly price of a thousandth",
    reserved({ hourlyUsd: 0.000064 }),
    "products[0].hourlyUsd must be a price of the same unit as upfrontUsd",
  ],
  ["an hourly price times a thousand", reserved({ hourlyUsd: 63.5 }), "products[0].hourlyUsd must be a discount"],
  [
    "a price on demand of a thousandth",
    family({ onDemandUsdPerHour: 0.000202 }),
    "families[0].onDemandUsdPerHour must be a price of m7i.xlarge",
  ],
  ["an hourly price held times a thousand", held({ hourlyUsd: 63.5 }), "held[0].hourlyUsd must be 0 or a price"],
  ["an hourly price held of a thousandth", held({ hourlyUsd: 0.000064 }), "held[0].hourlyUsd must be 0 or a price"],
  [
    "a payment option that the prices are not of",
    reserved({ paymentOption: "all_upfront" }),
    "products[0].paymentOption must fit what is paid",
  ],
  ["a reserved price below 0", reserved({ hourlyUsd: -0.06 }), "products[0].hourlyUsd must be a number of dollars"],
  ["a rate times a thousand", plan({ rates: { m7i: 148 } }), "products[0].rates.m7i must be a discount"],
  [
    "a rate of a thousandth",
    plan({ rates: { m7i: 0.000148 } }),
    "products[0].rates.m7i must be a rate of the same unit",
  ],
  ["a term that AWS does not sell", reserved({ term: "2y" }), "products[0].term must be one of 1y, 3y"],
  ["an end before the start", held({ endMonth: -7 }), "held[0].endMonth must be after startMonth, which is -6"],
  [
    "an end that its term does not reach",
    held({ endMonth: 7 }),
    "held[0].endMonth must be at most 12 months after startMonth",
  ],
  [
    "a commitment twice at once",
    { ...CASE, held: [HELD, { ...HELD, startMonth: 5, endMonth: 17 }] },
    'held[1] must not overlap held[0]: both are "ri-1"',
  ],
  ["scenarios and history", { ...CASE, history: {} }, "scenarios must be given where history is not"],
  ["a month of other hours", units({ hours: 729 }), "scenarios[0].months[0] must have 730 hours in all, not 729"],
  ["too few months", { ...CASE, months: 2 }, "scenarios[0].months must be a list of 2, not of 1"],
  [
    "demand below 0",
    units({ units: { m7i: -1 } }),
    "scenarios[0].months[0][0].units.m7i must be a number from 0 to 1000000, not -1",
  ],
  [
    "demand of a family that is not known",
    units({ units: { m7i: 1, c7i: 2 } }),
    "scenarios[0].months[0][0].units.c7i is no field here",
  ],
  [
    "demand that is missing",
    units({ units: {} }),
    "scenarios[0].months[0][0].units.m7i must be a number from 0 to 1000000 and is missing",
  ],
  ["a horizon without months", { ...CASE, months: 0 }, "months must be a whole number from 1 to 60, not 0"],
])("refuses %s", (_, file, fault) => {
  expect(
    faultsOf(file).some((one) => one.startsWith(fault)),
    faultsOf(file).join("\n"),
  ).toBe(true);
});

it("a commitment that ends before another of its name starts is no overlap", () => {
  expect(faultsOf({ ...CASE, held: [HELD, { ...HELD, startMonth: 6, endMonth: 18 }] })).toEqual([]);
});
