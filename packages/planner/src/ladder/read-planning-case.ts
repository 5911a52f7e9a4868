import {
  areApart,
  type CaseFault,
  CaseFaults,
  err,
  Fields,
  isRecord,
  OFFERING_CLASSES,
  ok,
  PAYMENT_OPTIONS,
  type Result,
  readList,
  shown,
  TERMS,
} from "@berth/domain";
import { readDemand } from "../demand/read-demand.ts";
import { LEAST_SHARE, xlargeInAnotherUnit } from "../terms/another-unit.ts";
import { FAMILIES_OF_FIXED_SIZE, familyAndSize, quarterUnits } from "../terms/size-factor.ts";
import { effectiveMicroUsdPerHour, priceOf } from "./payments.ts";
import {
  type DemandClass,
  type HeldCommitment,
  NO_RISK,
  type PlanFamily,
  type PlanningCase,
  type Product,
  type RiskLimits,
  type Scenario,
  TERM_MONTHS,
} from "./planning-case.ts";

const MOST_FAMILIES = 100;
const MOST_PRODUCTS = 1_000;
const MOST_HELD = 10_000;
const MOST_MONTHS = 60;
/** Of an hour of a unit: $2,000, where AWS's dearest machine costs 361 (May 2026). */
const MOST_PRICE = 2_000_000_000;
/** An all upfront payment of three years at that price. */
const MOST_UPFRONT = 26_280 * MOST_PRICE;
const MOST_UNITS = 1_000_000;
/** Of all demands in an hour, whichever families serve them, and of what is held: sums over them stay exact. */
const MOST_UNITS_TOGETHER = 1_000_000_000;
/** AWS's least commitment. */
const LEAST_STEP = 1_000;
/** Segments of all months and scenarios, times families and the options of demands: a program of some minutes. */
const MOST_CELLS = 200_000;
/** Products times months: each is a whole number to be found. */
const MOST_PURCHASES = 20_000;
const PICO_OF_MICRO = 1_000_000n;
/** What is charged an hour of what was paid partly at the start: AWS's least is 4.6 % of the price on demand (c3, three years). */
const LEAST_HOURLY_SHARE = 200;
const TERM_NAMES = ["1y", "3y"] as const;

/**
 * A case of `npm run plan` from its file (docs/planner.md, Commands: plan), parsed as JSON.
 *
 * Strict, as money is committed on what a plan says: every field is known, every price is there, positive and held against the
 * price on demand, no name is twice, families are known, no commitment ends before it starts or overlaps itself. Refuses
 * with all faults, each by its field.
 */
export function readPlanningCase(file: unknown): Result<PlanningCase, CaseFault[]> {
  const faults = new CaseFaults(1_000);
  if (!isRecord(file)) {
    faults.add("the case", `must be an object, not ${shown(file)}`);
    return err(faults.list());
  }
  const top = new Fields("", file, faults);
  top.only([
    "months",
    "families",
    "demands",
    "scenarios",
    "history",
    "forecast",
    "products",
    "held",
    "discountPercent",
    "risk",
    "guardRails",
  ]);
  const listOf = <T>(name: string, most: number, read: (fields: Fields) => T, unique?: keyof T & string) =>
    readList(file[name], name, most, read, faults, unique);

  const months = top.whole("months", 1, MOST_MONTHS);
  const families = listOf("families", MOST_FAMILIES, readFamily, "name");
  if (Array.isArray(file.families) && file.families.length === 0) {
    top.fault("families", "must have at least one entry");
  }
  const names = families.map(({ name }) => name);
  const demands = top.has("demands")
    ? listOf("demands", MOST_FAMILIES, (fields) => readDemandClass(fields, names, faults), "name")
    : families.map(({ name }, family): DemandClass => ({ name, options: [{ family, milliUnits: 1_000 }] }));
  const products = listOf("products", MOST_PRODUCTS, (fields) => readProduct(fields, families, names, faults), "name");
  const held = top.has("held") ? listOf("held", MOST_HELD, (fields) => readHeld(fields, families, names, faults)) : [];
  overlaps(held, top);
  const worth = demands.map(({ options }) => families[options[0]?.family ?? 0]?.onDemandMicroUsdPerHour ?? 0);
  if (products.length * months > MOST_PURCHASES) {
    top.fault(
      "products",
      `must be at most ${MOST_PURCHASES} in all months together: ${products.length} in ${months} months`,
    );
  }
  const served = families.length + demands.reduce((sum, { options }) => sum + options.length, 0);
  const mostSegments = Math.floor(MOST_CELLS / Math.max(1, served));
  // Demand that cannot be read for want of its names would bring faults that are none.
  const scenarios = faults.any ? [] : readDemand(top, { demands, months, worth, mostSegments }, faults);
  tooManyUnits(top, demands, scenarios, held);
  const planning: PlanningCase = {
    months,
    families,
    demands,
    scenarios,
    products,
    held,
    discountPercent: top.has("discountPercent") ? readPercent(top, "discountPercent", 0, 100) : 0,
    risk: top.has("risk") ? readRisk(top, faults) : NO_RISK,
    guardRails: top.has("guardRails") ? readFlag(top, "guardRails") : true,
  };
  return faults.any ? err(faults.list()) : ok(planning);
}

