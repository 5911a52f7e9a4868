import {
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
  type Term,
} from "@berth/domain";
import { familyAndSize, quarterUnits } from "../terms/size-factor.ts";
import {
  type BillCase,
  type HourRange,
  type MachineHours,
  PLAN_KINDS,
  PLATFORMS,
  type PlanRates,
  type Product,
  type ProductPrice,
  type Reservation,
  type SavingsPlan,
  type ServiceHours,
  type Sharing,
  TENANCIES,
} from "./bill-case.ts";
import { caseFaults } from "./case-faults.ts";

const MOST_ENTRIES = 1_000_000;
/** Either way from a case's hour 0: more than a century. */
const FARTHEST_HOUR = 1_000_000;
const MOST_HOURS = 100_000;
const MOST_COUNT = 1_000_000;
/** $2,000 an hour: the dearest machine of AWS's list of May 2026 costs 361. */
const HIGHEST_PRICE = "2000";
const HIGHEST_UPFRONT = "50000000";
const HIGHEST_COMMITMENT = "1000000";
const HIGHEST_UNIT_PRICE = "1000000";
const MOST_UNITS = "1000000000000";
const PICO_PLACES = 12;
const LEAST_PRICE = "0.000000000001";
const MICRO_PLACES = 6;
const LEAST_UNITS = "0.000001";
/** Of faults that are told one by one. */
const MOST_TOLD = 1_000;

const PRODUCT = ["region", "machineType", "platform", "tenancy"];
const RANGE = ["fromHour", "hours"];

/**
 * A case of the bill engine from its file (docs/planner.md, Commands), parsed as JSON.
 *
 * Strict, as what a bill says is believed: every field is there and no other, everything that runs and is reserved has a price
 * on demand, no commitment is dearer than that or costs less than a twentieth, no price is in another unit (of an xlarge, or
 * beside another size), ids are unique. Refuses with all faults, each with its field: in the order of the file, then those between entries.
 */
export function readBillCase(file: unknown): Result<BillCase, CaseFault[]> {
  const faults = new CaseFaults(MOST_TOLD);
  if (!isRecord(file)) {
    faults.add("the case", `must be an object, not ${shown(file)}`);
    return err(faults.list());
  }
  const top = new Fields("", file, faults);
  top.only(["period", "sharing", "sizeFlexibility", "machines", "services", "prices", "reservations", "plans"]);
  const listOf = <T>(name: string, read: (fields: Fields) => T, unique?: keyof T & string) =>
    readList(top.has(name) ? file[name] : [], name, MOST_ENTRIES, read, faults, unique);

  if (!top.has("prices") && top.has("machines")) faults.add("prices", "must be a list and is missing");
  const machines = listOf("machines", readMachines);
  const services = listOf("services", (fields) => readService(fields, faults));
  const prices = listOf("prices", (fields) => readPrice(fields, faults));
  const reservations = listOf("reservations", readReservation, "id");
  const plans = listOf("plans", readPlan, "id");
  const billCase: BillCase = {
    period: top.has("period") ? readPeriod(top, faults) : periodOf([...machines, ...services], faults),
    sharing: top.has("sharing") ? readSharing(top, faults) : { on: true, offFor: new Set() },
    sizeFlexibility: readSizeFlexibility(top),
    machines,
    services,
    prices,
    reservations,
    plans,
  };
  // What faulty entries hold stands in for something: nothing can be said of how it fits the rest.
  if (!faults.any) caseFaults(billCase, faults);
  return faults.any ? err(faults.list()) : ok(billCase);
}

function readPeriod(top: Fields, faults: CaseFaults): HourRange {
  const period = top.value("period");
  if (isRecord(period)) {
    const fields = new Fields("period", period, faults);
    fields.only(RANGE);
    return readRange(fields);
  }
  top.fault("period", `must be an object${top.instead("period")}`);
  return { fromHour: 0, hours: 1 };
}