function readFamily(fields: Fields): PlanFamily {
  fields.only(["name", "region", "unit", "onDemandUsdPerHour", "sizes"]);
  const unit = fields.name("unit");
  const onDemandMicroUsdPerHour = fields.dollars("onDemandUsdPerHour", MOST_PRICE);
  const quarters = quarterUnits(unit);
  if (unit !== "" && quarters === undefined) fields.fault("unit", "must be a machine type, as m7i.xlarge");
  else if (quarters !== undefined && fields.has("onDemandUsdPerHour")) {
    const xlarge = xlargeInAnotherUnit(BigInt(onDemandMicroUsdPerHour) * PICO_OF_MICRO, quarters);
    if (isRead(fields, "onDemandUsdPerHour", onDemandMicroUsdPerHour) && xlarge !== undefined) {
      fields.fault(
        "onDemandUsdPerHour",
        `must be a price of ${unit}: ${xlarge} dollars an hour for an xlarge is in another unit`,
      );
    }
  }
  const region = fields.has("region") ? fields.name("region") : undefined;
  return { name: fields.name("name"), region, unit, onDemandMicroUsdPerHour, sizes: readSizes(fields, unit) };
}

/** Types of the unit's own family, each of a whole number of units; the unit alone where reserved instances cover their own size only. */
function readSizes(fields: Fields, unit: string): PlanFamily["sizes"] {
  const own = [{ machineType: unit, units: 1 }];
  const each = quarterUnits(unit);
  if (!fields.has("sizes") || each === undefined) return own;
  const family = familyAndSize(unit)?.family ?? "";
  const sizes = fields.list("sizes").flatMap((type) => {
    const units = (typeof type === "string" ? (quarterUnits(type) ?? 0) : 0) / each;
    const isOwn = typeof type === "string" && familyAndSize(type)?.family === family;
    if (isOwn && Number.isInteger(units) && units >= 1) return [{ machineType: type, units }];
    fields.fault("sizes", `must be machine types of ${family}, each of a whole number of ${unit}, not ${shown(type)}`);
    return [];
  });
  if (FAMILIES_OF_FIXED_SIZE.has(family) && sizes.some(({ units }) => units !== 1)) {
    fields.fault("sizes", `must be ${unit} alone: a reserved instance of ${family} covers its own size only`);
  }
  const others = sizes.filter(({ units }, s) => units > 1 && sizes.findIndex((one) => one.units === units) === s);
  return [...others.toSorted((a, b) => b.units - a.units), ...own];
}

function readDemandClass(fields: Fields, names: readonly string[], faults: CaseFaults): DemandClass {
  fields.only(["name", "families"]);
  const options = readList(
    fields.value("families"),
    `${fields.path}.families`,
    MOST_FAMILIES,
    (option) => {
      option.only(["family", "units"]);
      return {
        family: familyOf(option, names),
        milliUnits: Number(option.decimal("units", 3, "0.001", "1000")),
      };
    },
    faults,
    "family",
  );
  if (Array.isArray(fields.value("families")) && options.length === 0) {
    fields.fault("families", "must have at least one entry");
  }
  return { name: fields.name("name"), options };
}

function familyOf(fields: Fields, names: readonly string[]): number {
  const index = names.indexOf(String(fields.value("family")));
  if (index >= 0 && typeof fields.value("family") === "string") return index;
  fields.fault("family", `must be one of the families${fields.instead("family")}`);
  return 0;
}

function readProduct(
  fields: Fields,
  families: readonly PlanFamily[],
  names: readonly string[],
  faults: CaseFaults,
): Product {
  const kind = fields.oneOf("kind", ["reserved", "savings_plan"]);
  const common = {
    name: fields.name("name"),
    term: fields.oneOf("term", TERM_NAMES),
    paymentOption: fields.oneOf("paymentOption", PAYMENT_OPTIONS),
  };
  if (kind === "savings_plan") {
    fields.only(["kind", "name", "term", "paymentOption", "stepUsdPerHour", "rates"]);
    const step = fields.dollars("stepUsdPerHour", MOST_PRICE);
    const isStep = isRead(fields, "stepUsdPerHour", step);
    if (step % 2 !== 0 && isStep) fields.fault("stepUsdPerHour", "must be an even number of micro-dollars");
    if (isStep && step < LEAST_STEP)
      fields.fault("stepUsdPerHour", `must be at least ${LEAST_STEP / 1e6}, not ${step / 1e6}`);
    return { kind, ...common, stepMicroUsdPerHour: step, rates: readRates(fields, families, names, faults) };
  }
  fields.only(["kind", "name", "family", "term", "offeringClass", "paymentOption", "upfrontUsd", "hourlyUsd"]);
  const product: Product = {
    kind,
    ...common,
    family: familyOf(fields, names),
    offeringClass: fields.oneOf("offeringClass", OFFERING_CLASSES),
    upfrontMicroUsd: dollarsOrZero(fields, "upfrontUsd", MOST_UPFRONT),
    hourlyMicroUsd: dollarsOrZero(fields, "hourlyUsd", MOST_PRICE),
  };
  productFault(fields, product, families[product.family]);
  return product;
}

function productFault(
  fields: Fields,
  product: Extract<Product, { kind: "reserved" }>,
  family: PlanFamily | undefined,
): void {
  const { upfrontMicroUsd: upfront, hourlyMicroUsd: hourly } = priceOf(product);
  if (!fields.has("upfrontUsd") || !fields.has("hourlyUsd") || family === undefined) return;
  const fits = {
    no_upfront: upfront === 0 && hourly > 0,
    partial_upfront: upfront > 0 && hourly > 0,
    all_upfront: upfront > 0 && hourly === 0,
  }[product.paymentOption];
  if (!fits) {
    fields.fault(
      "paymentOption",
      "must fit what is paid: at the start nothing, a part or all of it, and the rest an hour",
    );
    return;
  }
  const effective = effectiveMicroUsdPerHour(product);
  const onDemand = family.onDemandMicroUsdPerHour;
  const hours = TERMS[product.term].hours;
  const which = hourly === 0 || upfront >= onDemand * hours ? "upfrontUsd" : "hourlyUsd";
  if (effective >= onDemand) {
    fields.fault(
      which,
      `must be a discount: ${shownUsd(effective)} an hour in all, and ${shownUsd(onDemand)} on demand`,
    );
  } else if (effective * LEAST_SHARE < onDemand) {
    fields.fault(
      which,
      `must be a price of the same unit: ${shownUsd(effective)} an hour in all is below a twentieth of ${shownUsd(onDemand)} on demand`,
    );
  } else if (product.paymentOption === "partial_upfront" && areApart(BigInt(upfront), BigInt(hourly * hours))) {
    const [low, other] = upfront < hourly * hours ? ["upfrontUsd", "hourlyUsd"] : ["hourlyUsd", "upfrontUsd"];
    fields.fault(
      low as string,
      `must be a price of the same unit as ${other}: ${shownUsd(upfront)} at the start, and ${shownUsd(hourly * hours)} in ${hours} hours`,
    );
  }
}