/** All hours in which something runs. */
function periodOf(ranges: readonly HourRange[], faults: CaseFaults): HourRange {
  if (ranges.length === 0) {
    if (!faults.any) faults.add("period", "must be given where neither machines nor services run, and is missing");
    return { fromHour: 0, hours: 1 };
  }
  const fromHour = ranges.reduce((first, range) => Math.min(first, range.fromHour), Number.POSITIVE_INFINITY);
  const end = ranges.reduce((last, range) => Math.max(last, range.fromHour + range.hours), Number.NEGATIVE_INFINITY);
  if (end - fromHour > MOST_HOURS && !faults.any) {
    faults.add("period", `must be given where things run more than ${MOST_HOURS} hours apart, and is missing`);
  }
  return { fromHour, hours: end - fromHour };
}

function readSharing(top: Fields, faults: CaseFaults): Sharing {
  const sharing = top.value("sharing");
  if (typeof sharing === "boolean") return { on: sharing, offFor: new Set() };
  if (!isRecord(sharing)) {
    top.fault("sharing", `must be true, false or an object with offFor${top.instead("sharing")}`);
    return { on: true, offFor: new Set() };
  }
  const fields = new Fields("sharing", sharing, faults);
  fields.only(["offFor"]);
  const offFor = new Set<string>();
  for (const [index, account] of fields.list("offFor").entries()) {
    const field = `offFor[${index}]`;
    if (typeof account !== "string" || account === "") fields.fault(field, `must be an account, not ${shown(account)}`);
    else if (offFor.has(account)) fields.fault(field, `must be listed once: ${shown(account)}`);
    else offFor.add(account);
  }
  return { on: true, offFor };
}

function readSizeFlexibility(top: Fields): boolean {
  const value = top.has("sizeFlexibility") ? top.value("sizeFlexibility") : true;
  if (typeof value === "boolean") return value;
  top.fault("sizeFlexibility", `must be true or false${top.instead("sizeFlexibility")}`);
  return true;
}

function readRange(fields: Fields): HourRange {
  return {
    fromHour: fields.whole("fromHour", -FARTHEST_HOUR, FARTHEST_HOUR),
    hours: fields.whole("hours", 1, MOST_HOURS),
  };
}

function readProduct(fields: Fields): Product {
  const region = fields.name("region");
  const machineType = fields.name("machineType");
  if (machineType !== "" && familyAndSize(machineType) === undefined) {
    fields.fault("machineType", `must be a family and a size, as m7i.2xlarge, not ${shown(machineType)}`);
  } else if (machineType !== "" && quarterUnits(machineType) === undefined) {
    fields.fault("machineType", `must be of a size with a normalization factor, not ${shown(machineType)}`);
  }
  return {
    region,
    machineType,
    platform: fields.oneOf("platform", PLATFORMS),
    tenancy: fields.oneOf("tenancy", TENANCIES),
  };
}

function readMachines(fields: Fields): MachineHours {
  fields.only(["account", "zone", ...PRODUCT, ...RANGE, "seconds", "count"]);
  return {
    account: fields.name("account"),
    zone: fields.name("zone"),
    ...readProduct(fields),
    ...readRange(fields),
    seconds: fields.whole("seconds", 1, 3_600),
    count: fields.whole("count", 1, MOST_COUNT),
  };
}

function readService(fields: Fields, faults: CaseFaults): ServiceHours {
  fields.only(["account", "service", ...RANGE, "units", "usdPerUnit", "planRates"]);
  return {
    account: fields.name("account"),
    service: fields.name("service"),
    ...readRange(fields),
    microUnits: fields.decimal("units", MICRO_PLACES, LEAST_UNITS, MOST_UNITS),
    onDemandPicoUsd: fields.decimal("usdPerUnit", PICO_PLACES, LEAST_PRICE, HIGHEST_UNIT_PRICE),
    planRates: readPlanRates(fields, HIGHEST_UNIT_PRICE, faults),
  };
}

function readPrice(fields: Fields, faults: CaseFaults): ProductPrice {
  fields.only([...PRODUCT, "usdPerHour", "planRates"]);
  return {
    ...readProduct(fields),
    onDemandPicoUsd: fields.decimal("usdPerHour", PICO_PLACES, LEAST_PRICE, HIGHEST_PRICE),
    planRates: readPlanRates(fields, HIGHEST_PRICE, faults),
  };
}

function readPlanRates(fields: Fields, highest: string, faults: CaseFaults): PlanRates {
  if (!fields.has("planRates")) return new Map();
  const rates = fields.value("planRates");
  if (!isRecord(rates)) {
    fields.fault("planRates", `must be an object of rates by rate card${fields.instead("planRates")}`);
    return new Map();
  }
  const cards = new Fields(`${fields.path}.planRates`, rates, faults);
  return new Map(
    Object.keys(rates).map((card) => [
      card,
      rates[card] === null ? null : cards.decimal(card, PICO_PLACES, LEAST_PRICE, highest),
    ]),
  );
}

function readReservation(fields: Fields): Reservation {
  fields.only([
    ...["id", "account", ...PRODUCT, "zone", "offeringClass", "term", "startHour", "endHour", "termHours", "count"],
    ...["upfrontUsd", "usdPerHour"],
  ]);
  const term = fields.oneOf("term", TERM_NAMES);
  const termHours = fields.has("termHours") ? fields.whole("termHours", 1, TERMS[term].hours) : undefined;
  return {
    id: fields.name("id"),
    account: fields.name("account"),
    ...readProduct(fields),
    zone: fields.has("zone") ? fields.name("zone") : undefined,
    offeringClass: fields.oneOf("offeringClass", OFFERING_CLASSES),
    term,
    termHours,
    ...readTerm(fields, termHours ?? TERMS[term].hours),
    count: fields.whole("count", 1, MOST_COUNT),
    upfrontPicoUsd: fields.decimal("upfrontUsd", PICO_PLACES, "0", HIGHEST_UPFRONT),
    hourlyPicoUsd: fields.decimal("usdPerHour", PICO_PLACES, "0", HIGHEST_PRICE),
  };
}

const TERM_NAMES = ["1y", "3y"] as const satisfies readonly Term[];

/** A reservation that was exchanged ends before its hours are full: `endHour` says so. */
function readTerm(fields: Fields, hours: number): { readonly startHour: number; readonly endHour: number } {
  const startHour = fields.whole("startHour", -FARTHEST_HOUR, FARTHEST_HOUR);
  const full = startHour + hours;
  if (!fields.has("endHour")) return { startHour, endHour: full };
  const endHour = fields.whole("endHour", -FARTHEST_HOUR, FARTHEST_HOUR + hours);
  if (endHour <= startHour) fields.fault("endHour", `must be after startHour ${startHour}, not ${endHour}`);
  else if (endHour > full) fields.fault("endHour", `must be at most ${full}, a term after startHour, not ${endHour}`);
  return { startHour, endHour };
}

function readPlan(fields: Fields): SavingsPlan {
  const kind = fields.oneOf("kind", PLAN_KINDS);
  const isOfFamily = kind === "ec2_instance";
  fields.only([
    ...[
      "id",
      "account",
      "kind",
      ...(isOfFamily ? ["region", "family"] : []),
      "rateCard",
      "term",
      "startHour",
      "endHour",
    ],
    ...["payment", "usdPerHour"],
  ]);
  const term = fields.oneOf("term", TERM_NAMES);
  const { startHour, endHour } = readTerm(fields, TERMS[term].hours);
  if (endHour < startHour + TERMS[term].hours && endHour > startHour) {
    fields.fault("endHour", `must be ${startHour + TERMS[term].hours} or left out: a plan runs its whole term`);
  }
  return {
    id: fields.name("id"),
    account: fields.name("account"),
    kind,
    only: isOfFamily ? { region: fields.name("region"), family: fields.name("family") } : undefined,
    rateCard: fields.has("rateCard") ? fields.name("rateCard") : kind,
    term,
    startHour,
    endHour,
    payment: fields.oneOf("payment", PAYMENT_OPTIONS),
    commitmentPicoUsd: fields.decimal("usdPerHour", PICO_PLACES, LEAST_PRICE, HIGHEST_COMMITMENT),
  };
}