function shownUsd(micro: number): string {
  return `${(micro / 1e6).toFixed(6)} dollars`;
}

function readRates(
  fields: Fields,
  families: readonly PlanFamily[],
  names: readonly string[],
  faults: CaseFaults,
): readonly number[] {
  const value = fields.value("rates");
  if (!isRecord(value) || Object.keys(value).length === 0) {
    fields.fault("rates", `must be an object of families and rates${fields.instead("rates")}`);
    return families.map(() => 0);
  }
  const rates = new Fields(`${fields.path}.rates`, value, faults);
  rates.only(names);
  return families.map(({ name, onDemandMicroUsdPerHour }) => {
    if (!rates.has(name)) return 0;
    const rate = rates.dollars(name, MOST_PRICE);
    const isRate = isRead(rates, name, rate);
    if (isRate && rate >= onDemandMicroUsdPerHour) {
      rates.fault(name, `must be a discount: ${shownUsd(onDemandMicroUsdPerHour)} an hour on demand`);
    } else if (isRate && rate * LEAST_SHARE < onDemandMicroUsdPerHour) {
      rates.fault(
        name,
        `must be a rate of the same unit: it is below a twentieth of ${shownUsd(onDemandMicroUsdPerHour)} on demand`,
      );
    }
    return rate;
  });
}

/** Whether an amount is the file's: what stands in for a faulty one is a micro-dollar, which a file may have too. */
function isRead(fields: Fields, name: string, micro: number): boolean {
  return fields.value(name) === micro / 1e6;
}

function dollarsOrZero(fields: Fields, name: string, most: number): number {
  return fields.value(name) === 0 ? 0 : fields.dollars(name, most);
}

function readHeld(
  fields: Fields,
  families: readonly PlanFamily[],
  names: readonly string[],
  faults: CaseFaults,
): HeldCommitment {
  const kind = fields.oneOf("kind", ["reserved", "savings_plan"]);
  const term = fields.oneOf("term", TERM_NAMES);
  const common = {
    name: fields.name("name"),
    term,
    startMonth: month(fields, "startMonth"),
    endMonth: month(fields, "endMonth"),
  };
  if (fields.has("startMonth") && fields.has("endMonth") && common.endMonth <= common.startMonth) {
    fields.fault("endMonth", `must be after startMonth, which is ${common.startMonth}`);
  }
  if (common.endMonth - common.startMonth > TERM_MONTHS[term]) {
    fields.fault("endMonth", `must be at most ${TERM_MONTHS[term]} months after startMonth, as its term is ${term}`);
  }
  if (kind === "savings_plan") {
    fields.only(["kind", "name", "term", "paymentOption", "committedUsdPerHour", "rates", "startMonth", "endMonth"]);
    const committed = fields.dollars("committedUsdPerHour", MOST_PRICE * 1_000);
    if (committed % 2 !== 0 && isRead(fields, "committedUsdPerHour", committed))
      fields.fault("committedUsdPerHour", "must be an even number of micro-dollars");
    return {
      kind,
      ...common,
      paymentOption: fields.oneOf("paymentOption", PAYMENT_OPTIONS),
      committedMicroUsdPerHour: committed,
      rates: readRates(fields, families, names, faults),
    };
  }
  fields.only(["kind", "name", "family", "term", "units", "hourlyUsd", "startMonth", "endMonth"]);
  const family = familyOf(fields, names);
  const hourlyMicroUsd = dollarsOrZero(fields, "hourlyUsd", MOST_PRICE);
  const onDemand = families[family]?.onDemandMicroUsdPerHour ?? 0;
  // What was bought stays bought where the price on demand has fallen below it: another unit is all that is refused.
  const isTooLow = hourlyMicroUsd > 0 && hourlyMicroUsd * LEAST_HOURLY_SHARE < onDemand;
  if (hourlyMicroUsd >= onDemand * LEAST_SHARE || isTooLow) {
    fields.fault("hourlyUsd", `must be 0 or a price of one unit: ${shownUsd(onDemand)} an hour on demand`);
  }
  return { kind, ...common, family, units: fields.whole("units", 1, MOST_UNITS), hourlyMicroUsd };
}

function month(fields: Fields, name: string): number {
  const value = fields.value(name);
  if (typeof value === "number" && Number.isInteger(value) && Math.abs(value) <= MOST_MONTHS + 36) return value;
  fields.fault(
    name,
    `must be a whole number of months from the first of the plan, before it below 0${fields.instead(name)}`,
  );
  return name === "endMonth" ? 1 : 0;
}

/** What cannot be added up exactly: more than there is anywhere. */
function tooManyUnits(
  top: Fields,
  demands: readonly DemandClass[],
  scenarios: readonly Scenario[],
  held: readonly HeldCommitment[],
): void {
  const units = held.reduce((sum, one) => sum + (one.kind === "reserved" ? one.units : 0), 0);
  if (units > MOST_UNITS_TOGETHER) top.fault("held", `must be at most ${MOST_UNITS_TOGETHER} units together`);
  const most = demands.map(({ options }) => options.reduce((high, one) => Math.max(high, one.milliUnits), 0) / 1e6);
  for (const { name, months } of scenarios) {
    const month = months.findIndex((segments) =>
      segments.some(({ milliUnits }) => {
        return milliUnits.reduce((sum, milli, d) => sum + milli * (most[d] ?? 0), 0) > MOST_UNITS_TOGETHER;
      }),
    );
    if (month < 0) continue;
    const where = top.has("scenarios") ? "scenarios" : "forecast.scenarios";
    top.fault(
      where,
      `must come to at most ${MOST_UNITS_TOGETHER} units in an hour: ${shown(name)} has more in month ${month}`,
    );
  }
}

/** The same commitment twice in a month would cover twice. */
function overlaps(held: readonly HeldCommitment[], top: Fields): void {
  held.forEach((one, index) => {
    const other = held.findIndex(
      ({ name, startMonth, endMonth }) => name === one.name && startMonth < one.endMonth && one.startMonth < endMonth,
    );
    if (one.name !== "" && other >= 0 && other < index) {
      top.fault(`held[${index}]`, `must not overlap held[${other}]: both are ${shown(one.name)}`);
    }
  });
}

function readPercent(fields: Fields, name: string, least: number, most: number): number {
  const value = fields.value(name);
  if (typeof value === "number" && value >= least && value <= most) return value;
  fields.fault(name, `must be a number from ${least} to ${most}${fields.instead(name)}`);
  return least;
}

function readFlag(fields: Fields, name: string): boolean {
  const value = fields.value(name);
  if (typeof value === "boolean") return value;
  fields.fault(name, `must be true or false${fields.instead(name)}`);
  return true;
}

function readRisk(top: Fields, faults: CaseFaults): RiskLimits {
  const value = top.value("risk");
  if (!isRecord(value)) {
    top.fault("risk", `must be an object${top.instead("risk")}`);
    return NO_RISK;
  }
  const fields = new Fields("risk", value, faults);
  fields.only(["alphaPercent", "weightPercent", "mostLossUsd"]);
  return {
    alphaPercent: fields.has("alphaPercent") ? readPercent(fields, "alphaPercent", 0, 99.9) : NO_RISK.alphaPercent,
    weightPercent: fields.has("weightPercent") ? readPercent(fields, "weightPercent", 0, 100) : 0,
    mostLossMicroUsd: fields.has("mostLossUsd") ? dollarsOrZero(fields, "mostLossUsd", MOST_UPFRONT) : undefined,
  };
}
